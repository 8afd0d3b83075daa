#include "hd_tap.h"

#include "bytes/chunk.h"
#include "bytes/reader.h"
#include "bytes/writer.h"

/* ---- reader */

static void
reader_reads_every_width(void)
{
    hd_reader r = hd_reader_of(HD_SPAN_LITERAL("\x01\xff\xfe\x00\x01\x02\x03\xff\xff\xff\xff\xff\xff\xff\xfe"
                                               "ab\0rest"));
    CHECK_EQ(hd_read_u8(&r), 1);
    CHECK_EQ(hd_read_i16(&r), -2);
    CHECK_EQ(hd_read_u32(&r), 0x00010203);
    CHECK_EQ(hd_read_i64(&r), -2);
    CHECK_SPAN(hd_read_cstr(&r), HD_SPAN_LITERAL("ab"));
    CHECK(!hd_reader_done(&r));
    CHECK_SPAN(hd_read_rest(&r), HD_SPAN_LITERAL("rest"));
    CHECK(hd_reader_done(&r));
}

static void
reader_failure_is_sticky(void)
{
    hd_reader r = hd_reader_of(HD_SPAN_LITERAL("\x01\x02\x03"));
    CHECK_EQ(hd_read_u32(&r), 0);
    CHECK(r.bad);
    CHECK_EQ(hd_read_u8(&r), 0);
    CHECK_EQ(hd_read_u16(&r), 0);
    CHECK_EQ(hd_read_u64(&r), 0);
    CHECK(hd_read_cstr(&r).p == NULL);
    CHECK_EQ(hd_read_rest(&r).n, 0);
    CHECK(!hd_reader_done(&r));
}

static void
reader_refuses_what_is_not_there(void)
{
    hd_reader r = hd_reader_of(HD_SPAN_LITERAL("abc"));
    CHECK(hd_read_cstr(&r).p == NULL);
    CHECK(r.bad);
    r = hd_reader_of(HD_SPAN_LITERAL("abc"));
    CHECK(hd_read_span(&r, SIZE_MAX).p == NULL);
    CHECK(r.bad);
    r = hd_reader_of((hd_span){NULL, 0});
    CHECK(hd_reader_done(&r));
    CHECK(hd_read_cstr(&r).p == NULL);
    CHECK(r.bad);
}

/* ---- writer */

static void
writer_patches_lengths(void)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    size_t message = hd_write_begin(&w, 'B');
    size_t value = hd_write_value_begin(&w);
    hd_write_u8(&w, 1);
    hd_write_u16(&w, 0x0203);
    hd_write_u32(&w, 0x04050607);
    hd_write_u64(&w, 0x08090a0b0c0d0e0fu);
    hd_write_value_end(&w, value);
    hd_write_null(&w);
    hd_write_cstr(&w, HD_SPAN_LITERAL("x"));
    hd_write_end(&w, message);
    CHECK_EQ(w.rc, HD_OK);
    CHECK_SPAN(
        hd_writer_span(&w),
        HD_SPAN_LITERAL("B\0\0\0\x1d\0\0\0\x0f\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f\xff\xff\xff\xffx\0"));
    hd_writer_fini(&w);
    CHECK(w.p == NULL && w.n == 0);
}

static void
writer_refuses_nul_until_rewound(void)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_write_u8(&w, 'a');
    size_t mark = w.n;
    size_t at = hd_write_begin(&w, 'Q');
    hd_write_cstr(&w, HD_SPAN_LITERAL("select\0;drop"));
    hd_write_u32(&w, 7);
    hd_write_end(&w, at);
    CHECK_EQ(w.rc, HD_EINVAL);
    hd_writer_rewind(&w, mark);
    CHECK_EQ(w.rc, HD_OK);
    hd_write_u8(&w, 'b');
    CHECK_SPAN(hd_writer_span(&w), HD_SPAN_LITERAL("ab"));
    hd_writer_fini(&w);
}

