#include "types/float.h"

#include "types/scan.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* The powers of ten that a double holds exactly. */
static const double power_of_ten[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
                                      1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};

enum { EXACT_POWERS = 22 };

/* ---- text */

typedef struct scanned {
    char digits[HD_FLOAT_TEXT_MAX + sizeof "e-2147483648"]; /* zeros in front left out */
    int n;
    int exponent;      /* of ten, for the last digit */
    uint64_t mantissa; /* the digits as a number, as long as they are at most 19 */
} scanned;

static void
scan_digits(hd_reader *r, scanned *s, bool fraction)
{
    for (; r->left != 0; r->p++, r->left--) {
        unsigned digit = (unsigned)r->p[0] - '0';
        if (digit > 9)
            return;
        s->exponent -= fraction;
        if (s->n == 0 && digit == 0)
            continue;
        if (s->n == HD_FLOAT_TEXT_MAX) {
            hd_scan_fail(r);
            return;
        }
        s->digits[s->n++] = (char)r->p[0];
        s->mantissa = s->mantissa * 10 + digit;
    }
}

static bool
scan_number(hd_reader *r, scanned *s)
{
    size_t before = r->left;
    scan_digits(r, s, false);
    size_t digits = before - r->left;
    if (hd_scan_accept(r, '.')) {
        before = r->left;
        scan_digits(r, s, true);
        digits += before - r->left;
    }
    if (digits == 0)
        return false;
    if (hd_scan_accept(r, 'e') || hd_scan_accept(r, 'E')) {
        bool minus = hd_scan_accept(r, '-');
        if (!minus)
            hd_scan_accept(r, '+');
        int exponent = (int)hd_scan_digits(r, 1, 5);
        s->exponent += minus ? -exponent : exponent;
    }
    return hd_reader_done(r);
}

static double
value_of(scanned *s)
{
    if (s->n == 0)
        return 0.0;
    /* Both factors are exact, and one operation rounds correctly. */
    if (s->n <= 19 && s->mantissa <= UINT64_C(1) << 53) {
        if (s->exponent >= 0 && s->exponent <= EXACT_POWERS)
            return (double)s->mantissa * power_of_ten[s->exponent];
        if (s->exponent < 0 && s->exponent >= -EXACT_POWERS)
            return (double)s->mantissa / power_of_ten[-s->exponent];
    }
    /* Without a point, which the locale might want to be a comma. */
    snprintf(s->digits + s->n, sizeof s->digits - (size_t)s->n, "e%d", s->exponent);
    return strtod(s->digits, NULL);
}

hd_rc
hd_float_from_text(hd_span src, double *v)
{
    hd_reader r = hd_reader_of(src);
    bool negative = hd_scan_accept(&r, '-');
    double magnitude;
    if (hd_scan_word(&r, HD_SPAN_LITERAL("NaN"))) {
        magnitude = NAN;
    }
    else if (hd_scan_word(&r, HD_SPAN_LITERAL("Infinity"))) {
        magnitude = INFINITY;
    }
    else {
        scanned s = {.n = 0};
        if (!scan_number(&r, &s))
            return HD_EDATA;
        magnitude = value_of(&s);
        if (magnitude == INFINITY)
            return HD_ERANGE;
    }
    if (!hd_reader_done(&r))
        return HD_EDATA;
    *v = negative ? -magnitude : magnitude;
    return HD_OK;
}

/* ---- float4 */

/* 6 digits always survive the way through a normal float, 9 always tell two floats apart. */
enum { FLOAT4_DIGITS = 6, FLOAT4_MAX_DIGITS = 9 };

/* mantissa * 10^exponent, correctly rounded. */
static double
decimal(int64_t mantissa, int exponent)
{
    if (exponent >= 0 && exponent <= EXACT_POWERS)
        return (double)mantissa * power_of_ten[exponent];
    if (exponent < 0 && exponent >= -EXACT_POWERS)
        return (double)mantissa / power_of_ten[-exponent];
    char text[48];
    snprintf(text, sizeof text, "%llde%d", (long long)mantissa, exponent);
    return strtod(text, NULL);
}

/* The decimal number of so many digits that is nearest to v > 0, halves to even: a whole number and the power of ten
 * to multiply it with. */
