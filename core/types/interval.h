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

/* 1 or -1 for an infinity, else 0. Servers before 17 have none, and write those counts as any others. */
static inline int
hd_interval_infinity(hd_interval v)
{
    if (v.micros == INT64_MAX && v.days == INT32_MAX && v.months == INT32_MAX)
        return 1;
    return v.micros == INT64_MIN && v.days == INT32_MIN && v.months == INT32_MIN ? -1 : 0;
}

static inline hd_interval
hd_interval_infinite(int sign)
{
    return sign < 0 ? (hd_interval){INT64_MIN, INT32_MIN, INT32_MIN} : (hd_interval){INT64_MAX, INT32_MAX, INT32_MAX};
}

/* `style`: the first letter of IntervalStyle, but 'v' for postgres_verbose. HD_EDATA: not an interval. */
HD_MUSTCHECK hd_rc hd_interval_from_text(hd_span src, char style, hd_interval *v);
HD_MUSTCHECK hd_rc hd_interval_from_binary(hd_span src, hd_interval *v);

/* What the server reads back as the same three counts while its IntervalStyle is `style` (sql_standard is special: a
 * sign spreads over the fields that have none of their own). */
void hd_interval_to_text(hd_writer *w, hd_interval v, char style);
void hd_interval_show(hd_writer *w, hd_interval v); /* as the server writes it under IntervalStyle postgres */
void hd_interval_to_binary(hd_writer *w, hd_interval v);

#endif
