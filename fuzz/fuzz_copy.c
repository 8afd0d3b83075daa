/* The rows of COPY. Input: a byte that chooses the encoding, then a row as the server might send it; the same bytes are
 * taken as values to be written. */
#include "fuzz.h"

#include "text/copy.h"

/* Whatever is written as a field reads as the same field. */
static void
check_round_trip(hd_span value, hd_copy_encoding encoding)
{
    hd_writer row = hd_writer_of(&hd_alloc_default), scratch = hd_writer_of(&hd_alloc_default);
    hd_copy_fields fields;
    hd_span field;
    hd_write_bytes(&row, "\\N\t", 3);
    hd_write_span(&row, value);
    hd_copy_escape(&row, 3, encoding);
    CHECK(memchr(row.p + 3, '\n', row.n - 3) == NULL || encoding != HD_COPY_SAFE);
    hd_write_bytes(&row, "\tend\n", 5);
    CHECK(hd_copy_fields_of(&fields, hd_writer_span(&row), encoding) == HD_OK);
    CHECK(hd_copy_fields_next(&fields, &scratch, &field) == HD_OK && field.p == NULL);
    /* A character that is cut off would take the tab for its second half. */
    bool cut_off = encoding != HD_COPY_SAFE && value.n != 0 && value.p[value.n - 1] >= 0x80;
    if (!cut_off) {
        CHECK(hd_copy_fields_next(&fields, &scratch, &field) == HD_OK);
        CHECK(field.n == value.n && (value.n == 0 || memcmp(field.p, value.p, value.n) == 0));
        CHECK(hd_copy_fields_next(&fields, &scratch, &field) == HD_OK && field.n == 3);
        CHECK(hd_copy_fields_next(&fields, &scratch, &field) == HD_MORE);
    }
    hd_writer_fini(&row);
    hd_writer_fini(&scratch);
}

static void
read_row(hd_span row, hd_copy_encoding encoding)
{
    hd_writer scratch = hd_writer_of(&hd_alloc_default);
    hd_copy_fields fields;
    hd_span field;
    hd_rc rc = hd_copy_fields_of(&fields, row, encoding);
    size_t total = 0;
    while (rc == HD_OK && (rc = hd_copy_fields_next(&fields, &scratch, &field)) == HD_OK)
        total += field.n + 1;
    CHECK(rc == HD_MORE || rc == HD_EDATA);
    CHECK(total <= row.n);
    hd_writer_fini(&scratch);
}

static void
read_header(hd_span data)
{
    hd_reader r = hd_reader_of(data);
    hd_rc rc = hd_copy_read_header(&r);
    CHECK(rc == HD_OK || rc == HD_EDATA);
    CHECK(r.left <= data.n);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    hd_copy_encoding encoding = (hd_copy_encoding)(data[0] % 3);
    hd_span row = {data + 1, size - 1};
    read_row(row, encoding);
    read_header(row);
    check_round_trip(row, encoding);
    return 0;
}
