#include "types/hstore.h"

#include "types/scan.h"

enum { PAIR_MIN = 8 }; /* bytes: two length words */

hd_hstore_scanner
hd_hstore_scanner_of(hd_span src, const hd_alloc *alloc)
{
    return (hd_hstore_scanner){hd_reader_of(src), hd_writer_of(alloc), false};
}

void
hd_hstore_scanner_fini(hd_hstore_scanner *s)
{
    hd_writer_fini(&s->unquoted);
}

static void
skip_blanks(hd_reader *r)
{
    char c;
    while ((c = hd_scan_peek(r)) == ' ' || (c >= '\t' && c <= '\r'))
        hd_read_u8(r);
}

/* What is between two quotes, escapes and all. */
static hd_span
scan_quoted(hd_reader *r, bool *escaped)
{
    hd_scan_expect(r, '"');
    size_t n = 0;
    while (n < r->left && r->p[n] != '"') {
        if (r->p[n] == '\\') {
            *escaped = true;
            n++;
        }
        n++;
    }
    if (n >= r->left) {
        hd_scan_fail(r);
        return (hd_span){NULL, 0};
    }
    hd_span quoted = hd_read_span(r, n);
    hd_read_u8(r);
    return quoted;
}

/* For room that was reserved. */
static hd_span
unescape(hd_writer *w, hd_span quoted)
{
    size_t from = w->n;
    for (size_t i = 0; i < quoted.n; i++) {
        if (quoted.p[i] == '\\')
            i++;
        w->p[w->n++] = quoted.p[i];
    }
    return (hd_span){w->p + from, w->n - from};
}

bool
hd_hstore_next(hd_hstore_scanner *s, hd_hstore_pair *pair)
{
    hd_reader *r = &s->r;
    if (r->left == 0)
        return false;
    if (s->started) {
        skip_blanks(r);
        hd_scan_expect(r, ',');
        skip_blanks(r);
    }
    s->started = true;
    bool escaped = false;
    *pair = (hd_hstore_pair){.key = scan_quoted(r, &escaped)};
    skip_blanks(r);
    hd_scan_expect(r, '=');
    hd_scan_expect(r, '>');
    skip_blanks(r);
    pair->is_null = hd_scan_word(r, HD_SPAN_LITERAL("NULL"));
    if (!pair->is_null)
        pair->value = scan_quoted(r, &escaped);
    if (r->bad || !escaped)
        return !r->bad;
    hd_writer_rewind(&s->unquoted, 0);
    if (!hd_writer_reserve(&s->unquoted, pair->key.n + pair->value.n)) {
        hd_scan_fail(r);
        return false;
    }
    pair->key = unescape(&s->unquoted, pair->key);
    pair->value = unescape(&s->unquoted, pair->value);
    return true;
}

hd_rc
hd_hstore_scanned(const hd_hstore_scanner *s)
{
    if (s->unquoted.rc != HD_OK)
        return s->unquoted.rc;
    return hd_reader_done(&s->r) ? HD_OK : HD_EDATA;
}

static void
write_quoted(hd_writer *w, hd_span s)
{
    hd_write_u8(w, '"');
    size_t from = 0;
    for (size_t i = 0; i < s.n; i++) {
        if (s.p[i] == '"' || s.p[i] == '\\') {
            hd_write_bytes(w, s.p + from, i - from);
            hd_write_u8(w, '\\');
            from = i;
        }
    }
    if (s.n != 0)
        hd_write_bytes(w, s.p + from, s.n - from);
    hd_write_u8(w, '"');
}

void
hd_hstore_write_text(hd_writer *w, const hd_hstore_pair *pair, bool first)
{
    if (!first)
        hd_write_u8(w, ',');
    write_quoted(w, pair->key);
    hd_write_span(w, HD_SPAN_LITERAL("=>"));
    if (pair->is_null)
        hd_write_span(w, HD_SPAN_LITERAL("NULL"));
    else
        write_quoted(w, pair->value);
}

hd_rc
hd_hstore_read_count(hd_reader *r, uint32_t *count)
{
    *count = hd_read_u32(r);
    return r->bad || *count > r->left / PAIR_MIN ? HD_EDATA : HD_OK;
}

void
hd_hstore_read_pair(hd_reader *r, hd_hstore_pair *pair)
{
    pair->key = hd_read_span(r, hd_read_u32(r));
    uint32_t n = hd_read_u32(r);
    pair->is_null = n == UINT32_MAX;
    pair->value = pair->is_null ? (hd_span){NULL, 0} : hd_read_span(r, n);
}
