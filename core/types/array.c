#include "types/array.h"

#include "types/scan.h"

hd_rc
hd_array_read_header(hd_reader *r, hd_array_header *h)
{
    uint32_t ndim = hd_read_u32(r);
    hd_read_u32(r); /* whether there are NULLs: the elements say so themselves */
    h->item_oid = hd_read_u32(r);
    h->ndim = 0;
    if (r->bad || ndim > HD_ARRAY_MAX_DIMS)
        return HD_EDATA;
    for (uint32_t i = 0; i < ndim; i++) {
        h->dims[i] = hd_read_u32(r);
        hd_read_u32(r); /* lower bound */
    }
    /* Each element takes at least its length word, so the count is bounded by what has arrived. A product that stays
     * below that can't overflow. */
    size_t count = 1, limit = r->left / 4;
    bool empty = ndim == 0;
    for (uint32_t i = 0; i < ndim; i++)
        empty = empty || h->dims[i] == 0;
    for (uint32_t i = 0; i < ndim && !empty; i++) {
        if (h->dims[i] > limit / count)
            return HD_EDATA;
        count *= h->dims[i];
    }
    if (r->bad)
        return HD_EDATA;
    h->ndim = empty ? 0 : (int)ndim;
    return HD_OK;
}

bool
hd_array_read_item(hd_reader *r, hd_span *item)
{
    return hd_read_item(r, item);
}

void
hd_array_write_header(hd_writer *w, const hd_array_header *h, bool has_null)
{
    hd_write_u32(w, (uint32_t)h->ndim);
    hd_write_u32(w, has_null);
    hd_write_u32(w, h->item_oid);
    for (int i = 0; i < h->ndim; i++) {
        hd_write_u32(w, h->dims[i]);
        hd_write_u32(w, 1);
    }
}

hd_array_scanner
hd_array_scanner_of(hd_span src, char delimiter, const hd_alloc *alloc)
{
    hd_array_scanner s = {hd_reader_of(src), hd_writer_of(alloc), delimiter, 0, false};
    if (hd_scan_peek(&s.r) == '[') {
        const uint8_t *equals = memchr(src.p, '=', src.n);
        if (equals == NULL)
            hd_scan_fail(&s.r);
        else
            hd_read_span(&s.r, (size_t)(equals - src.p) + 1);
    }
    return s;
}

void
hd_array_scanner_fini(hd_array_scanner *s)
{
    hd_writer_fini(&s->unquoted);
}

/* After the opening quote. */
static hd_array_token
scan_quoted(hd_array_scanner *s, hd_span *item)
{
    const uint8_t *p = s->r.p;
    size_t n = 0, left = s->r.left;
    while (n < left && p[n] != '"' && p[n] != '\\')
        n++;
    if (n < left && p[n] == '"') {
        *item = hd_read_span(&s->r, n);
        hd_read_u8(&s->r);
        return HD_ARRAY_ITEM;
    }
    hd_writer_rewind(&s->unquoted, 0);
    for (size_t from = 0; n < left; n++) {
        if (p[n] == '"') {
            hd_write_bytes(&s->unquoted, p + from, n - from);
            hd_read_span(&s->r, n + 1);
            *item = hd_writer_span(&s->unquoted);
            return s->unquoted.rc == HD_OK ? HD_ARRAY_ITEM : HD_ARRAY_BAD;
        }
        if (p[n] == '\\') {
            hd_write_bytes(&s->unquoted, p + from, n - from);
            from = ++n; /* what follows stands for itself, a quote included */
        }
    }
    return HD_ARRAY_BAD;
}

static hd_array_token
scan_bare(hd_array_scanner *s, hd_span *item)
{
    const uint8_t *p = s->r.p;
    size_t n = 0, left = s->r.left;
    while (n < left && p[n] != (uint8_t)s->delimiter && p[n] != '}' && p[n] != '{' && p[n] != '"' && p[n] != '\\')
        n++;
    if (n == 0)
        return HD_ARRAY_BAD;
    *item = hd_read_span(&s->r, n);
    return n == 4 && memcmp(p, "NULL", 4) == 0 ? HD_ARRAY_NULL : HD_ARRAY_ITEM;
}

hd_array_token
hd_array_next(hd_array_scanner *s, hd_span *item)
{
    hd_reader *r = &s->r;
    if (s->depth == 0) {
        if (s->complete)
            return hd_reader_done(r) ? HD_ARRAY_END : HD_ARRAY_BAD;
        if (!hd_scan_accept(r, '{'))
            return HD_ARRAY_BAD;
        s->depth = 1;
        return HD_ARRAY_OPEN;
    }
    bool opened = !s->complete; /* a brace opened last: only here may one close without an element before it */
    if (hd_scan_peek(r) == '}') {
        hd_read_u8(r);
        s->depth--;
        s->complete = true;
        return HD_ARRAY_CLOSE;
    }
    if (!opened && !hd_scan_accept(r, s->delimiter))
        return HD_ARRAY_BAD;
    if (hd_scan_accept(r, '{')) {
        if (s->depth == HD_ARRAY_MAX_DIMS)
            return HD_ARRAY_BAD;
        s->depth++;
        s->complete = false;
        return HD_ARRAY_OPEN;
    }
    s->complete = true;
    return hd_scan_accept(r, '"') ? scan_quoted(s, item) : scan_bare(s, item);
}

/* The white space of array_in(), and more: CockroachDB strips Unicode's white space from bare elements, and all of
 * that starts with one of three bytes in UTF-8. */
static bool
needs_quotes(hd_span item, char delimiter)
{
    if (item.n == 0)
        return true;
    if (item.n == 4 && (item.p[0] | 32) == 'n' && (item.p[1] | 32) == 'u' && (item.p[2] | 32) == 'l' &&
        (item.p[3] | 32) == 'l')
        return true;
    for (size_t i = 0; i < item.n; i++) {
        uint8_t c = item.p[i];
        if (c == '"' || c == '\\' || c == '{' || c == '}' || c == ' ' || (c >= '\t' && c <= '\r') ||
            (c >= 0xe1 && c <= 0xe3) || c == (uint8_t)delimiter)
            return true;
    }
    return false;
}

void
hd_array_write_item(hd_writer *w, hd_span item, char delimiter)
{
    if (!needs_quotes(item, delimiter)) {
        hd_write_span(w, item);
        return;
    }
    hd_write_u8(w, '"');
    size_t from = 0;
    for (size_t i = 0; i < item.n; i++) {
        if (item.p[i] == '"' || item.p[i] == '\\') {
            hd_write_bytes(w, item.p + from, i - from);
            hd_write_u8(w, '\\');
            from = i;
        }
    }
    hd_write_bytes(w, item.p + from, item.n - from);
    hd_write_u8(w, '"');
}
