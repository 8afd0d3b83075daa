/* A growable buffer for outgoing messages.
 *
 * Every write reserves first. A failure (no memory, message too large, NUL in a C string) is sticky in `rc`, so a
 * message is written straight-line and judged once. hd_writer_rewind() forgets everything after a mark, the error
 * included, and so undoes a half-written message. */
#ifndef HD_WRITER_H
#define HD_WRITER_H

#include "bytes/base.h"

#include <string.h>

/* The server refuses larger ones: PQ_LARGE_MESSAGE_LIMIT, that is MaxAllocSize - 1. */
#define HD_MESSAGE_MAX 0x3ffffffeu

typedef struct hd_writer {
    uint8_t *p;
    size_t n;   /* bytes written */
    size_t cap; /* bytes allocated */
    hd_rc rc;
    const hd_alloc *alloc;
} hd_writer;

static inline hd_writer
hd_writer_of(const hd_alloc *alloc)
{
    return (hd_writer){NULL, 0, 0, HD_OK, alloc};
}

void hd_writer_fini(hd_writer *w);

/* Makes room for n bytes; false (and rc set) when there is none. */
bool hd_writer_grow(hd_writer *w, size_t n);

static inline bool
hd_writer_reserve(hd_writer *w, size_t n)
{
    if (HD_LIKELY(w->rc == HD_OK && w->cap - w->n >= n))
        return true;
    return hd_writer_grow(w, n);
}

static inline void
hd_writer_rewind(hd_writer *w, size_t mark)
{
    w->n = mark;
    w->rc = HD_OK;
}

static inline hd_span
hd_writer_span(const hd_writer *w)
{
    return (hd_span){w->p, w->n}; /* until the next write */
}

static inline void
hd_write_bytes(hd_writer *w, const void *src, size_t n)
{
    if (n != 0 && hd_writer_reserve(w, n)) {
        memcpy(w->p + w->n, src, n);
        w->n += n;
    }
}

static inline void
hd_write_u8(hd_writer *w, uint8_t v)
{
    hd_write_bytes(w, &v, 1);
}

static inline void
hd_write_u16(hd_writer *w, uint16_t v)
{
    v = hd_be16(v);
    hd_write_bytes(w, &v, 2);
}

static inline void
hd_write_u32(hd_writer *w, uint32_t v)
{
    v = hd_be32(v);
    hd_write_bytes(w, &v, 4);
}

static inline void
hd_write_u64(hd_writer *w, uint64_t v)
{
    v = hd_be64(v);
    hd_write_bytes(w, &v, 8);
}

static inline void
hd_write_span(hd_writer *w, hd_span s)
{
    hd_write_bytes(w, s.p, s.n);
}

/* A C string and its NUL. A NUL inside would let the rest be read as another field: HD_EINVAL. */
void hd_write_cstr(hd_writer *w, hd_span s);

/* Starts a message of this type (0: none, as in start-up) and returns the place of its length word, which
 * hd_write_end() fills in. The length counts itself. */
size_t hd_write_begin(hd_writer *w, uint8_t type);
void hd_write_end(hd_writer *w, size_t at);

/* The same for a value inside a message: a length word that does not count itself. */
size_t hd_write_value_begin(hd_writer *w);
void hd_write_value_end(hd_writer *w, size_t at);

/* The length word of NULL. */
static inline void
hd_write_null(hd_writer *w)
{
    hd_write_u32(w, UINT32_MAX);
}

#endif
