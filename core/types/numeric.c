#include "types/numeric.h"

#include "types/scan.h"

enum { BASE = 10000, DIGITS = 4 /* decimal ones in one of ours */ };

static unsigned
digit_at(const hd_numeric *v, size_t i)
{
    return (unsigned)v->digits[2 * i] << 8 | v->digits[2 * i + 1];
}

hd_rc
hd_numeric_from_binary(hd_span src, hd_numeric *v)
{
    hd_reader r = hd_reader_of(src);
    v->ndigits = hd_read_u16(&r);
    v->weight = hd_read_i16(&r);
    v->sign = hd_read_u16(&r);
    v->dscale = hd_read_u16(&r);
    v->digits = hd_read_span(&r, (size_t)v->ndigits * 2).p;
    if (!hd_reader_done(&r))
        return HD_EDATA;
    switch (v->sign) {
    case HD_NUMERIC_NAN:
    case HD_NUMERIC_INFINITY:
    case HD_NUMERIC_MINUS_INFINITY:
        return HD_OK;
    case HD_NUMERIC_POSITIVE:
    case HD_NUMERIC_NEGATIVE:
        break;
    default:
        return HD_EDATA;
    }
    if (v->dscale > HD_NUMERIC_DSCALE_MAX)
        return HD_EDATA;
    for (size_t i = 0; i < v->ndigits; i++) {
        if (digit_at(v, i) >= BASE)
            return HD_EDATA;
    }
    while (v->ndigits != 0 && digit_at(v, 0) == 0) {
        v->digits += 2;
        v->ndigits--;
        v->weight--;
    }
    if (v->ndigits == 0) {
        v->weight = -1;
        v->sign = HD_NUMERIC_POSITIVE;
    }
    return HD_OK;
}

static hd_span
special_text(uint16_t sign)
{
    switch (sign) {
    case HD_NUMERIC_NAN:
        return HD_SPAN_LITERAL("NaN");
    case HD_NUMERIC_INFINITY:
        return HD_SPAN_LITERAL("Infinity");
    case HD_NUMERIC_MINUS_INFINITY:
        return HD_SPAN_LITERAL("-Infinity");
    default:
        return (hd_span){NULL, 0};
    }
}

/* Decimal digits of the first digit, which is not zero. */
static size_t
leading_width(const hd_numeric *v)
{
    unsigned first = digit_at(v, 0);
    return first >= 1000 ? 4 : first >= 100 ? 3 : first >= 10 ? 2 : 1;
}

size_t
hd_numeric_text_length(const hd_numeric *v)
{
    hd_span special = special_text(v->sign);
    if (special.n != 0)
        return special.n;
    size_t whole = v->weight < 0 ? 1 : leading_width(v) + (size_t)v->weight * DIGITS;
    return (v->sign == HD_NUMERIC_NEGATIVE) + whole + (v->dscale ? 1u + v->dscale : 0);
}

static void
print_four(uint8_t *dst, unsigned d)
{
    dst[0] = (uint8_t)('0' + d / 1000);
    dst[1] = (uint8_t)('0' + d / 100 % 10);
    dst[2] = (uint8_t)('0' + d / 10 % 10);
    dst[3] = (uint8_t)('0' + d % 10);
}

/* The digit that counts 10000^weight; those that were not sent are zero. */
static unsigned
digit_of_weight(const hd_numeric *v, int32_t weight)
{
    int32_t i = v->weight - weight;
    return i >= 0 && (uint32_t)i < v->ndigits ? digit_at(v, (size_t)i) : 0;
}

void
hd_numeric_print(const hd_numeric *v, uint8_t *dst)
{
    hd_span special = special_text(v->sign);
    if (special.n != 0) {
        memcpy(dst, special.p, special.n);
        return;
    }
    uint8_t four[DIGITS];
    if (v->sign == HD_NUMERIC_NEGATIVE)
        *dst++ = '-';
    if (v->weight < 0) {
        *dst++ = '0';
    }
    else {
        size_t width = leading_width(v);
        print_four(four, digit_at(v, 0));
        memcpy(dst, four + DIGITS - width, width);
        dst += width;
        for (int32_t weight = v->weight - 1; weight >= 0; weight--, dst += DIGITS)
            print_four(dst, digit_of_weight(v, weight));
    }
    if (v->dscale == 0)
        return;
    *dst++ = '.';
    size_t left = v->dscale;
    int32_t weight = -1;
    for (; left >= DIGITS; left -= DIGITS, dst += DIGITS)
        print_four(dst, digit_of_weight(v, weight--));
    print_four(four, digit_of_weight(v, weight));
    memcpy(dst, four, left);
}

/* ---- decimal notation */

typedef struct decimal {
    bool negative;
    hd_span whole; /* digits in front of the point */
    hd_span fraction;
    int64_t exponent;
} decimal;

