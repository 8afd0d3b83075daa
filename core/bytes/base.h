/* What every room of the core shares: return codes, the borrowed span, the allocator. */
#ifndef HD_BASE_H
#define HD_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HD_MUSTCHECK __attribute__((warn_unused_result))
#define HD_LIKELY(x) __builtin_expect(!!(x), 1)
#define HD_UNLIKELY(x) __builtin_expect(!!(x), 0)

/* 0 is success, positive asks for more input, negative is an error. */
typedef enum hd_rc {
    HD_OK = 0,
    HD_MORE = 1,       /* the input ends before the item does */
    HD_ENOMEM = -1,    /* the allocator said no */
    HD_EPROTO = -2,    /* the server broke the protocol: the connection is lost */
    HD_EDATA = -3,     /* a value is malformed: the connection lives */
    HD_ERANGE = -4,    /* a value does not fit into the target */
    HD_ETOOLARGE = -5, /* a message would exceed what the server accepts */
    HD_EINVAL = -6,    /* the caller asked for something impossible, such as NUL in a C string */
} hd_rc;

/* Network order to host order and back. */
enum { HD_LITTLE_ENDIAN = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ };

static inline uint16_t
hd_be16(uint16_t v)
{
    return HD_LITTLE_ENDIAN ? __builtin_bswap16(v) : v;
}

static inline uint32_t
hd_be32(uint32_t v)
{
    return HD_LITTLE_ENDIAN ? __builtin_bswap32(v) : v;
}

static inline uint64_t
hd_be64(uint64_t v)
{
    return HD_LITTLE_ENDIAN ? __builtin_bswap64(v) : v;
}

/* Borrowed bytes. Whoever hands one out says until when it may be read. */
typedef struct hd_span {
    const uint8_t *p;
    size_t n;
} hd_span;

#define HD_SPAN_LITERAL(s) ((hd_span){(const uint8_t *)("" s), sizeof(s) - 1})

/* The one road to memory: n == 0 frees, p == NULL allocates. Tests pass one that fails on purpose. */
typedef struct hd_alloc {
    void *(*resize)(void *ctx, void *p, size_t n);
    void *ctx;
} hd_alloc;

/* malloc, realloc and free. */
extern const hd_alloc hd_alloc_default;

static inline void *
hd_resize(const hd_alloc *a, void *p, size_t n)
{
    return a->resize(a->ctx, p, n);
}

static inline void
hd_release(const hd_alloc *a, void *p)
{
    if (p != NULL)
        a->resize(a->ctx, p, 0);
}

#endif
