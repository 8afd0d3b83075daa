/* interval: three counts that PostgreSQL keeps apart. All at their maximum, or minimum, are the two infinities. */
#ifndef HD_INTERVAL_H
#define HD_INTERVAL_H

#include "bytes/reader.h"
#include "bytes/writer.h"

typedef struct hd_interval {
    int64_t micros;
    int32_t days;
    int32_t months;
} hd_interval;

/* From IntervalStyle postgres. HD_EDATA: not an interval. */
HD_MUSTCHECK hd_rc hd_interval_from_text(hd_span src, hd_interval *v);
HD_MUSTCHECK hd_rc hd_interval_from_binary(hd_span src, hd_interval *v);

/* What the server reads back as the same three counts while its IntervalStyle is `style` ('s': sql_standard, where a
 * sign spreads over the fields that have none of their own). Not for infinities. */
void hd_interval_to_text(hd_writer *w, hd_interval v, char style);
void hd_interval_to_binary(hd_writer *w, hd_interval v);

#endif