static hd_span
take_digits(hd_reader *r)
{
    size_t n = 0;
    while (n < r->left && (unsigned)r->p[n] - '0' <= 9)
        n++;
    return hd_read_span(r, n);
}

/* False: not a number. An exponent of more digits than any that fits becomes one that doesn't. */
static bool
scan_decimal(hd_reader *r, decimal *d)
{
    d->whole = take_digits(r);
    d->fraction = hd_scan_accept(r, '.') ? take_digits(r) : (hd_span){NULL, 0};
    d->exponent = 0;
    if (d->whole.n + d->fraction.n == 0)
        return false;
    if (hd_scan_accept(r, 'E') || hd_scan_accept(r, 'e')) {
        bool minus = hd_scan_accept(r, '-');
        if (!minus)
            hd_scan_accept(r, '+');
        hd_span digits = take_digits(r);
        if (digits.n == 0)
            return false;
        hd_reader e = hd_reader_of(digits);
        while (hd_scan_accept(&e, '0'))
            ;
        int64_t magnitude = e.left > 9 ? 1000000000 : e.left ? hd_scan_digits(&e, 1, 9) : 0;
        d->exponent = minus ? -magnitude : magnitude;
    }
    return hd_reader_done(r);
}

static uint8_t
decimal_digit(const decimal *d, size_t i)
{
    return (uint8_t)((i < d->whole.n ? d->whole.p[i] : d->fraction.p[i - d->whole.n]) - '0');
}

static void
write_header(hd_writer *w, size_t ndigits, int64_t weight, uint16_t sign, int64_t dscale)
{
    hd_write_u16(w, (uint16_t)ndigits);
    hd_write_u16(w, (uint16_t)weight);
    hd_write_u16(w, sign);
    hd_write_u16(w, (uint16_t)dscale);
}

static hd_rc
write_decimal(hd_writer *w, const decimal *d)
{
    int64_t last = d->exponent - (int64_t)d->fraction.n; /* power of ten that the last digit counts */
    int64_t dscale = last < 0 ? -last : 0;
    if (dscale > HD_NUMERIC_DSCALE_MAX)
        return HD_ERANGE;

    size_t from = 0;
    size_t to = d->whole.n + d->fraction.n;
    while (from < to && decimal_digit(d, from) == 0)
        from++;
    while (to > from && decimal_digit(d, to - 1) == 0) {
        to--;
        last++;
    }
    if (from == to) {
        write_header(w, 0, 0, HD_NUMERIC_POSITIVE, dscale);
        return HD_OK;
    }

    int64_t first = last + (int64_t)(to - from) - 1; /* power of ten that the first digit counts */
    int64_t weight = first >= 0 ? first / DIGITS : -((-first + DIGITS - 1) / DIGITS);
    if (weight > HD_NUMERIC_WEIGHT_MAX)
        return HD_ERANGE;
    size_t room = (size_t)(first - weight * DIGITS) + 1; /* decimal digits in the first digit */
    size_t ndigits = 1 + (to - from > room ? (to - from - room + DIGITS - 1) / DIGITS : 0);
    if (!hd_writer_reserve(w, 8 + ndigits * 2))
        return HD_OK;
    write_header(w, ndigits, weight, d->negative ? HD_NUMERIC_NEGATIVE : HD_NUMERIC_POSITIVE, dscale);
    for (size_t i = from; i < to; room = DIGITS) {
        unsigned digit = 0;
        for (; room != 0; room--)
            digit = digit * 10 + (i < to ? decimal_digit(d, i++) : 0);
        hd_write_u16(w, (uint16_t)digit);
    }
    return HD_OK;
}

static hd_rc
scan_text(hd_span text, decimal *d, uint16_t *special)
{
    hd_reader r = hd_reader_of(text);
    *special = 0;
    d->negative = hd_scan_accept(&r, '-');
    if (hd_scan_word(&r, HD_SPAN_LITERAL("NaN")))
        *special = HD_NUMERIC_NAN;
    else if (hd_scan_word(&r, HD_SPAN_LITERAL("Infinity")))
        *special = d->negative ? HD_NUMERIC_MINUS_INFINITY : HD_NUMERIC_INFINITY;
    else
        return scan_decimal(&r, d) ? HD_OK : HD_EDATA;
    return hd_reader_done(&r) ? HD_OK : HD_EDATA;
}

bool
hd_numeric_is_text(hd_span text)
{
    decimal d;
    uint16_t special;
    return scan_text(text, &d, &special) == HD_OK;
}

hd_rc
hd_numeric_text_to_binary(hd_writer *w, hd_span text)
{
    decimal d;
    uint16_t special;
    if (scan_text(text, &d, &special) != HD_OK)
        return HD_EDATA;
    if (special == 0)
        return write_decimal(w, &d);
    write_header(w, 0, 0, special, 0);
    return HD_OK;
}
