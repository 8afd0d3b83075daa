/* bool: "t" and "f", or one byte. */
#ifndef HD_BOOL_H
#define HD_BOOL_H

#include "bytes/base.h"

/* HD_EDATA: not a bool. */
HD_MUSTCHECK static inline hd_rc
hd_bool_from_text(hd_span src, bool *v)
{
    if (src.n != 1 || (src.p[0] != 't' && src.p[0] != 'f'))
        return HD_EDATA;
    *v = src.p[0] == 't';
    return HD_OK;
}

/* Any byte but 0 is true, as for boolrecv(). */
HD_MUSTCHECK static inline hd_rc
hd_bool_from_binary(hd_span src, bool *v)
{
    if (src.n != 1)
        return HD_EDATA;
    *v = src.p[0] != 0;
    return HD_OK;
}

#endif
