/* time and timetz: microseconds since midnight, 24:00:00 included; the zone of a timetz in seconds. */
#ifndef HD_TIME_H
#define HD_TIME_H

#include "bytes/reader.h"
#include "bytes/writer.h"

#define HD_SECOND INT64_C(1000000) /* in microseconds */
#define HD_DAY (86400 * HD_SECOND)

typedef struct hd_timetz {
    int64_t micros; /* of the local clock */
    int32_t east;   /* seconds east of Greenwich; the wire counts west */
} hd_timetz;

/* HD_EDATA: not a time, or one beyond 24:00:00. */
HD_MUSTCHECK hd_rc hd_time_from_text(hd_span src, int64_t *micros);
HD_MUSTCHECK hd_rc hd_time_from_binary(hd_span src, int64_t *micros);
void hd_time_to_text(hd_writer *w, int64_t micros);
void hd_time_show(hd_writer *w, int64_t micros); /* as the server writes it */

static inline void
hd_time_to_binary(hd_writer *w, int64_t micros)
{
    hd_write_u64(w, (uint64_t)micros);
}

/* HD_EDATA also for a zone of a day or more. */
HD_MUSTCHECK hd_rc hd_timetz_from_text(hd_span src, hd_timetz *t);
HD_MUSTCHECK hd_rc hd_timetz_from_binary(hd_span src, hd_timetz *t);
void hd_timetz_to_text(hd_writer *w, hd_timetz t);
void hd_timetz_show(hd_writer *w, hd_timetz t);

static inline void
hd_timetz_to_binary(hd_writer *w, hd_timetz t)
{
    hd_write_u64(w, (uint64_t)t.micros);
    hd_write_u32(w, (uint32_t)-t.east);
}

/* For the families that contain a time: hh:mm:ss[.ffffff], any number of hours up to hour_digits, and +hh[:mm[:ss]]. */
uint64_t hd_scan_clock(hd_reader *r, size_t hour_digits);
int64_t hd_scan_fraction(hd_reader *r); /* .ffffff, if it comes, in microseconds */
int32_t hd_scan_zone(hd_reader *r);
void hd_print_clock(hd_writer *w, uint64_t micros, size_t hour_width);
void hd_print_zone(hd_writer *w, int32_t east);

/* The same as the server writes them: without the zeros at the end of a fraction or of a zone. */
void hd_show_clock(hd_writer *w, uint64_t micros, size_t hour_width);
void hd_show_fraction(hd_writer *w, uint64_t micros); /* nothing for 0 */
void hd_show_zone(hd_writer *w, int32_t east);

#endif
