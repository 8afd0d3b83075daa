#include "types/multirange.h"

#include "types/scan.h"

enum { RANGE_MIN = 5 }; /* its length and its flags */

hd_rc
hd_multirange_read_count(hd_reader *r, uint32_t *count)
{
    *count = hd_read_u32(r);
    return r->bad || *count > r->left / RANGE_MIN ? HD_EDATA : HD_OK;
}

hd_rc
hd_multirange_read_range(hd_reader *r, hd_range *v)
{
    uint32_t n = hd_read_u32(r);
    hd_span range = hd_read_span(r, n);
    return r->bad ? HD_EDATA : hd_range_from_binary(range, v);
}

hd_multirange_scanner
hd_multirange_scanner_of(hd_span src, const hd_alloc *alloc)
{
    return (hd_multirange_scanner){hd_reader_of(src), hd_range_unquoted_of(alloc), false};
}

void
hd_multirange_scanner_fini(hd_multirange_scanner *s)
{
    hd_range_unquoted_fini(&s->unquoted);
}

hd_rc
hd_multirange_next(hd_multirange_scanner *s, hd_range *v)
{
    hd_reader *r = &s->r;
    bool first = !s->started;
    s->started = true;
    if (first)
        hd_scan_expect(r, '{');
    if (hd_scan_accept(r, '}'))
        return hd_reader_done(r) ? HD_MORE : HD_EDATA;
    if (!first)
        hd_scan_expect(r, ',');
    return hd_range_scan(r, &s->unquoted, v);
}
