/* Ranges: the frame around the bounds, in both formats (PostgreSQL documentation, 8.17; range_out(), range_send()). What a
 * bound means is the caller's business. */
#ifndef HD_RANGE_H
#define HD_RANGE_H

#include "bytes/reader.h"
#include "bytes/writer.h"

/* As in the binary format (utils/rangetypes.h). */
enum {
    HD_RANGE_EMPTY = 0x01,
    HD_RANGE_LOWER_INC = 0x02,
    HD_RANGE_UPPER_INC = 0x04,
    HD_RANGE_LOWER_INF = 0x08,
    HD_RANGE_UPPER_INF = 0x10,
};

typedef struct hd_range {
    uint8_t flags;
    hd_span lower; /* only where hd_range_has_lower() */
    hd_span upper;
} hd_range;

static inline bool
hd_range_has_lower(const hd_range *v)
{
    return (v->flags & (HD_RANGE_EMPTY | HD_RANGE_LOWER_INF)) == 0;
}

static inline bool
hd_range_has_upper(const hd_range *v)
{
    return (v->flags & (HD_RANGE_EMPTY | HD_RANGE_UPPER_INF)) == 0;
}

/* ---- binary. HD_EDATA: malformed. Flags that say nothing about the value are dropped, as by range_recv(). */
HD_MUSTCHECK hd_rc hd_range_from_binary(hd_span src, hd_range *v);

/* ---- text: empty, [1,2), (,"a ""quoted"" bound"] */

/* What unquotes the bounds: they live as long, and until it is used again. */
typedef struct hd_range_unquoted {
    hd_writer lower;
    hd_writer upper;
} hd_range_unquoted;

hd_range_unquoted hd_range_unquoted_of(const hd_alloc *alloc);
void hd_range_unquoted_fini(hd_range_unquoted *u);

/* Reads one range and leaves r after it. HD_EDATA or HD_ENOMEM. */
HD_MUSTCHECK hd_rc hd_range_scan(hd_reader *r, hd_range_unquoted *u, hd_range *v);

#endif
