#include "bytes/chunk.h"

#include <string.h>

enum {
    FIRST_CHUNK = 16 * 1024,
    LARGEST_CHUNK = 256 * 1024, /* larger ones gain nothing: one recv() already drains the socket buffer */
    LEAST_ROOM = 4 * 1024,
    HEADER = 5, /* type byte and length word */
};

void
hd_chunk_unref(hd_chunk *c)
{
    if (c != NULL && atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) == 1)
        hd_release(c->alloc, c);
}

static hd_chunk *
chunk_new(const hd_alloc *alloc, size_t cap)
{
    hd_chunk *c = hd_resize(alloc, NULL, sizeof(hd_chunk) + cap);
    if (c == NULL)
        return NULL;
    atomic_init(&c->refs, 1);
    c->used = 0;
    c->cap = cap;
    c->alloc = alloc;
    return c;
}

hd_inbox
hd_inbox_of(const hd_alloc *alloc)
{
    return (hd_inbox){NULL, 0, FIRST_CHUNK, alloc};
}

void
hd_inbox_fini(hd_inbox *in)
{
    hd_chunk_unref(in->chunk);
    *in = hd_inbox_of(in->alloc);
}

size_t
hd_inbox_pending(const hd_inbox *in)
{
    return in->chunk ? in->chunk->used - in->head : 0;
}

/* Bytes of the message at `head` including its type byte, as it claims; 0 while the header is incomplete. */
static size_t
claimed_size(const hd_inbox *in)
{
    uint32_t length;
    if (hd_inbox_pending(in) < HEADER)
        return 0;
    memcpy(&length, in->chunk->data + in->head + 1, 4);
    return (size_t)hd_be32(length) + 1;
}

/* Moves the unparsed tail into a chunk of its own. */
static bool
start_chunk(hd_inbox *in, size_t cap)
{
    size_t tail = hd_inbox_pending(in);
    hd_chunk *c = chunk_new(in->alloc, cap);
    if (c == NULL)
        return false;
    if (tail != 0)
        memcpy(c->data, in->chunk->data + in->head, tail);
    c->used = tail;
    hd_chunk_unref(in->chunk);
    in->chunk = c;
    in->head = 0;
    return true;
}

uint8_t *
hd_inbox_reserve(hd_inbox *in, size_t *room)
{
    hd_chunk *c = in->chunk;
    size_t tail = hd_inbox_pending(in);

    if (c != NULL && atomic_load_explicit(&c->refs, memory_order_acquire) == 1) {
        if (tail == 0) {
            in->head = c->used = 0;
            if (c->cap < in->next_cap)
                c = NULL; /* nothing is worth keeping: take the larger size now */
        }
        else if (in->head != 0 && c->cap - c->used < LEAST_ROOM) {
            memmove(c->data, c->data + in->head, tail);
            in->head = 0;
            c->used = tail;
        }
    }
    if (c == NULL || c->cap - c->used < LEAST_ROOM) {
        size_t cap = in->next_cap;
        /* A message larger than a chunk: double what has arrived, so that a false length costs nothing. */
        while (cap < tail + LEAST_ROOM || (cap < claimed_size(in) && cap < 2 * tail))
            cap *= 2;
        if (!start_chunk(in, cap))
            return NULL;
    }
    *room = in->chunk->cap - in->chunk->used;
    return in->chunk->data + in->chunk->used;
}

void
hd_inbox_commit(hd_inbox *in, size_t n)
{
    in->chunk->used += n;
    if (in->chunk->used == in->chunk->cap)
        hd_inbox_enlarge(in);
}

void
hd_inbox_enlarge(hd_inbox *in)
{
    if (in->next_cap < LARGEST_CHUNK)
        in->next_cap *= 2;
}

/* The message at `head`: HD_OK and its size, HD_MORE, or HD_EPROTO. */
static hd_rc
measure(const hd_inbox *in, size_t *size)
{
    *size = claimed_size(in);
    if (*size == 0)
        return HD_MORE;
    if (*size < HEADER || *size > (size_t)INT32_MAX)
        return HD_EPROTO;
    return hd_inbox_pending(in) < *size ? HD_MORE : HD_OK;
}

hd_rc
hd_inbox_next(hd_inbox *in, hd_message *msg)
{
    size_t size;
    hd_rc rc = measure(in, &size);
    if (rc != HD_OK)
        return rc;
    const uint8_t *p = in->chunk->data + in->head;
    msg->type = p[0];
    msg->body = (hd_span){p + HEADER, size - HEADER};
    in->head += size;
    return HD_OK;
}

uint8_t
hd_inbox_header(const hd_inbox *in, size_t *size)
{
    *size = claimed_size(in);
    return *size != 0 ? in->chunk->data[in->head] : 0;
}

uint8_t
hd_inbox_peek(const hd_inbox *in)
{
    size_t size;
    return measure(in, &size) == HD_OK ? in->chunk->data[in->head] : 0;
}
