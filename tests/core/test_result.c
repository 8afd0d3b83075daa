#include "hd_tap.h"

#include "bytes/writer.h"
#include "result/result.h"
#include "wire/backend.h"

/* Rows of two columns: the row's number as int4, and as many letters as the number says, or NULL every fifth. */
static void
write_row(hd_writer *w, uint32_t i, uint32_t letters)
{
    size_t at = hd_write_begin(w, HD_BE_DATA_ROW);
    hd_write_u16(w, 2);
    size_t number = hd_write_value_begin(w);
    hd_write_u32(w, i);
    hd_write_value_end(w, number);
    if (i % 5 == 4)
        hd_write_null(w);
    else {
        size_t text = hd_write_value_begin(w);
        for (uint32_t k = 0; k < letters; k++)
            hd_write_u8(w, (uint8_t)('a' + i % 26));
        hd_write_value_end(w, text);
    }
    hd_write_end(w, at);
}

static void
check_row(const hd_result *r, uint32_t i, uint32_t letters)
{
    hd_reader row = hd_result_row(r, i);
    hd_span value = {NULL, 0};
    CHECK(hd_row_next(&row, &value));
    hd_reader number = hd_reader_of(value);
    CHECK_EQ(hd_read_u32(&number), i);
    CHECK(hd_reader_done(&number));
    bool given = hd_row_next(&row, &value);
    CHECK_EQ(given, i % 5 != 4);
    CHECK(!given || (value.n == letters && (letters == 0 || value.p[letters - 1] == 'a' + i % 26)));
    CHECK(hd_reader_done(&row));
}

/* Receives n rows through an inbox and keeps them; the inbox is gone at the end. */
static hd_rc
fill(hd_result *r, const hd_alloc *alloc, uint32_t n, uint32_t letters)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_inbox in = hd_inbox_of(alloc);
    hd_message msg;
    hd_rc rc = HD_OK;

    for (uint32_t i = 0; i < n; i++)
        write_row(&w, i, letters);
    for (size_t at = 0, room; rc == HD_OK && at < w.n; at += room) {
        uint8_t *to = hd_inbox_reserve(&in, &room);
        if (to == NULL) {
            rc = HD_ENOMEM;
            break;
        }
        room = room < w.n - at ? room : w.n - at;
        memcpy(to, w.p + at, room);
        hd_inbox_commit(&in, room);
        while (rc == HD_OK && hd_inbox_next(&in, &msg) == HD_OK)
            rc = hd_result_add(r, in.chunk, msg.body);
    }
    hd_inbox_fini(&in);
    hd_writer_fini(&w);
    return rc;
}

static void
rows_are_kept(void)
{
    static const struct {
        uint32_t n, letters;
        bool small;
    } cases[] = {{0, 0, true},      {1, 3, true},      {4, 10, true},      {5, 10, true},     {100, 20, true},
                 {1, 20000, false}, {3000, 30, false}, {40, 10000, false}, {2, 500000, false}};
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        tap_heap heap = {0};
        hd_alloc alloc = {tap_resize, &heap};
        hd_result r;
        hd_result_init(&r, &alloc, 2);
        CHECK_EQ(fill(&r, &alloc, cases[i].n, cases[i].letters), HD_OK);
        CHECK_EQ(r.n_rows, cases[i].n);
        for (uint32_t k = 0; k < cases[i].n; k++)
            check_row(&r, k, cases[i].letters);
        CHECK_EQ(hd_result_seal(&r), HD_OK);
        CHECK_EQ(hd_result_seal(&r), HD_OK);
        for (uint32_t k = 0; k < cases[i].n; k++)
            check_row(&r, k, cases[i].letters);
        CHECK_EQ(r.n_chunks == 0, cases[i].small);
        hd_result_fini(&r);
        CHECK_EQ(heap.live, 0);
    }
}

/* One small row must not hold on to the chunk that it came in. */
static void
small_results_let_go_of_chunks(void)
{
    hd_inbox in = hd_inbox_of(&hd_alloc_default);
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_message msg;
    hd_result r;
    size_t room;

    write_row(&w, 1, 3);
    memcpy(hd_inbox_reserve(&in, &room), w.p, w.n);
    hd_inbox_commit(&in, w.n);
    CHECK_EQ(hd_inbox_next(&in, &msg), HD_OK);
    hd_result_init(&r, &hd_alloc_default, 2);
    CHECK_EQ(hd_result_add(&r, in.chunk, msg.body), HD_OK);
    CHECK_EQ(atomic_load(&in.chunk->refs), 2);
    CHECK_EQ(hd_result_seal(&r), HD_OK);
    CHECK_EQ(atomic_load(&in.chunk->refs), 1);
    CHECK_EQ(r.bytes, w.n - 1);
    hd_result_fini(&r);
    hd_inbox_fini(&in);
    hd_writer_fini(&w);
}

static void
rows_of_another_width_are_refused(void)
{
    static const hd_span bodies[] = {HD_SPAN_LITERAL(""), HD_SPAN_LITERAL("\0"),
                                     HD_SPAN_LITERAL("\0\1\xff\xff\xff\xff"),
                                     HD_SPAN_LITERAL("\0\3\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")};
    hd_inbox in = hd_inbox_of(&hd_alloc_default);
    hd_result r;
    size_t room;
    CHECK(hd_inbox_reserve(&in, &room) != NULL);
    hd_result_init(&r, &hd_alloc_default, 2);
    for (size_t i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++)
        CHECK_EQ(hd_result_add(&r, in.chunk, bodies[i]), HD_EPROTO);
    CHECK_EQ(r.n_rows, 0);
    CHECK_EQ(atomic_load(&in.chunk->refs), 1);
    hd_result_fini(&r);
    hd_inbox_fini(&in);
}

static void
keep_rows(const hd_alloc *alloc)
{
    static const uint32_t sizes[][2] = {{30, 10}, {60, 3000}};
    for (size_t i = 0; i < 2; i++) {
        hd_result r;
        hd_result_init(&r, alloc, 2);
        hd_rc rc = fill(&r, alloc, sizes[i][0], sizes[i][1]);
        for (uint32_t k = 0; k < r.n_rows; k++)
            check_row(&r, k, sizes[i][1]);
        if (rc == HD_OK)
            rc = hd_result_seal(&r);
        CHECK(rc == HD_OK || rc == HD_ENOMEM);
        for (uint32_t k = 0; k < r.n_rows; k++)
            check_row(&r, k, sizes[i][1]);
        hd_result_fini(&r);
    }
}

static void
results_survive_allocation_failures(void)
{
    tap_fail_each_allocation(keep_rows);
}

int
main(void)
{
    RUN(rows_are_kept);
    RUN(small_results_let_go_of_chunks);
    RUN(rows_of_another_width_are_refused);
    RUN(results_survive_allocation_failures);
    return tap_done();
}
