/* Multiranges: the frame around the ranges, in both formats (PostgreSQL documentation, 8.17; multirange_out(),
 * multirange_send()). */
#ifndef HD_MULTIRANGE_H
#define HD_MULTIRANGE_H

#include "types/range.h"

/* ---- binary: how many ranges, then each with its length */

/* Leaves r at the first range. HD_EDATA: more ranges than the bytes left could hold. */
HD_MUSTCHECK hd_rc hd_multirange_read_count(hd_reader *r, uint32_t *count);

/* HD_EDATA: malformed. */
HD_MUSTCHECK hd_rc hd_multirange_read_range(hd_reader *r, hd_range *v);

/* ---- text: {[1,2),[5,)} */
typedef struct hd_multirange_scanner {
    hd_reader r;
    hd_range_unquoted unquoted;
    bool started;
} hd_multirange_scanner;

hd_multirange_scanner hd_multirange_scanner_of(hd_span src, const hd_alloc *alloc);
void hd_multirange_scanner_fini(hd_multirange_scanner *s);

/* The next range, whose bounds live until the next call. HD_MORE: there is none. HD_EDATA or HD_ENOMEM. */
HD_MUSTCHECK hd_rc hd_multirange_next(hd_multirange_scanner *s, hd_range *v);

#endif
