#include "hd_tap.h"

#include "text/copy.h"

/* The value escaped behind a prefix that looks as if it had to be. */
static void
check_escape(const char *value, size_t n, hd_copy_encoding encoding, const char *want)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_write_bytes(&w, "\t\\", 2);
    hd_write_bytes(&w, value, n);
    hd_copy_escape(&w, 2, encoding);
    CHECK_EQ(w.rc, HD_OK);
    CHECK(w.n >= 2 && memcmp(w.p, "\t\\", 2) == 0);
    CHECK_SPAN(((hd_span){w.p + 2, w.n - 2}), tap_span(want));
    hd_writer_fini(&w);
}

static void
escape(void)
{
#define ESCAPE(value, want) check_escape(value, sizeof(value) - 1, HD_COPY_SAFE, want)
    ESCAPE("", "");
    ESCAPE("a", "a");
    ESCAPE("plain text, longer than a word", "plain text, longer than a word");
    ESCAPE("\t", "\\t");
    ESCAPE("\b\t\n\v\f\r\\", "\\b\\t\\n\\v\\f\\r\\\\");
    ESCAPE("\\N", "\\\\N");
    ESCAPE("\\.", "\\\\.");
    ESCAPE("1234567\t", "1234567\\t");
    ESCAPE("12345678\t", "12345678\\t");
    ESCAPE("\t12345678", "\\t12345678");
    ESCAPE("12345678\n12345678\n", "12345678\\n12345678\\n");
    ESCAPE("\x01\x07\x0e\x1f", "\x01\x07\x0e\x1f");
    ESCAPE("\xc3\xa9\xdc\x5c", "\xc3\xa9\xdc\\\\");
    ESCAPE("\xff\xfe\x80\x8d\x89\x8a", "\xff\xfe\x80\x8d\x89\x8a");
#undef ESCAPE
}

/* Each byte in each place of a word and its neighbours. */
static void
escape_every_byte(void)
{
    for (unsigned byte = 1; byte < 256; byte++) {
        for (size_t at = 0; at < 20; at++) {
            char value[20], want[22];
            const char *special = "\b\t\n\v\f\r\\", *letters = "btnvfr\\";
            const char *found = memchr(special, (int)byte, 7);
            memset(value, 'x', sizeof(value));
            value[at] = (char)byte;
            memset(want, 'x', sizeof(want));
            want[at] = (char)byte;
            want[sizeof(value)] = 0;
            if (found != NULL) {
                want[sizeof(value)] = 'x';
                want[sizeof(value) + 1] = 0;
                want[at] = '\\';
                want[at + 1] = letters[found - special];
            }
            check_escape(value, sizeof(value), HD_COPY_SAFE, want);
        }
    }
}

/* A backslash's byte that ends another character is none; behind a whole character it is one. */
static void
escape_wide(void)
{
    check_escape("\x95\x5c", 2, HD_COPY_SHIFT_JIS, "\x95\x5c");
    check_escape("\x95\x5c\\", 3, HD_COPY_SHIFT_JIS, "\x95\x5c\\\\");
    check_escape("\xb1\\", 2, HD_COPY_SHIFT_JIS, "\xb1\\\\"); /* half-width katakana */
    check_escape("\xfb\x5c\n", 3, HD_COPY_SHIFT_JIS, "\xfb\x5c\\n");
    check_escape("\xa5\x5c\x5c", 3, HD_COPY_DOUBLE_BYTE, "\xa5\x5c\\\\");
    check_escape("\x81\x30\x81\x30\\", 5, HD_COPY_DOUBLE_BYTE, "\x81\x30\x81\x30\\\\");
    check_escape("\x81", 1, HD_COPY_DOUBLE_BYTE, "\x81");
    CHECK_EQ(hd_copy_encoding_of("utf-8"), HD_COPY_SAFE);
    CHECK_EQ(hd_copy_encoding_of("latin-1"), HD_COPY_SAFE);
    CHECK_EQ(hd_copy_encoding_of("shift_jis_2004"), HD_COPY_SHIFT_JIS);
    CHECK_EQ(hd_copy_encoding_of("gb18030"), HD_COPY_DOUBLE_BYTE);
}

/* The fields in brackets, N for NULL; the return code of the last. */
static hd_rc
fields_of(hd_span row, hd_copy_encoding encoding, const hd_alloc *alloc, hd_writer *out)
{
    hd_copy_fields fields;
    uint8_t *p = tap_copy(row);
    hd_rc rc = hd_copy_fields_of(&fields, (hd_span){p, row.n}, encoding);
    hd_writer scratch = hd_writer_of(alloc);
    hd_span field;
    while (rc == HD_OK && (rc = hd_copy_fields_next(&fields, &scratch, &field)) == HD_OK) {
        if (field.p == NULL)
            hd_write_u8(out, 'N');
        else {
            hd_write_u8(out, '[');
            hd_write_span(out, field);
            hd_write_u8(out, ']');
        }
    }
    hd_writer_fini(&scratch);
    free(p);
    return rc;
}

