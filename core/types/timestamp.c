#include "types/timestamp.h"

#include "types/scan.h"
#include "types/time.h"

static int
scan_month_name(hd_reader *r)
{
    static const char names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    hd_span s = hd_read_span(r, 3);
    for (int i = 0; i < 12 && s.n == 3; i++) {
        if (memcmp(s.p, names + 3 * i, 3) == 0)
            return i + 1;
    }
    hd_scan_fail(r);
    return 0;
}

/* "Wed Jan 02 03:04:05.678 2001", or "Wed 02 Jan ..." where days come first; the weekday says nothing new. */
static void
scan_postgres_style(hd_reader *r, hd_date_style style, hd_civil *c, int64_t *clock)
{
    hd_read_span(r, 3);
    hd_scan_expect(r, ' ');
    if (style.order == 'D') {
        c->day = (int)hd_scan_digits(r, 2, 2);
        hd_scan_expect(r, ' ');
        c->month = scan_month_name(r);
    }
    else {
        c->month = scan_month_name(r);
        hd_scan_expect(r, ' ');
        c->day = (int)hd_scan_digits(r, 2, 2);
    }
    hd_scan_expect(r, ' ');
    *clock = (int64_t)hd_scan_clock(r, 2);
    hd_scan_expect(r, ' ');
    c->year = hd_scan_digits(r, 4, HD_YEAR_DIGITS);
}

static void
scan_date_and_clock(hd_reader *r, hd_date_style style, hd_civil *c, int64_t *clock)
{
    if (style.style == 'P') {
        scan_postgres_style(r, style, c, clock);
        return;
    }
    hd_scan_numeric_date(r, style, c);
    if (!hd_scan_accept(r, ' '))
        hd_scan_expect(r, 'T');
    *clock = (int64_t)hd_scan_clock(r, 2);
}

static bool
scan_infinity(hd_span src, int64_t *micros)
{
    bool negative;
    if (HD_LIKELY(!hd_scan_infinity(src, &negative)))
        return false;
    *micros = negative ? HD_TIMESTAMP_MINUS_INFINITY : HD_TIMESTAMP_INFINITY;
    return true;
}

/* False where the microseconds don't fit or would read as an infinity. */
static bool
combine(hd_civil c, int64_t clock, int32_t east, int64_t *micros)
{
    if (!hd_civil_is_valid(c) || clock >= HD_DAY)
        return false;
    int64_t v;
    return !__builtin_mul_overflow(hd_days_of_civil(c), HD_DAY, &v) &&
           !__builtin_add_overflow(v, clock - east * HD_SECOND, micros) && *micros != HD_TIMESTAMP_INFINITY &&
           *micros != HD_TIMESTAMP_MINUS_INFINITY;
}

hd_rc
hd_timestamp_from_text(hd_span src, hd_date_style style, int64_t *micros)
{
    if (scan_infinity(src, micros))
        return HD_OK;
    hd_reader r = hd_reader_of(src);
    hd_civil c;
    int64_t clock;
    scan_date_and_clock(&r, style, &c, &clock);
    hd_scan_era(&r, &c);
    return hd_reader_done(&r) && combine(c, clock, 0, micros) ? HD_OK : HD_EDATA;
}

hd_rc
hd_timestamptz_from_text(hd_span src, int64_t *micros, int32_t *east)
{
    *east = 0;
    if (scan_infinity(src, micros))
        return HD_OK;
    hd_reader r = hd_reader_of(src);
    hd_civil c;
    int64_t clock;
    scan_date_and_clock(&r, (hd_date_style){'I', 'Y'}, &c, &clock);
    *east = hd_scan_zone(&r);
    hd_scan_era(&r, &c);
    return hd_reader_done(&r) && combine(c, clock, *east, micros) ? HD_OK : HD_EDATA;
}

hd_rc
hd_timestamp_from_binary(hd_span src, int64_t *micros)
{
    hd_reader r = hd_reader_of(src);
    *micros = hd_read_i64(&r);
    return hd_reader_done(&r) ? HD_OK : HD_EDATA;
}

/* True for an infinity, which is then written. */
static bool
print_infinity(hd_writer *w, int64_t micros)
{
    if (micros == HD_TIMESTAMP_INFINITY)
        hd_write_span(w, HD_SPAN_LITERAL("infinity"));
    else if (micros == HD_TIMESTAMP_MINUS_INFINITY)
        hd_write_span(w, HD_SPAN_LITERAL("-infinity"));
    else
        return false;
    return true;
}

typedef void print_clock(hd_writer *w, uint64_t micros, size_t hour_width);
typedef void print_zone(hd_writer *w, int32_t east);

static void
print(hd_writer *w, int64_t micros, int32_t east, print_clock *clock_printer, print_zone *zone_printer)
{
    if (print_infinity(w, micros))
        return;
    /* The offset is added to the clock: the sum with the microseconds could overflow. */
    int64_t days = micros / HD_DAY, clock = micros % HD_DAY + east * HD_SECOND;
    while (clock < 0) {
        clock += HD_DAY;
        days--;
    }
    while (clock >= HD_DAY) {
        clock -= HD_DAY;
        days++;
    }
    hd_civil c = hd_civil_of_days(days);
    hd_print_civil(w, c);
    hd_write_u8(w, ' ');
    clock_printer(w, (uint64_t)clock, 2);
    if (zone_printer != NULL)
        zone_printer(w, east);
    if (c.year <= 0)
        hd_write_span(w, HD_SPAN_LITERAL(" BC"));
}

void
hd_timestamp_to_text(hd_writer *w, int64_t micros)
{
    print(w, micros, 0, hd_print_clock, NULL);
}

void
hd_timestamp_show(hd_writer *w, int64_t micros)
{
    print(w, micros, 0, hd_show_clock, NULL);
}

void
hd_timestamptz_to_text(hd_writer *w, int64_t micros, int32_t east)
{
    print(w, micros, east, hd_print_clock, hd_print_zone);
}

void
hd_timestamptz_show(hd_writer *w, int64_t micros, int32_t east)
{
    print(w, micros, east, hd_show_clock, hd_show_zone);
}
