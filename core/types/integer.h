/* int2, int4, int8 and oid: decimal digits, or two's complement in network order. */
#ifndef HD_INTEGER_H
#define HD_INTEGER_H

#include "bytes/reader.h"
#include "bytes/writer.h"

enum { HD_INTEGER_TEXT_MAX = 20 }; /* characters of the longest */

/* HD_EDATA: not an integer, or beyond int64_t. */
HD_MUSTCHECK hd_rc hd_integer_from_text(hd_span src, int64_t *v);
void hd_integer_to_text(hd_writer *w, int64_t v);

/* HD_EDATA: not as long as the type. */
HD_MUSTCHECK static inline hd_rc
hd_int2_from_binary(hd_span src, int16_t *v)
{
    hd_reader r = hd_reader_of(src);
    *v = hd_read_i16(&r);
    return hd_reader_done(&r) ? HD_OK : HD_EDATA;
}

HD_MUSTCHECK static inline hd_rc
hd_int4_from_binary(hd_span src, int32_t *v)
{
    hd_reader r = hd_reader_of(src);
    *v = hd_read_i32(&r);
    return hd_reader_done(&r) ? HD_OK : HD_EDATA;
}

HD_MUSTCHECK static inline hd_rc
hd_int8_from_binary(hd_span src, int64_t *v)
{
    hd_reader r = hd_reader_of(src);
    *v = hd_read_i64(&r);
    return hd_reader_done(&r) ? HD_OK : HD_EDATA;
}

HD_MUSTCHECK static inline hd_rc
hd_oid_from_binary(hd_span src, uint32_t *v)
{
    hd_reader r = hd_reader_of(src);
    *v = hd_read_u32(&r);
    return hd_reader_done(&r) ? HD_OK : HD_EDATA;
}

#endif