static void
check_fields(const char *row, const char *want, hd_rc end)
{
    hd_writer out = hd_writer_of(&hd_alloc_default);
    CHECK_EQ(fields_of(tap_span(row), HD_COPY_SAFE, &hd_alloc_default, &out), end);
    CHECK_SPAN(hd_writer_span(&out), tap_span(want));
    hd_writer_fini(&out);
}

static void
fields(void)
{
    check_fields("\n", "[]", HD_MORE);
    check_fields("\t\n", "[][]", HD_MORE);
    check_fields("1\ttwo\t\\N\n", "[1][two]N", HD_MORE);
    check_fields("\\N\n", "N", HD_MORE);
    check_fields("\\\\N\t\\Nx\n", "[\\N][Nx]", HD_MORE);
    check_fields("a long value without escapes\tanother\n", "[a long value without escapes][another]", HD_MORE);
    check_fields("\\b\\f\\n\\r\\t\\v\\\\\n", "[\b\f\n\r\t\v\\]", HD_MORE);
    check_fields("\\101\\x41\\x4g\\1x\\78\\q\\x\n", "[AA\004g\001x\0078qx]", HD_MORE);
    check_fields("12345678\\t12345678\n", "[12345678\t12345678]", HD_MORE);
}

static void
malformed_fields(void)
{
    check_fields("", "", HD_EDATA);
    check_fields("1\t2", "", HD_EDATA);
    check_fields("1\n2\n", "", HD_EDATA);
    check_fields("1\t2\n3\n", "[1]", HD_EDATA);
    check_fields("\\\n", "", HD_EDATA);
    check_fields("1\t2\\\n", "[1]", HD_EDATA);
}

static void
wide_fields(void)
{
    hd_writer out = hd_writer_of(&hd_alloc_default);
    hd_span row = tap_span("\x95\x5ct\t\x95\x5c\\t\t\xb1\\n\n");
    CHECK_EQ(fields_of(row, HD_COPY_SHIFT_JIS, &hd_alloc_default, &out), HD_MORE);
    CHECK_SPAN(hd_writer_span(&out), tap_span("[\x95\x5ct][\x95\x5c\t][\xb1\n]"));
    hd_writer_fini(&out);
}

static void
no_memory(const hd_alloc *alloc)
{
    hd_writer out = hd_writer_of(&hd_alloc_default);
    hd_rc rc = fields_of(tap_span("a\\tb\tc\\nd\n"), HD_COPY_SAFE, alloc, &out);
    CHECK(rc == HD_MORE || rc == HD_ENOMEM);
    hd_writer_fini(&out);
    hd_writer w = hd_writer_of(alloc);
    for (int i = 0; i < 100; i++)
        hd_write_u8(&w, '\t');
    hd_copy_escape(&w, 0, HD_COPY_SAFE);
    CHECK(w.rc == HD_ENOMEM || w.n == 200);
    hd_writer_fini(&w);
}

static void
allocations(void)
{
    tap_fail_each_allocation(no_memory);
}

static hd_rc
read_header(const char *bytes, size_t n, size_t *left)
{
    uint8_t *p = tap_copy((hd_span){(const uint8_t *)bytes, n});
    hd_reader r = hd_reader_of((hd_span){p, n});
    hd_rc rc = hd_copy_read_header(&r);
    *left = r.left;
    free(p);
    return rc;
}

static void
header(void)
{
    size_t left;
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_copy_write_header(&w);
    CHECK_SPAN(hd_writer_span(&w), ((hd_span){(const uint8_t *)"PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0", 19}));
    hd_write_u16(&w, HD_COPY_TRAILER);
    CHECK_EQ(read_header((const char *)w.p, w.n, &left), HD_OK);
    CHECK_EQ(left, 2);
    for (size_t n = 0; n < 19; n++)
        CHECK_EQ(read_header((const char *)w.p, n, &left), HD_EDATA);
    hd_writer_fini(&w);
    CHECK_EQ(read_header("PGCOPY\n\377\r\n\0\0\0\0\1\0\0\0\3abc", 22, &left), HD_OK);
    CHECK_EQ(left, 0);
    CHECK_EQ(read_header("PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0\3ab", 21, &left), HD_EDATA);
    CHECK_EQ(read_header("PGCOPY\n\377\r\n\0\0\1\0\0\0\0\0\0", 19, &left), HD_EDATA); /* rows with oids */
    CHECK_EQ(read_header("PGCOPY\r\377\r\n\0\0\0\0\0\0\0\0\0", 19, &left), HD_EDATA);
    CHECK_EQ(read_header("PGCOPY\n\377\r\n\0\0\0\0\0\377\377\377\377", 19, &left), HD_EDATA);
}

int
main(void)
{
    RUN(escape);
    RUN(escape_every_byte);
    RUN(escape_wide);
    RUN(fields);
    RUN(malformed_fields);
    RUN(wide_fields);
    RUN(allocations);
    RUN(header);
    return tap_done();
}
