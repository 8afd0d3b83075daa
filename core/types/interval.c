#include "types/interval.h"

#include "types/date.h"
#include "types/scan.h"
#include "types/time.h"

#include <inttypes.h>
#include <stdio.h>

/* int32_t has 10 digits; the hours of the largest interval as well. */
enum { COUNT_DIGITS = 10 };

/* Adds n times the unit that comes next: " years", " mons" or " days". */
static void
scan_unit(hd_reader *r, int64_t n, int64_t *months, int64_t *days)
{
    hd_scan_expect(r, ' ');
    if (hd_scan_word(r, HD_SPAN_LITERAL("year")))
        *months += 12 * n;
    else if (hd_scan_word(r, HD_SPAN_LITERAL("mon")))
        *months += n;
    else if (hd_scan_word(r, HD_SPAN_LITERAL("day")))
        *days += n;
    else
        hd_scan_fail(r);
    hd_scan_accept(r, 's');
}

hd_rc
hd_interval_from_text(hd_span src, hd_interval *v)
{
    bool negative;
    hd_reader r = hd_reader_of(src);
    int64_t months = 0, days = 0, micros = 0;
    if (HD_UNLIKELY(hd_scan_infinity(src, &negative))) {
        *v = negative ? (hd_interval){INT64_MIN, INT32_MIN, INT32_MIN}
                      : (hd_interval){INT64_MAX, INT32_MAX, INT32_MAX};
        return HD_OK;
    }
    /* "1 year 2 mons -3 days +04:05:06.7": at most one of each, the clock last */
    for (int fields = 0; !r.bad; fields++) {
        if (fields == 4)
            hd_scan_fail(&r);
        negative = hd_scan_accept(&r, '-');
        if (!negative)
            hd_scan_accept(&r, '+');
        hd_reader ahead = r;
        int64_t n = hd_scan_digits(&r, 1, COUNT_DIGITS);
        if (hd_scan_peek(&r) == ':') {
            r = ahead;
            uint64_t clock = hd_scan_clock(&r, COUNT_DIGITS);
            if (clock > (uint64_t)INT64_MAX + negative)
                hd_scan_fail(&r);
            micros = (int64_t)(negative ? 0 - clock : clock);
            break;
        }
        scan_unit(&r, negative ? -n : n, &months, &days);
        if (r.left == 0)
            break;
        hd_scan_expect(&r, ' ');
    }
    if (!hd_reader_done(&r) || months > INT32_MAX || months < INT32_MIN || days > INT32_MAX || days < INT32_MIN)
        return HD_EDATA;
    *v = (hd_interval){micros, (int32_t)days, (int32_t)months};
    return HD_OK;
}

hd_rc
hd_interval_from_binary(hd_span src, hd_interval *v)
{
    hd_reader r = hd_reader_of(src);
    v->micros = hd_read_i64(&r);
    v->days = hd_read_i32(&r);
    v->months = hd_read_i32(&r);
    return hd_reader_done(&r) ? HD_OK : HD_EDATA;
}

static void
print_count(hd_writer *w, bool with_plus, int64_t n, const char *unit)
{
    char text[48];
    int length = snprintf(text, sizeof text, with_plus ? "%+" PRId64 " %s" : "%" PRId64 " %s", n, unit);
    hd_write_bytes(w, text, (size_t)length);
}

void
hd_interval_to_text(hd_writer *w, hd_interval v, char style)
{
    if (style == 's') {
        if (v.months != 0)
            print_count(w, true, v.months, "mon ");
        print_count(w, true, v.days, "day ");
        print_count(w, true, v.micros / HD_SECOND, "second ");
        print_count(w, true, v.micros % HD_SECOND, "microsecond");
        return;
    }
    if (v.months != 0)
        print_count(w, false, v.months, "mon ");
    if (v.days != 0)
        print_count(w, false, v.days, v.days == 1 || v.days == -1 ? "day " : "days ");
    if (v.micros < 0)
        hd_write_u8(w, '-');
    hd_print_clock(w, v.micros < 0 ? 0 - (uint64_t)v.micros : (uint64_t)v.micros, 1);
}

void
hd_interval_to_binary(hd_writer *w, hd_interval v)
{
    hd_write_u64(w, (uint64_t)v.micros);
    hd_write_u32(w, (uint32_t)v.days);
    hd_write_u32(w, (uint32_t)v.months);
}