static void
writer_grows(void)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    for (uint32_t i = 0; i < 100000; i++)
        hd_write_u32(&w, i);
    hd_reader r = hd_reader_of(hd_writer_span(&w));
    for (uint32_t i = 0; i < 100000; i++) {
        if (!CHECK_EQ(hd_read_u32(&r), i))
            break;
    }
    CHECK(hd_reader_done(&r));
    CHECK(!hd_writer_reserve(&w, SIZE_MAX / 2));
    CHECK_EQ(w.rc, HD_ETOOLARGE);
    CHECK_EQ(w.n, 400000);
    hd_writer_fini(&w);
}

static void *
refuse_memory(void *ctx, void *p, size_t n)
{
    return NULL;
}

static void
writer_without_memory(void)
{
    hd_writer w = hd_writer_of(&(hd_alloc){refuse_memory, NULL});
    size_t at = hd_write_begin(&w, 'Q');
    hd_write_cstr(&w, HD_SPAN_LITERAL("select 1"));
    hd_write_end(&w, at);
    CHECK_EQ(w.rc, HD_ENOMEM);
    CHECK_EQ(w.n, 0);
    hd_writer_fini(&w);
}

/* A length that the server would refuse, without a gigabyte to show it: the size is faked. */
static void
writer_refuses_too_large_messages(void)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    size_t at = hd_write_begin(&w, 'd');
    size_t honest = w.n;
    w.n = at + HD_MESSAGE_MAX + 1;
    hd_write_end(&w, at);
    CHECK_EQ(w.rc, HD_ETOOLARGE);
    hd_writer_rewind(&w, honest);
    w.n = at + HD_MESSAGE_MAX;
    hd_write_end(&w, at);
    CHECK_EQ(w.rc, HD_OK);
    hd_writer_rewind(&w, honest);
    CHECK(memcmp(w.p, "d\x3f\xff\xff\xfe", 5) == 0);
    hd_writer_fini(&w);
}

/* ---- inbox */

/* Puts bytes in, as much at a time as there is room. */
static bool
put(hd_inbox *in, const uint8_t *p, size_t n)
{
    while (n != 0) {
        size_t room;
        uint8_t *to = hd_inbox_reserve(in, &room);
        if (to == NULL)
            return false;
        CHECK(room != 0);
        size_t part = n < room ? n : room;
        memcpy(to, p, part);
        hd_inbox_commit(in, part);
        p += part;
        n -= part;
    }
    return true;
}

/* A few messages of different sizes; message i has the type 'A' + i and i * i * 37 bytes of that letter. */
enum { STREAM_MESSAGES = 12 };

static hd_writer
make_stream(void)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    for (int i = 0; i < STREAM_MESSAGES; i++) {
        size_t at = hd_write_begin(&w, (uint8_t)('A' + i));
        for (int k = 0; k < i * i * 37; k++)
            hd_write_u8(&w, (uint8_t)('A' + i));
        hd_write_end(&w, at);
    }
    return w;
}

/* Takes out what is complete and checks that it is message *next and so on. */
static void
take(hd_inbox *in, int *next)
{
    hd_message msg;
    hd_rc rc;
    for (;;) {
        uint8_t type = hd_inbox_peek(in);
        rc = hd_inbox_next(in, &msg);
        if (rc != HD_OK)
            break;
        CHECK_EQ(type, msg.type);
        CHECK_EQ(msg.type, 'A' + *next);
        CHECK_EQ(msg.body.n, *next * *next * 37);
        CHECK(msg.body.n == 0 || (msg.body.p[0] == msg.type && msg.body.p[msg.body.n - 1] == msg.type));
        ++*next;
    }
    CHECK_EQ(rc, HD_MORE);
    CHECK_EQ(hd_inbox_peek(in), 0);
}

static void
inbox_split_at_every_boundary(void)
{
    hd_writer w = make_stream();
    for (size_t cut = 0; cut <= w.n; cut++) {
        hd_inbox in = hd_inbox_of(&hd_alloc_default);
        int next = 0;
        put(&in, w.p, cut);
        take(&in, &next);
        put(&in, w.p + cut, w.n - cut);
        take(&in, &next);
        CHECK_EQ(next, STREAM_MESSAGES);
        CHECK_EQ(hd_inbox_pending(&in), 0);
        hd_inbox_fini(&in);
    }
    hd_writer_fini(&w);
}

