#include "types/record.h"

#include "types/quoted.h"
#include "types/scan.h"

enum { FIELD_MIN = 8 }; /* its type and its length */

hd_rc
hd_record_read_count(hd_reader *r, uint32_t *count)
{
    *count = hd_read_u32(r);
    return r->bad || *count > r->left / FIELD_MIN ? HD_EDATA : HD_OK;
}

bool
hd_record_read_field(hd_reader *r, uint32_t *oid, hd_span *field)
{
    *oid = hd_read_u32(r);
    return hd_read_item(r, field);
}

hd_record_scanner
hd_record_scanner_of(hd_span src, const hd_alloc *alloc)
{
    return (hd_record_scanner){hd_reader_of(src), hd_writer_of(alloc), false};
}

void
hd_record_scanner_fini(hd_record_scanner *s)
{
    hd_writer_fini(&s->unquoted);
}

hd_record_token
hd_record_next(hd_record_scanner *s, hd_span *field)
{
    hd_reader *r = &s->r;
    if (s->started && hd_scan_accept(r, ')'))
        return hd_reader_done(r) ? HD_RECORD_END : HD_RECORD_BAD;
    hd_scan_expect(r, s->started ? ',' : '(');
    s->started = true;
    bool given = hd_quoted_read(r, &s->unquoted, HD_SPAN_LITERAL(",)"), field);
    if (r->bad)
        return HD_RECORD_BAD;
    return given ? HD_RECORD_FIELD : HD_RECORD_NULL;
}
