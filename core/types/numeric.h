/* numeric: a sign, and base-10000 digits around a decimal point (numeric_send() and numeric_recv()).
 *
 * The value is digits[0] * 10000^weight + digits[1] * 10000^(weight - 1) + ..., shown with dscale digits after the
 * point. */
#ifndef HD_NUMERIC_H
#define HD_NUMERIC_H

#include "bytes/reader.h"
#include "bytes/writer.h"

enum {
    HD_NUMERIC_POSITIVE = 0x0000,
    HD_NUMERIC_NEGATIVE = 0x4000,
    HD_NUMERIC_NAN = 0xc000,
    HD_NUMERIC_INFINITY = 0xd000,
    HD_NUMERIC_MINUS_INFINITY = 0xf000,

    HD_NUMERIC_DSCALE_MAX = 0x3fff,
    HD_NUMERIC_WEIGHT_MAX = INT16_MAX,
};

typedef struct hd_numeric {
    uint16_t sign;
    uint16_t dscale;
    int32_t weight;
    uint32_t ndigits;
    const uint8_t *digits; /* as they came: two bytes each. They live as long as the bytes they were read from */
} hd_numeric;

/* HD_EDATA: malformed, or a digit beyond 9999. Digits that are zero in front are left out. */
HD_MUSTCHECK hd_rc hd_numeric_from_binary(hd_span src, hd_numeric *v);

/* What numeric_out() writes, and its length. */
size_t hd_numeric_text_length(const hd_numeric *v);
void hd_numeric_print(const hd_numeric *v, uint8_t *dst);

/* Whether it is decimal notation, exponents included, or NaN, Infinity, -Infinity. */
bool hd_numeric_is_text(hd_span text);

/* HD_EDATA: not that; HD_ERANGE: too large, or too many digits after the point, for the type. Nothing is written then.
 * Memory: sticky in w. */
HD_MUSTCHECK hd_rc hd_numeric_text_to_binary(hd_writer *w, hd_span text);

#endif