static void
inbox_byte_by_byte(void)
{
    hd_writer w = make_stream();
    hd_inbox in = hd_inbox_of(&hd_alloc_default);
    int next = 0;
    for (size_t i = 0; i < w.n; i++) {
        put(&in, w.p + i, 1);
        take(&in, &next);
    }
    CHECK_EQ(next, STREAM_MESSAGES);
    hd_inbox_fini(&in);
    hd_writer_fini(&w);
}

static void
inbox_keeps_referenced_chunks_in_place(void)
{
    enum { KEPT = 200 };
    hd_inbox in = hd_inbox_of(&hd_alloc_default);
    hd_chunk *chunks[KEPT];
    hd_span bodies[KEPT];
    uint8_t message[5 + 700] = {'D', 0, 0, (4 + 700) >> 8, (4 + 700) & 0xff};

    for (size_t i = 0; i < KEPT; i++) {
        hd_message msg;
        memset(message + 5, (int)i, 700);
        /* In two parts, so that an incomplete tail has to move to another chunk now and then. */
        put(&in, message, 300);
        CHECK_EQ(hd_inbox_next(&in, &msg), HD_MORE);
        put(&in, message + 300, sizeof(message) - 300);
        CHECK_EQ(hd_inbox_next(&in, &msg), HD_OK);
        bodies[i] = msg.body;
        chunks[i] = hd_chunk_ref(in.chunk);
    }
    hd_inbox_fini(&in);
    for (size_t i = 0; i < KEPT; i++) {
        bool intact = bodies[i].n == 700;
        for (size_t k = 0; intact && k < 700; k++)
            intact = bodies[i].p[k] == (uint8_t)i;
        CHECK(intact);
        hd_chunk_unref(chunks[i]);
    }
    hd_chunk_unref(NULL);
}

static void
inbox_reuses_a_chunk_nobody_holds(void)
{
    tap_heap heap = {0};
    hd_alloc alloc = {tap_resize, &heap};
    hd_inbox in = hd_inbox_of(&alloc);
    hd_message msg;
    for (int i = 0; i < 10000; i++) {
        put(&in, (const uint8_t *)"Z\0\0\0\5I", 6);
        CHECK_EQ(hd_inbox_next(&in, &msg), HD_OK);
    }
    CHECK_EQ(heap.calls, 1);
    hd_inbox_fini(&in);
    CHECK_EQ(heap.live, 0);
}

/* Receives that fill their room get a larger one, up to a limit. */
static void
inbox_takes_larger_chunks(void)
{
    hd_inbox in = hd_inbox_of(&hd_alloc_default);
    hd_message msg;
    size_t first = 0, room = 0;
    for (int i = 0; i < 10; i++) {
        uint8_t *to = hd_inbox_reserve(&in, &room);
        uint32_t length = hd_be32((uint32_t)room - 1);
        memset(to, 'd', room);
        memcpy(to + 1, &length, 4);
        hd_inbox_commit(&in, room);
        CHECK_EQ(hd_inbox_next(&in, &msg), HD_OK);
        CHECK_EQ(msg.body.n, room - 5);
        first = first ? first : room;
    }
    CHECK_EQ(first, 16 * 1024);
    CHECK_EQ(room, 256 * 1024);
    hd_inbox_fini(&in);
}

