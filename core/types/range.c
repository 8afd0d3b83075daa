#include "types/range.h"

#include "types/quoted.h"
#include "types/scan.h"

enum { MEANT = HD_RANGE_EMPTY | HD_RANGE_LOWER_INC | HD_RANGE_UPPER_INC | HD_RANGE_LOWER_INF | HD_RANGE_UPPER_INF };

static hd_span
read_bound(hd_reader *r)
{
    int32_t n = hd_read_i32(r);
    if (n < 0) {
        hd_scan_fail(r);
        return (hd_span){NULL, 0};
    }
    return hd_read_span(r, (size_t)n);
}

hd_rc
hd_range_from_binary(hd_span src, hd_range *v)
{
    hd_reader r = hd_reader_of(src);
    *v = (hd_range){.flags = hd_read_u8(&r) & MEANT};
    if (hd_range_has_lower(v))
        v->lower = read_bound(&r);
    if (hd_range_has_upper(v))
        v->upper = read_bound(&r);
    return hd_reader_done(&r) ? HD_OK : HD_EDATA;
}

hd_range_unquoted
hd_range_unquoted_of(const hd_alloc *alloc)
{
    return (hd_range_unquoted){hd_writer_of(alloc), hd_writer_of(alloc)};
}

void
hd_range_unquoted_fini(hd_range_unquoted *u)
{
    hd_writer_fini(&u->lower);
    hd_writer_fini(&u->upper);
}

hd_rc
hd_range_scan(hd_reader *r, hd_range_unquoted *u, hd_range *v)
{
    const hd_span ends = HD_SPAN_LITERAL(",)]");
    *v = (hd_range){.flags = HD_RANGE_EMPTY};
    if (hd_scan_word(r, HD_SPAN_LITERAL("empty")))
        return HD_OK;
    v->flags = 0;
    if (hd_scan_accept(r, '['))
        v->flags |= HD_RANGE_LOWER_INC;
    else
        hd_scan_expect(r, '(');
    if (!hd_quoted_read(r, &u->lower, ends, &v->lower))
        v->flags |= HD_RANGE_LOWER_INF;
    hd_scan_expect(r, ',');
    if (!hd_quoted_read(r, &u->upper, ends, &v->upper))
        v->flags |= HD_RANGE_UPPER_INF;
    if (hd_scan_accept(r, ']'))
        v->flags |= HD_RANGE_UPPER_INC;
    else
        hd_scan_expect(r, ')');
    if (u->lower.rc != HD_OK || u->upper.rc != HD_OK)
        return HD_ENOMEM;
    return r->bad ? HD_EDATA : HD_OK;
}
