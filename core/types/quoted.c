#include "types/quoted.h"

#include "types/scan.h"

static bool
is_end(hd_span ends, uint8_t c)
{
    for (size_t i = 0; i < ends.n; i++) {
        if (ends.p[i] == c)
            return true;
    }
    return false;
}

/* From the first character that does not stand for itself, `n` bytes ahead. */
static void
read_escaped(hd_reader *r, hd_writer *unquoted, hd_span ends, size_t n)
{
    bool quoted = false;
    hd_writer_rewind(unquoted, 0);
    hd_writer_reserve(unquoted, r->left); /* at once, rather than as it grows */
    hd_write_span(unquoted, hd_read_span(r, n));
    while (r->left != 0 && (quoted || !is_end(ends, r->p[0]))) {
        uint8_t c = hd_read_u8(r);
        if (c == '"' && !(quoted && hd_scan_accept(r, '"'))) {
            quoted = !quoted;
            continue;
        }
        if (c == '\\')
            c = hd_read_u8(r); /* bad at the end */
        hd_write_u8(unquoted, c);
    }
    if (r->left == 0 || unquoted->rc != HD_OK)
        hd_scan_fail(r);
}

bool
hd_quoted_read(hd_reader *r, hd_writer *unquoted, hd_span ends, hd_span *item)
{
    const uint8_t *p = r->p;
    size_t left = r->left, n = 0;
    *item = (hd_span){p, 0};
    if (left != 0 && is_end(ends, p[0]))
        return false;
    if (left != 0 && p[0] == '"') {
        for (n = 1; n < left && p[n] != '"' && p[n] != '\\';)
            n++;
        if (left - n > 1 && p[n] == '"' && is_end(ends, p[n + 1])) {
            *item = (hd_span){p + 1, n - 1};
            hd_read_span(r, n + 1);
            return true;
        }
        n = 0;
    }
    while (n < left && p[n] != '"' && p[n] != '\\' && !is_end(ends, p[n]))
        n++;
    if (n < left && is_end(ends, p[n])) {
        *item = hd_read_span(r, n);
        return true;
    }
    read_escaped(r, unquoted, ends, n);
    *item = hd_writer_span(unquoted);
    return true;
}
