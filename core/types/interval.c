#include "types/interval.h"

#include "types/date.h"
#include "types/scan.h"
#include "types/time.h"

#include <inttypes.h>
#include <stdio.h>

/* int32_t has 10 digits; the hours of the largest interval as well. */
enum { COUNT_DIGITS = 10 };

/* In the order in which every style writes them. */
enum unit { YEAR, MONTH, DAY, HOUR, MINUTE, SECOND, UNITS };

typedef struct sums {
    int64_t months;
    int64_t days;
    int64_t micros;
    int units; /* those before this one have come, or won't */
} sums;

static void
add(hd_reader *r, sums *s, int unit, int64_t n, int64_t fraction)
{
    static const int64_t micros_of[UNITS] = {
        [HOUR] = 3600 * HD_SECOND, [MINUTE] = 60 * HD_SECOND, [SECOND] = HD_SECOND};
    if (unit < s->units || (fraction != 0 && unit != SECOND)) {
        hd_scan_fail(r);
        return;
    }
    s->units = unit + 1;
    if (unit == DAY)
        s->days = n;
    else if (unit < DAY)
        s->months += unit == YEAR ? 12 * n : n;
    else if (__builtin_mul_overflow(n, micros_of[unit], &n) ||
             __builtin_add_overflow(s->micros, n + fraction,
                                    &s->micros)) /* a count of seconds is far from overflow */
        hd_scan_fail(r);
}

/* hh:mm:ss[.ffffff], the end of an interval. */
static void
add_clock(hd_reader *r, sums *s, bool negative)
{
    uint64_t clock = hd_scan_clock(r, COUNT_DIGITS);
    if (s->units > HOUR || clock > (uint64_t)INT64_MAX + negative)
        hd_scan_fail(r);
    s->units = UNITS;
    s->micros = (int64_t)(negative ? 0 - clock : clock);
}

/* True for a minus. */
static bool
scan_sign(hd_reader *r)
{
    if (hd_scan_accept(r, '-'))
        return true;
    hd_scan_accept(r, '+');
    return false;
}

/* A count with its sign, and with a fraction if one comes. */
static int64_t
scan_count(hd_reader *r, bool negate, int64_t *fraction)
{
    bool negative = scan_sign(r) != negate;
    int64_t n = hd_scan_digits(r, 1, COUNT_DIGITS);
    *fraction = hd_scan_fraction(r);
    *fraction = negative ? -*fraction : *fraction;
    return negative ? -n : n;
}

static int
scan_unit_name(hd_reader *r)
{
    static const char names[UNITS][5] = {"year", "mon", "day", "hour", "min", "sec"};
    for (int unit = 0; unit < UNITS; unit++) {
        if (hd_scan_word(r, (hd_span){(const uint8_t *)names[unit], strlen(names[unit])})) {
            hd_scan_accept(r, 's');
            return unit;
        }
    }
    hd_scan_fail(r);
    return 0;
}

/* postgres: "1 year 2 mons -3 days +04:05:06.7".
 * postgres_verbose: "@ 1 year 2 mons -3 days 4 hours 5 mins 6.7 secs ago", where "ago" turns every sign. */
static void
scan_words(hd_reader *r, sums *s)
{
    static const char ago_word[] = " ago";
    enum { AGO = sizeof ago_word - 1 };
    bool ago = r->left > AGO && memcmp(r->p + r->left - AGO, ago_word, AGO) == 0;
    if (ago)
        r->left -= AGO;
    do {
        hd_reader ahead = *r;
        int64_t fraction, n = scan_count(r, ago, &fraction);
        if (hd_scan_peek(r) == ':') {
            *r = ahead;
            bool negative = scan_sign(r);
            add_clock(r, s, negative);
            return;
        }
        hd_scan_expect(r, ' ');
        add(r, s, scan_unit_name(r), n, fraction);
    } while (hd_scan_accept(r, ' '));
}

/* "1-2", "3 4:05:06.7" and "4:05:06.7", each with at most one sign, which is that of all its fields; or, where these mix,
 * "+1-2 -3 +4:05:06.7". */
