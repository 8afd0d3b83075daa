/* Where received bytes live: counted chunks, and the inbox that fills them and cuts them into messages.
 *
 *   0 .. head      parsed
 *   head .. used   received, to parse
 *   used .. cap    room for recv()
 *
 * A result that wants to keep rows takes a reference to the chunk they are in; as long as one is held, the inbox
 * never moves or overwrites what was received, and goes on in a fresh chunk when it needs room. */
#ifndef HD_CHUNK_H
#define HD_CHUNK_H

#include "bytes/base.h"

#include <stdatomic.h>

typedef struct hd_chunk {
    atomic_size_t refs;
    size_t used;
    size_t cap;
    const hd_alloc *alloc;
    uint8_t data[];
} hd_chunk;

static inline hd_chunk *
hd_chunk_ref(hd_chunk *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

/* Gives a reference back; NULL is allowed. */
void hd_chunk_unref(hd_chunk *c);

typedef struct hd_inbox {
    hd_chunk *chunk; /* NULL before the first reserve */
    size_t head;
    size_t next_cap; /* capacity of the next chunk: grows while recv() fills what it is given */
    const hd_alloc *alloc;
} hd_inbox;

/* One message, cut out but not understood. The body lives until the next hd_inbox_reserve(), or longer for who holds
 * a reference to the chunk. */
typedef struct hd_message {
    uint8_t type;
    hd_span body;
} hd_message;

hd_inbox hd_inbox_of(const hd_alloc *alloc);
void hd_inbox_fini(hd_inbox *in);

/* Room to receive into, at least one byte; NULL: no memory. What is allocated follows the bytes that have arrived,
 * never the length that a message claims. */
uint8_t *hd_inbox_reserve(hd_inbox *in, size_t *room);

/* n bytes (at most the room reserved) were received. */
void hd_inbox_commit(hd_inbox *in, size_t n);

/* The room was filled, though less became of it: the next chunk may be larger. */
void hd_inbox_enlarge(hd_inbox *in);

/* Cuts out the next message. HD_MORE: not complete yet. HD_EPROTO: a length that no server sends. */
HD_MUSTCHECK hd_rc hd_inbox_next(hd_inbox *in, hd_message *msg);

/* The type of the next message, complete or not, and the size it claims (its type byte included); 0 before the five bytes
 * of its header have come. */
uint8_t hd_inbox_header(const hd_inbox *in, size_t *size);

/* The type of the next message if it is complete, else 0; consumes nothing. */
uint8_t hd_inbox_peek(const hd_inbox *in);

/* Bytes received and not yet parsed. */
size_t hd_inbox_pending(const hd_inbox *in);

#endif
