/* The result: whatever bytes a row has, it reads back as it came, before and after the result is sealed, and reading it
 * stays within it. Input: a seed byte, the number of columns, then the stream. */
#include "fuzz.h"

#include "result/result.h"
#include "wire/backend.h"

#include <string.h>

/* Over every value of every row, as a row maker reads them, and over how each row ended. */
static uint64_t
read_rows(const hd_result *r)
{
    uint64_t digest = 0;
    for (size_t i = 0; i < r->n_rows; i++) {
        hd_reader values = hd_result_row(r, i);
        for (uint16_t c = 0; c < r->n_columns; c++) {
            hd_span value = {NULL, 0};
            bool null = !hd_row_next(&values, &value);
            digest = fuzz_digest(digest, &null, sizeof(null));
            digest = fuzz_digest(digest, value.p, value.n);
        }
        bool whole = hd_reader_done(&values);
        digest = fuzz_digest(digest, &whole, sizeof(whole));
    }
    return digest;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2)
        return 0;
    fuzz_random random = fuzz_random_of(data[0]);
    hd_inbox in = hd_inbox_of(&hd_alloc_default);
    hd_result result;
    hd_message msg;
    hd_rc rc = HD_MORE;
    size_t rows = 0;

    hd_result_init(&result, &hd_alloc_default, data[1]);
    for (data += 2, size -= 2; rc == HD_MORE && size != 0;) {
        size_t room;
        uint8_t *to = hd_inbox_reserve(&in, &room);
        CHECK(to != NULL);
        size_t part = fuzz_below(&random, 4096) + 1;
        part = part < room ? part : room;
        part = part < size ? part : size;
        memcpy(to, data, part);
        hd_inbox_commit(&in, part);
        data += part;
        size -= part;
        while ((rc = hd_inbox_next(&in, &msg)) == HD_OK) {
            hd_rc added = hd_result_add(&result, in.chunk, msg.body);
            CHECK(added == HD_OK || added == HD_EPROTO);
            rows += added == HD_OK;
        }
    }
    hd_inbox_fini(&in); /* what the result holds outlives the inbox */
    CHECK(result.n_rows == rows);
    uint64_t before = read_rows(&result);
    CHECK(hd_result_seal(&result) == HD_OK);
    CHECK(read_rows(&result) == before);
    hd_result_fini(&result);
    return 0;
}
