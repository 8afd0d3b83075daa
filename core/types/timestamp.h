/* timestamp and timestamptz: microseconds since 2000-01-01 00:00:00 (UTC for timestamptz); the ends of int64_t are the
 * two infinities. */
#ifndef HD_TIMESTAMP_H
#define HD_TIMESTAMP_H

#include "types/date.h"

#define HD_TIMESTAMP_INFINITY INT64_MAX
#define HD_TIMESTAMP_MINUS_INFINITY INT64_MIN

/* HD_EDATA: not a timestamp. */
HD_MUSTCHECK hd_rc hd_timestamp_from_text(hd_span src, hd_date_style style, int64_t *micros);
HD_MUSTCHECK hd_rc hd_timestamp_from_binary(hd_span src, int64_t *micros);
void hd_timestamp_to_text(hd_writer *w, int64_t micros);
void hd_timestamp_show(hd_writer *w, int64_t micros); /* as the server writes it under DateStyle ISO */

static inline void
hd_timestamp_to_binary(hd_writer *w, int64_t micros)
{
    hd_write_u64(w, (uint64_t)micros);
}

/* From ISO style, the only one that writes an offset and not the abbreviation of a zone. *east: the offset that the
 * text had, in seconds. */
HD_MUSTCHECK hd_rc hd_timestamptz_from_text(hd_span src, int64_t *micros, int32_t *east);

/* The instant on a clock that is so many seconds east of UTC. */
void hd_timestamptz_to_text(hd_writer *w, int64_t micros, int32_t east);
void hd_timestamptz_show(hd_writer *w, int64_t micros, int32_t east);

#endif
