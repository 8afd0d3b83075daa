/* Bounded reading of network bytes.
 *
 * Sizes are compared, never pointers. A failed read sets `bad`, empties the reader and yields zeros, so a message is
 * parsed straight-line and judged once at its end with hd_reader_done(). Spans point into the caller's bytes and
 * live as long as those. */
#ifndef HD_READER_H
#define HD_READER_H

#include "bytes/base.h"

#include <string.h>

typedef struct hd_reader {
    const uint8_t *p;
    size_t left;
    bool bad;
} hd_reader;

static inline hd_reader
hd_reader_of(hd_span src)
{
    return (hd_reader){src.p, src.n, false};
}

/* True when everything was read and nothing was missing: the message agrees with its length. */
static inline bool
hd_reader_done(const hd_reader *r)
{
    return !r->bad && r->left == 0;
}

static inline hd_span
hd_read_span(hd_reader *r, size_t n)
{
    if (HD_UNLIKELY(r->left < n)) {
        r->bad = true;
        r->left = 0;
        return (hd_span){NULL, 0};
    }
    hd_span s = {r->p, n};
    r->p += n;
    r->left -= n;
    return s;
}

static inline hd_span
hd_read_rest(hd_reader *r)
{
    return hd_read_span(r, r->left);
}

static inline uint8_t
hd_read_u8(hd_reader *r)
{
    hd_span s = hd_read_span(r, 1);
    return s.n ? s.p[0] : 0;
}

static inline uint16_t
hd_read_u16(hd_reader *r)
{
    hd_span s = hd_read_span(r, 2);
    uint16_t v;
    if (s.n == 0)
        return 0;
    memcpy(&v, s.p, 2);
    return hd_be16(v);
}

static inline uint32_t
hd_read_u32(hd_reader *r)
{
    hd_span s = hd_read_span(r, 4);
    uint32_t v;
    if (s.n == 0)
        return 0;
    memcpy(&v, s.p, 4);
    return hd_be32(v);
}

static inline uint64_t
hd_read_u64(hd_reader *r)
{
    hd_span s = hd_read_span(r, 8);
    uint64_t v;
    if (s.n == 0)
        return 0;
    memcpy(&v, s.p, 8);
    return hd_be64(v);
}

static inline int16_t
hd_read_i16(hd_reader *r)
{
    return (int16_t)hd_read_u16(r);
}

static inline int32_t
hd_read_i32(hd_reader *r)
{
    return (int32_t)hd_read_u32(r);
}

static inline int64_t
hd_read_i64(hd_reader *r)
{
    return (int64_t)hd_read_u64(r);
}

/* A NUL-terminated string; the span leaves the NUL out. */
static inline hd_span
hd_read_cstr(hd_reader *r)
{
    const uint8_t *end = r->left ? memchr(r->p, 0, r->left) : NULL;
    if (end == NULL) {
        r->bad = true;
        r->left = 0;
        return (hd_span){NULL, 0};
    }
    hd_span s = {r->p, (size_t)(end - r->p)};
    r->p += s.n + 1;
    r->left -= s.n + 1;
    return s;
}

#endif
