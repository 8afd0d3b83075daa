/* The inbox: however a stream is cut into receives, and whoever holds on to chunks, the same messages come out, and
 * what is held doesn't change. Input: a seed byte, then the stream. */
#include "fuzz.h"

#include "bytes/chunk.h"

#include <string.h>

enum { MOST_HELD = 16 };

typedef struct held {
    hd_chunk *chunk;
    hd_span body;
    uint64_t digest;
} held;

static void
let_go(held *h)
{
    CHECK(fuzz_digest(0, h->body.p, h->body.n) == h->digest);
    hd_chunk_unref(h->chunk);
    h->chunk = NULL;
}

/* `most`: bytes per receive. The digest covers all messages and the code at the end. */
static uint64_t
receive(const uint8_t *p, size_t n, fuzz_random *random, uint32_t most)
{
    hd_inbox in = hd_inbox_of(&hd_alloc_default);
    held holding[MOST_HELD] = {0};
    hd_message msg;
    hd_rc rc = HD_MORE;
    uint64_t digest = 0;

    while (rc == HD_MORE && n != 0) {
        size_t room;
        uint8_t *to = hd_inbox_reserve(&in, &room);
        CHECK(to != NULL && room != 0);
        size_t part = fuzz_below(random, most) + 1;
        part = part < room ? part : room;
        part = part < n ? part : n;
        memcpy(to, p, part);
        hd_inbox_commit(&in, part);
        p += part;
        n -= part;
        uint8_t next = hd_inbox_peek(&in);
        while ((rc = hd_inbox_next(&in, &msg)) == HD_OK) {
            CHECK(msg.type == next);
            digest = fuzz_digest(digest, &msg.type, 1);
            digest = fuzz_digest(digest, msg.body.p, msg.body.n);
            held *h = &holding[fuzz_below(random, MOST_HELD)];
            if (h->chunk != NULL)
                let_go(h);
            else if (fuzz_below(random, 4) == 0)
                *h = (held){hd_chunk_ref(in.chunk), msg.body, fuzz_digest(0, msg.body.p, msg.body.n)};
            next = hd_inbox_peek(&in);
        }
        CHECK(next == 0);
    }
    hd_inbox_fini(&in);
    for (size_t i = 0; i < MOST_HELD; i++) {
        if (holding[i].chunk != NULL)
            let_go(&holding[i]);
    }
    return fuzz_digest(digest, &rc, sizeof(rc));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    fuzz_random random = fuzz_random_of(data[0]);
    uint64_t whole = receive(data + 1, size - 1, &random, UINT32_MAX);
    CHECK(receive(data + 1, size - 1, &random, 1) == whole);
    CHECK(receive(data + 1, size - 1, &random, 64) == whole);
    CHECK(receive(data + 1, size - 1, &random, 8192) == whole);
    return 0;
}
