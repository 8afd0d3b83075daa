#include "types/integer.h"

#include "types/scan.h"

hd_rc
hd_integer_from_text(hd_span src, int64_t *v)
{
    bool negative = src.n != 0 && src.p[0] == '-';
    size_t i = negative;
    /* nineteen digits fit into uint64_t; what doesn't fit into int64_t shows afterwards */
    if (src.n == i || src.n - i > 19)
        return HD_EDATA;
    uint64_t magnitude = 0;
    for (; i < src.n; i++) {
        unsigned digit = (unsigned)src.p[i] - '0';
        if (digit > 9)
            return HD_EDATA;
        magnitude = magnitude * 10 + digit;
    }
    if (magnitude > (uint64_t)INT64_MAX + negative)
        return HD_EDATA;
    *v = (int64_t)(negative ? 0 - magnitude : magnitude);
    return HD_OK;
}

void
hd_integer_to_text(hd_writer *w, int64_t v)
{
    if (!hd_writer_reserve(w, HD_INTEGER_TEXT_MAX))
        return;
    if (v < 0)
        w->p[w->n++] = '-';
    w->n += hd_print_digits(w->p + w->n, v < 0 ? 0 - (uint64_t)v : (uint64_t)v, 1);
}
