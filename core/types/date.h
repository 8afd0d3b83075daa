/* date: days since 2000-01-01 in the proleptic Gregorian calendar; the ends of int32_t are the two infinities. */
#ifndef HD_DATE_H
#define HD_DATE_H

#include "bytes/reader.h"
#include "bytes/writer.h"

#define HD_DATE_INFINITY INT32_MAX
#define HD_DATE_MINUS_INFINITY INT32_MIN

/* date_in() accepts years up to 5874897, timestamp_in() up to 294276. */
enum { HD_YEAR_DIGITS = 7 };

/* How DateStyle orders the fields. */
typedef struct hd_date_style {
    char style; /* 'I' ISO, 'G' German, 'S' SQL, 'P' Postgres */
    char order; /* 'D' day first, else month first: looked at under SQL and Postgres */
} hd_date_style;

typedef struct hd_civil {
    int64_t year; /* astronomical: 0 is 1 BC */
    int month;
    int day;
} hd_civil;

/* Between a civil date and days since 2000-01-01, for any date whose days fit int32_t. */
int64_t hd_days_of_civil(hd_civil c);
hd_civil hd_civil_of_days(int64_t days);

/* HD_EDATA: not a date. */
HD_MUSTCHECK hd_rc hd_date_from_text(hd_span src, hd_date_style style, int32_t *days);
HD_MUSTCHECK hd_rc hd_date_from_binary(hd_span src, int32_t *days);

/* ISO 8601, which every DateStyle reads. */
void hd_date_to_text(hd_writer *w, int32_t days);

static inline void
hd_date_to_binary(hd_writer *w, int32_t days)
{
    hd_write_u32(w, (uint32_t)days);
}

/* For the families that contain a date. A scan fails on a day that the calendar lacks. */
void hd_scan_numeric_date(hd_reader *r, hd_date_style style, hd_civil *c); /* the year before any BC */
void hd_scan_era(hd_reader *r, hd_civil *c);                               /* " BC", if it comes */
bool hd_civil_is_valid(hd_civil c);
bool hd_scan_infinity(hd_span src, bool *negative);
void hd_print_civil(hd_writer *w, hd_civil c); /* leaves the era out */

#endif
