/* A whole conversation with a server that may say anything: however its bytes are cut, the same events come out, rows
 * taken by the short road included. Input: what hd_converse.h calls a recording. */
#include "fuzz.h"

#include "../tests/core/hd_converse.h"

static void
play(hd_conversation *c, const hd_recording *recording, fuzz_random *random, uint32_t most)
{
    hd_span stream = recording->stream;
    hd_converse_begin(c, &hd_alloc_default, recording->requests);
    c->short_road = most % 2;
    while (stream.n != 0) {
        size_t part = (size_t)fuzz_below(random, most) + 1;
        part = part < stream.n ? part : stream.n;
        hd_converse_feed(c, (hd_span){stream.p, part});
        stream = (hd_span){stream.p + part, stream.n - part};
    }
}

static void
check_same(const hd_conversation *a, const hd_conversation *b)
{
    CHECK(a->rc == b->rc && a->digest == b->digest);
    CHECK(a->session.state == b->session.state && a->session.count == b->session.count);
    CHECK(a->session.transaction_status == b->session.transaction_status);
    CHECK(a->session.parameters.version == b->session.parameters.version);
    CHECK(a->trace.n == b->trace.n && (a->trace.n == 0 || memcmp(a->trace.p, b->trace.p, a->trace.n) == 0));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t mosts[] = {1, 7, 300};
    hd_recording recording;
    if (!hd_recording_of((hd_span){data, size}, &recording) || recording.requests.n > 200)
        return 0;
    fuzz_random random = fuzz_random_of((uint32_t)size);
    hd_conversation whole, cut;
    play(&whole, &recording, &random, UINT32_MAX - 1);
    for (size_t i = 0; i < sizeof(mosts) / sizeof(mosts[0]); i++) {
        play(&cut, &recording, &random, mosts[i]);
        check_same(&whole, &cut);
        hd_converse_end(&cut);
    }
    hd_converse_end(&whole);
    return 0;
}