/* What a message claims costs nothing; what has arrived costs at most a small multiple. */
static void
inbox_grows_by_arrival(void)
{
    enum { SIZE = 8 << 20, STEP = 4096 };
    static uint8_t part[STEP];
    tap_heap heap = {0};
    hd_alloc alloc = {tap_resize, &heap};
    hd_inbox in = hd_inbox_of(&alloc);
    hd_message msg;
    uint32_t length = hd_be32(SIZE + 4);
    uint8_t header[5] = {'d'};

    memcpy(header + 1, &length, 4);
    put(&in, header, 5);
    for (size_t arrived = 0; arrived < SIZE; arrived += STEP) {
        CHECK_EQ(hd_inbox_next(&in, &msg), HD_MORE);
        put(&in, part, STEP);
        if (!CHECK(heap.peak <= 4 * arrived + (1 << 18)))
            break;
    }
    CHECK_EQ(hd_inbox_next(&in, &msg), HD_OK);
    CHECK_EQ(msg.body.n, SIZE);
    CHECK(heap.calls < 32);
    hd_inbox_fini(&in);
    CHECK_EQ(heap.live, 0);
}

static void
inbox_judges_lengths(void)
{
    static const struct {
        const char header[6];
        hd_rc rc;
    } cases[] = {
        {"Z\0\0\0\0", HD_EPROTO},   {"Z\0\0\0\3", HD_EPROTO},         {"Z\0\0\0\4", HD_OK},
        {"Z\0\0\0\5", HD_MORE},     {"Z\x7f\xff\xff\xfe", HD_MORE},   {"Z\x7f\xff\xff\xff", HD_EPROTO},
        {"Z\x80\0\0\0", HD_EPROTO}, {"Z\xff\xff\xff\xff", HD_EPROTO},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_heap heap = {0};
        hd_alloc alloc = {tap_resize, &heap};
        hd_inbox in = hd_inbox_of(&alloc);
        hd_message msg;
        hd_reader length = hd_reader_of((hd_span){(const uint8_t *)cases[i].header + 1, 4});
        size_t room, claimed;
        put(&in, (const uint8_t *)cases[i].header, 4);
        CHECK_EQ(hd_inbox_header(&in, &claimed), 0);
        put(&in, (const uint8_t *)cases[i].header + 4, 1);
        CHECK_EQ(hd_inbox_header(&in, &claimed), 'Z');
        CHECK_EQ(claimed, (uint64_t)hd_read_u32(&length) + 1);
        CHECK_EQ(hd_inbox_peek(&in), cases[i].rc == HD_OK ? 'Z' : 0);
        CHECK_EQ(hd_inbox_next(&in, &msg), cases[i].rc);
        CHECK(hd_inbox_reserve(&in, &room) != NULL);
        CHECK(heap.peak <= 1 << 16);
        hd_inbox_fini(&in);
    }
}

static void
fill_and_take(const hd_alloc *alloc)
{
    hd_writer w = make_stream();
    hd_inbox in = hd_inbox_of(alloc);
    hd_chunk *held[64];
    hd_message msg;
    size_t n_held = 0;
    bool whole = true;
    for (int i = 0; whole && i < 20; i++) {
        whole = put(&in, w.p, w.n);
        while (hd_inbox_next(&in, &msg) == HD_OK) {
            if (msg.type == 'E')
                held[n_held++] = hd_chunk_ref(in.chunk);
        }
    }
    CHECK_EQ(hd_inbox_next(&in, &msg), HD_MORE);
    for (size_t i = 0; i < n_held; i++)
        hd_chunk_unref(held[i]);
    hd_inbox_fini(&in);
    hd_writer_fini(&w);
}

static void
inbox_survives_allocation_failures(void)
{
    tap_fail_each_allocation(fill_and_take);
}

int
main(void)
{
    RUN(reader_reads_every_width);
    RUN(reader_failure_is_sticky);
    RUN(reader_refuses_what_is_not_there);
    RUN(writer_patches_lengths);
    RUN(writer_refuses_nul_until_rewound);
    RUN(writer_grows);
    RUN(writer_without_memory);
    RUN(writer_refuses_too_large_messages);
    RUN(inbox_split_at_every_boundary);
    RUN(inbox_byte_by_byte);
    RUN(inbox_keeps_referenced_chunks_in_place);
    RUN(inbox_reuses_a_chunk_nobody_holds);
    RUN(inbox_takes_larger_chunks);
    RUN(inbox_grows_by_arrival);
    RUN(inbox_judges_lengths);
    RUN(inbox_survives_allocation_failures);
    return tap_done();
}
