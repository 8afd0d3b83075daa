#include "bytes/writer.h"

enum { FIRST_CAPACITY = 512 };

void
hd_writer_fini(hd_writer *w)
{
    hd_release(w->alloc, w->p);
    *w = hd_writer_of(w->alloc);
}

bool
hd_writer_grow(hd_writer *w, size_t n)
{
    if (w->rc != HD_OK)
        return false;
    if (w->cap - w->n >= n)
        return true;
    if (n > HD_MESSAGE_MAX || n > SIZE_MAX / 2 - w->n) { /* a piece that no message can hold is not even copied */
        w->rc = HD_ETOOLARGE;
        return false;
    }
    size_t cap = w->cap ? w->cap : FIRST_CAPACITY;
    while (cap < w->n + n)
        cap *= 2;
    uint8_t *p = hd_resize(w->alloc, w->p, cap);
    if (p == NULL) {
        w->rc = HD_ENOMEM;
        return false;
    }
    w->p = p;
    w->cap = cap;
    return true;
}

void
hd_write_cstr(hd_writer *w, hd_span s)
{
    if (s.n != 0 && memchr(s.p, 0, s.n) != NULL) {
        if (w->rc == HD_OK)
            w->rc = HD_EINVAL;
        return;
    }
    hd_write_span(w, s);
    hd_write_u8(w, 0);
}

size_t
hd_write_begin(hd_writer *w, uint8_t type)
{
    if (type != 0)
        hd_write_u8(w, type);
    size_t at = w->n;
    hd_write_u32(w, 0);
    return at;
}

/* Fills in a length word; `counted` is how many of its own four bytes it counts. */
static void
patch_length(hd_writer *w, size_t at, size_t counted)
{
    if (w->rc != HD_OK)
        return;
    size_t n = w->n - at - 4 + counted;
    if (n > HD_MESSAGE_MAX) {
        w->rc = HD_ETOOLARGE;
        return;
    }
    uint32_t v = hd_be32((uint32_t)n);
    memcpy(w->p + at, &v, 4);
}

void
hd_write_end(hd_writer *w, size_t at)
{
    patch_length(w, at, 4);
}

size_t
hd_write_value_begin(hd_writer *w)
{
    size_t at = w->n;
    hd_write_u32(w, 0);
    return at;
}

void
hd_write_value_end(hd_writer *w, size_t at)
{
    patch_length(w, at, 0);
}