static int64_t
nearest(double v, int digits, int *exponent)
{
    if (v >= 1e-12 && v < 1e20) {
        int first = 0; /* exponent of the first digit */
        while (v >= power_of_ten[first + 1])
            first++;
        while (first <= 0 && v * power_of_ten[-first] < 1.0)
            first--;
        int shift = digits - 1 - first;
        *exponent = -shift;
        return (int64_t)rint(shift >= 0 ? v * power_of_ten[shift] : v / power_of_ten[-shift]);
    }
    char text[48];
    int n = snprintf(text, sizeof text, "%.*e", digits - 1, v);
    int64_t mantissa = 0;
    for (int i = 0; i < n && text[i] != 'e'; i++) {
        unsigned digit = (unsigned)(uint8_t)text[i] - '0';
        if (digit <= 9) /* and not the locale's decimal point */
            mantissa = mantissa * 10 + digit;
    }
    *exponent = atoi(strchr(text, 'e') + 1) - digits + 1;
    return mantissa;
}

static double
float_of_bits(uint32_t bits)
{
    float v;
    memcpy(&v, &bits, sizeof v);
    return v;
}

double
hd_float4_widen(float v)
{
    double exact = v;
    double magnitude = fabs(exact);
    /* Each digit of a small whole number is needed. */
    if (magnitude <= 16777216.0 && magnitude == (double)(uint32_t)magnitude)
        return exact;
    if (!isfinite(exact))
        return exact;

    /* What lies between the middles to the neighbours reads back as v; the server leaves the middles themselves out. */
    uint32_t bits;
    memcpy(&bits, &v, sizeof bits);
    bits &= INT32_MAX;
    double low = (magnitude + float_of_bits(bits - 1)) / 2;
    double high = magnitude + (bits == 0x7f7fffff ? magnitude - low : (float_of_bits(bits + 1) - magnitude) / 2);
    bool power_of_two = (bits & 0x7fffff) == 0; /* the floats above are farther apart than those below */
    bool subnormal = bits < 0x800000;

    for (int digits = subnormal ? 1 : FLOAT4_DIGITS; digits <= FLOAT4_MAX_DIGITS; digits++) {
        int exponent;
        int64_t mantissa = nearest(magnitude, digits, &exponent);
        double candidate = decimal(mantissa, exponent);
        if (power_of_two && candidate <= low)
            candidate = decimal(mantissa + 1, exponent);
        if (low < candidate && candidate < high)
            return v < 0 ? -candidate : candidate;
    }
    return exact; /* not reached: 9 digits suffice */
}

hd_rc
hd_float4_to_binary(hd_writer *w, double v)
{
    float narrow = (float)v;
    if ((isinf(narrow) && !isinf(v)) || (narrow == 0 && v != 0))
        return HD_ERANGE;
    uint32_t bits;
    memcpy(&bits, &narrow, sizeof bits);
    hd_write_u32(w, bits);
    return HD_OK;
}

bool
hd_float8_to_short_text(hd_writer *w, double v)
{
    /* Two decimal numbers of 15 digits are never the same double; four zeros may come before them. */
    enum { MOST_PLACES = 15 + 4, LONGEST = MOST_PLACES + sizeof "-0." };
    double a = fabs(v), whole = 0;
    int places = 0;
    if (FLT_EVAL_METHOD != 0 || !(a >= 1e-4 && a < 1e15))
        return false;
    for (;; places++) {
        double scaled = a * power_of_ten[places];
        if (places > MOST_PLACES || scaled >= 1e15)
            return false;
        whole = (double)(int64_t)(scaled + 0.5);
        if (whole / power_of_ten[places] == a) /* of exact numbers, so it rounds as reading does */
            break;
    }
    uint64_t unit = (uint64_t)power_of_ten[places], digits = (uint64_t)whole;
    if (!hd_writer_reserve(w, LONGEST))
        return true;
    if (signbit(v))
        w->p[w->n++] = '-';
    w->n += hd_print_digits(w->p + w->n, digits / unit, 1);
    w->p[w->n++] = '.';
    w->n += hd_print_digits(w->p + w->n, digits % unit, places ? (size_t)places : 1);
    return true;
}
