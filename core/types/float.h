/* float4 and float8: IEEE 754 in network order, or the shortest decimal number that reads back the same. */
#ifndef HD_FLOAT_H
#define HD_FLOAT_H

#include "bytes/reader.h"
#include "bytes/writer.h"

enum { HD_FLOAT_TEXT_MAX = 64 }; /* digits that are read; the server writes up to 17 */

/* Serves both types: a float4 is read with the precision of its text, so that 1.1 gives 1.1. HD_EDATA: not a number;
 * HD_ERANGE: a finite one that is no double, as the server's rounding of the largest may be. */
HD_MUSTCHECK hd_rc hd_float_from_text(hd_span src, double *v);

/* The shortest decimal number that reads back as v, as Python's repr() writes it ("10.333"), where it has at most 15 digits
 * and needs no exponent: most numbers that people write down. False, with nothing written, for any other. */
bool hd_float8_to_short_text(hd_writer *w, double v);

/* The double nearest to the shortest decimal number that reads back as this float4: what its text gives. */
double hd_float4_widen(float v);

/* HD_ERANGE, with nothing written, for what would become infinity or zero: the server casts by the same rule. */
HD_MUSTCHECK hd_rc hd_float4_to_binary(hd_writer *w, double v);

HD_MUSTCHECK static inline hd_rc
hd_float4_from_binary(hd_span src, double *v)
{
    hd_reader r = hd_reader_of(src);
    uint32_t bits = hd_read_u32(&r);
    float narrow;
    if (!hd_reader_done(&r))
        return HD_EDATA;
    memcpy(&narrow, &bits, sizeof narrow);
    *v = hd_float4_widen(narrow);
    return HD_OK;
}

HD_MUSTCHECK static inline hd_rc
hd_float8_from_binary(hd_span src, double *v)
{
    hd_reader r = hd_reader_of(src);
    uint64_t bits = hd_read_u64(&r);
    if (!hd_reader_done(&r))
        return HD_EDATA;
    memcpy(v, &bits, sizeof *v);
    return HD_OK;
}

static inline void
hd_float8_to_binary(hd_writer *w, double v)
{
    uint64_t bits;
    memcpy(&bits, &v, sizeof bits);
    hd_write_u64(w, bits);
}

#endif
