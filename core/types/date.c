#include "types/date.h"

#include "types/scan.h"

/* The calendar repeats every 400 years, which start on the first of March here so that a leap day ends its year. */
enum { DAYS_OF_400_YEARS = 146097, DAYS_FROM_MARCH_OF_YEAR_0 = 730425 };

int64_t
hd_days_of_civil(hd_civil c)
{
    int64_t y = c.month <= 2 ? c.year - 1 : c.year;
    int64_t cycle = (y >= 0 ? y : y - 399) / 400;
    int64_t year_of_cycle = y - cycle * 400;
    int64_t day_of_year = (153 * (c.month + (c.month > 2 ? -3 : 9)) + 2) / 5 + c.day - 1;
    int64_t day_of_cycle = year_of_cycle * 365 + year_of_cycle / 4 - year_of_cycle / 100 + day_of_year;
    return cycle * DAYS_OF_400_YEARS + day_of_cycle - DAYS_FROM_MARCH_OF_YEAR_0;
}

hd_civil
hd_civil_of_days(int64_t days)
{
    int64_t z = days + DAYS_FROM_MARCH_OF_YEAR_0;
    int64_t cycle = (z >= 0 ? z : z - (DAYS_OF_400_YEARS - 1)) / DAYS_OF_400_YEARS;
    uint32_t day_of_cycle = (uint32_t)(z - cycle * DAYS_OF_400_YEARS);
    uint32_t year_of_cycle =
        (day_of_cycle - day_of_cycle / 1460 + day_of_cycle / 36524 - day_of_cycle / 146096) / 365;
    uint32_t day_of_year = day_of_cycle - (365 * year_of_cycle + year_of_cycle / 4 - year_of_cycle / 100);
    uint32_t march_month = (5 * day_of_year + 2) / 153;
    hd_civil c;
    c.day = (int)(day_of_year - (153 * march_month + 2) / 5 + 1);
    c.month = (int)(march_month < 10 ? march_month + 3 : march_month - 9);
    c.year = (int64_t)year_of_cycle + cycle * 400 + (c.month <= 2);
    return c;
}

bool
hd_civil_is_valid(hd_civil c)
{
    static const uint8_t month_days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    if (c.month < 1 || c.month > 12 || c.day < 1)
        return false;
    bool leap = c.year % 4 == 0 && (c.year % 100 != 0 || c.year % 400 == 0);
    return c.day <= month_days[c.month - 1] + (c.month == 2 && leap);
}

void
hd_scan_numeric_date(hd_reader *r, hd_date_style style, hd_civil *c)
{
    char separator = style.style == 'G' ? '.' : style.style == 'S' ? '/' : '-';
    if (style.style == 'I') {
        c->year = hd_scan_digits(r, 4, HD_YEAR_DIGITS);
        hd_scan_expect(r, separator);
        c->month = (int)hd_scan_digits(r, 2, 2);
        hd_scan_expect(r, separator);
        c->day = (int)hd_scan_digits(r, 2, 2);
        return;
    }
    int first = (int)hd_scan_digits(r, 2, 2);
    hd_scan_expect(r, separator);
    int second = (int)hd_scan_digits(r, 2, 2);
    hd_scan_expect(r, separator);
    bool day_first = style.style == 'G' || style.order == 'D';
    c->day = day_first ? first : second;
    c->month = day_first ? second : first;
    c->year = hd_scan_digits(r, 4, HD_YEAR_DIGITS);
}

void
hd_scan_era(hd_reader *r, hd_civil *c)
{
    if (c->year == 0)
        hd_scan_fail(r);
    if (hd_scan_word(r, HD_SPAN_LITERAL(" BC")))
        c->year = 1 - c->year;
}

bool
hd_scan_infinity(hd_span src, bool *negative)
{
    hd_reader r = hd_reader_of(src);
    *negative = hd_scan_accept(&r, '-');
    return hd_scan_word(&r, HD_SPAN_LITERAL("infinity")) && r.left == 0;
}

hd_rc
hd_date_from_text(hd_span src, hd_date_style style, int32_t *days)
{
    bool negative;
    if (HD_UNLIKELY(hd_scan_infinity(src, &negative))) {
        *days = negative ? HD_DATE_MINUS_INFINITY : HD_DATE_INFINITY;
        return HD_OK;
    }
    hd_reader r = hd_reader_of(src);
    hd_civil c;
    hd_scan_numeric_date(&r, style, &c);
    hd_scan_era(&r, &c);
    if (!hd_reader_done(&r) || !hd_civil_is_valid(c))
        return HD_EDATA;
    int64_t v = hd_days_of_civil(c);
    if (v <= INT32_MIN || v >= INT32_MAX)
        return HD_EDATA;
    *days = (int32_t)v;
    return HD_OK;
}

hd_rc
hd_date_from_binary(hd_span src, int32_t *days)
{
    hd_reader r = hd_reader_of(src);
    *days = hd_read_i32(&r);
    return hd_reader_done(&r) ? HD_OK : HD_EDATA;
}

void
hd_print_civil(hd_writer *w, hd_civil c)
{
    enum { ROOM = 20 + sizeof "-mm-dd" };
    if (!hd_writer_reserve(w, ROOM))
        return;
    uint64_t year = (uint64_t)(c.year > 0 ? c.year : 1 - c.year);
    w->n += hd_print_digits(w->p + w->n, year, 4);
    w->p[w->n++] = '-';
    w->n += hd_print_digits(w->p + w->n, (uint64_t)c.month, 2);
    w->p[w->n++] = '-';
    w->n += hd_print_digits(w->p + w->n, (uint64_t)c.day, 2);
}

void
hd_date_to_text(hd_writer *w, int32_t days)
{
    if (days == HD_DATE_INFINITY) {
        hd_write_span(w, HD_SPAN_LITERAL("infinity"));
    }
    else if (days == HD_DATE_MINUS_INFINITY) {
        hd_write_span(w, HD_SPAN_LITERAL("-infinity"));
    }
    else {
        hd_civil c = hd_civil_of_days(days);
        hd_print_civil(w, c);
        if (c.year <= 0)
            hd_write_span(w, HD_SPAN_LITERAL(" BC"));
    }
}