static void
scan_sql_standard(hd_reader *r, sums *s)
{
    hd_reader ahead = *r;
    int64_t fraction, n = scan_count(r, false, &fraction);
    bool negative = hd_scan_peek(&ahead) == '-';
    if (hd_scan_peek(r) == ':') {
        *r = ahead;
        negative = scan_sign(r);
        add_clock(r, s, negative);
        return;
    }
    if (!hd_scan_accept(r, '-')) {
        add(r, s, DAY, n, fraction);
        hd_scan_expect(r, ' ');
        add_clock(r, s, negative);
        return;
    }
    int64_t months = hd_scan_digits(r, 1, 2);
    add(r, s, YEAR, n, fraction);
    add(r, s, MONTH, negative ? -months : months, 0);
    if (r->left == 0)
        return;
    hd_scan_expect(r, ' ');
    n = scan_count(r, false, &fraction);
    add(r, s, DAY, n, fraction);
    hd_scan_expect(r, ' ');
    negative = scan_sign(r);
    add_clock(r, s, negative);
}

/* "P1Y2M-3DT4H5M6.7S" */
static void
scan_iso_8601(hd_reader *r, sums *s)
{
    static const char letters[] = "YMDHMS";
    hd_scan_expect(r, 'P');
    int end = HOUR;
    do {
        if (end == HOUR && hd_scan_accept(r, 'T')) {
            s->units = HOUR;
            end = UNITS;
        }
        int64_t fraction, n = scan_count(r, false, &fraction);
        int unit = s->units;
        while (unit < end && !hd_scan_accept(r, letters[unit]))
            unit++;
        if (unit == end)
            hd_scan_fail(r);
        else
            add(r, s, unit, n, fraction);
    } while (r->left != 0);
}

hd_rc
hd_interval_from_text(hd_span src, char style, hd_interval *v)
{
    bool negative;
    if (HD_UNLIKELY(hd_scan_infinity(src, &negative))) {
        *v = hd_interval_infinite(negative ? -1 : 1);
        return HD_OK;
    }
    hd_reader r = hd_reader_of(src);
    sums s = {0};
    bool zero = (style == 's' && src.n == 1 && src.p[0] == '0') ||
                (style == 'v' && src.n == 3 && memcmp(src.p, "@ 0", 3) == 0);
    if (zero)
        hd_read_rest(&r);
    else if (style == 's')
        scan_sql_standard(&r, &s);
    else if (style == 'i')
        scan_iso_8601(&r, &s);
    else {
        if (style == 'v' && !hd_scan_word(&r, HD_SPAN_LITERAL("@ ")))
            hd_scan_fail(&r);
        scan_words(&r, &s);
    }
    if (!hd_reader_done(&r) || s.months > INT32_MAX || s.months < INT32_MIN || s.days > INT32_MAX ||
        s.days < INT32_MIN)
        return HD_EDATA;
    *v = (hd_interval){s.micros, (int32_t)s.days, (int32_t)s.months};
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

/* True for an infinity, which is then written. */
static bool
print_infinity(hd_writer *w, hd_interval v)
{
    int infinity = hd_interval_infinity(v);
    if (infinity != 0)
        hd_write_span(w, infinity > 0 ? HD_SPAN_LITERAL("infinity") : HD_SPAN_LITERAL("-infinity"));
    return infinity != 0;
}

void
hd_interval_to_text(hd_writer *w, hd_interval v, char style)
{
    if (print_infinity(w, v))
        return;
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

/* interval_out(): a sign is spelled out behind a negative field only. */
void
hd_interval_show(hd_writer *w, hd_interval v)
{
    if (print_infinity(w, v))
        return;
    const int32_t counts[] = {v.months / 12, v.months % 12, v.days};
    static const char *const names[] = {"year", "mon", "day"};
    bool first = true, plus = false;
    for (int i = 0; i < 3; i++) {
        if (counts[i] == 0)
            continue;
        char text[32];
        int length = snprintf(text, sizeof text, "%s%s%" PRId32 " %s%s", first ? "" : " ",
                              plus && counts[i] > 0 ? "+" : "", counts[i], names[i], counts[i] == 1 ? "" : "s");
        hd_write_bytes(w, text, (size_t)length);
        plus = counts[i] < 0;
        first = false;
    }
    if (v.micros == 0 && !first)
        return;
    if (!first)
        hd_write_u8(w, ' ');
    if (v.micros < 0)
        hd_write_u8(w, '-');
    else if (plus)
        hd_write_u8(w, '+');
    hd_show_clock(w, v.micros < 0 ? 0 - (uint64_t)v.micros : (uint64_t)v.micros, 2);
}

void
hd_interval_to_binary(hd_writer *w, hd_interval v)
{
    hd_write_u64(w, (uint64_t)v.micros);
    hd_write_u32(w, (uint32_t)v.days);
    hd_write_u32(w, (uint32_t)v.months);
}
