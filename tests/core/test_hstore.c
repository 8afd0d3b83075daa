#include "hd_tap.h"

#include "types/hstore.h"

/* The pairs of a text as a string: (key)(value) or (key)N, and what the end was. */
static hd_rc
pairs_of(const char *text, const hd_alloc *alloc, hd_writer *out)
{
    hd_span src = tap_span(text);
    uint8_t *p = tap_copy(src);
    hd_hstore_scanner s = hd_hstore_scanner_of((hd_span){p, src.n}, alloc);
    hd_hstore_pair pair;
    while (hd_hstore_next(&s, &pair)) {
        hd_write_u8(out, '(');
        hd_write_span(out, pair.key);
        hd_write_u8(out, ')');
        if (!pair.is_null) {
            hd_write_u8(out, '(');
            hd_write_span(out, pair.value);
        }
        hd_write_u8(out, pair.is_null ? 'N' : ')');
    }
    hd_rc rc = hd_hstore_scanned(&s);
    hd_hstore_scanner_fini(&s);
    free(p);
    return rc;
}

static void
check_pairs(const char *text, const char *want)
{
    hd_writer out = hd_writer_of(&hd_alloc_default);
    CHECK_EQ(pairs_of(text, &hd_alloc_default, &out), HD_OK);
    CHECK_SPAN(hd_writer_span(&out), tap_span(want));
    hd_writer_fini(&out);
}

static void
text(void)
{
    check_pairs("", "");
    check_pairs("\"a\"=>\"1\"", "(a)(1)");
    check_pairs("\"a\"=>\"1\", \"b\"=>NULL, \"c\"=>\"NULL\"", "(a)(1)(b)N(c)(NULL)");
    check_pairs("\"\"=>\"\"", "()()");
    check_pairs("\"a\" =>\t\"1\" ,\n\"b\"=>\"2\"", "(a)(1)(b)(2)");
    check_pairs("\"a\\\"b\\\\c\"=>\"\\\\\", \"x\"=>\"y\"", "(a\"b\\c)(\\)(x)(y)");
    check_pairs("\"a=>b\"=>\"c,d\"", "(a=>b)(c,d)");
    check_pairs("\"\\a\"=>NULL", "(a)N");
}

static void
malformed_text(void)
{
    static const char *const bad[] = {
        " ",
        "a",
        "a=>b",
        "\"a",
        "\"a\"",
        "\"a\"=",
        "\"a\"=>",
        "\"a\"=>\"",
        "\"a\"=>\"b",
        "\"a\"=>\"b\\",
        "\"a\"=>\"b\\\"",
        "\"a\"=>b",
        "\"a\"=>null",
        "\"a\"=>NUL",
        "\"a\"=>NULLL",
        "\"a\"->\"b\"",
        "\"a\"= >\"b\"",
        "\"a\"=>\"b\" ",
        "\"a\"=>\"b\",",
        "\"a\"=>\"b\" \"c\"=>\"d\"",
        ",\"a\"=>\"b\"",
        "NULL=>\"b\"",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        hd_writer out = hd_writer_of(&hd_alloc_default);
        hd_rc rc = pairs_of(bad[i], &hd_alloc_default, &out);
        tap_check(rc == HD_EDATA, __FILE__, __LINE__, "'%s' is read", bad[i]);
        hd_writer_fini(&out);
    }
}

static void
check_text_of(const char *key, const char *value, bool first, const char *want)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_hstore_pair pair = {tap_span(key), value ? tap_span(value) : (hd_span){NULL, 0}, value == NULL};
    hd_hstore_write_text(&w, &pair, first);
    CHECK_SPAN(hd_writer_span(&w), tap_span(want));
    hd_writer_fini(&w);
}

static void
writing_text(void)
{
    check_text_of("a", "1", true, "\"a\"=>\"1\"");
    check_text_of("a", NULL, false, ",\"a\"=>NULL");
    check_text_of("", "", true, "\"\"=>\"\"");
    check_text_of("a\"b\\", "\\\"", true, "\"a\\\"b\\\\\"=>\"\\\\\\\"\"");
    check_text_of("NULL", "NULL", true, "\"NULL\"=>\"NULL\"");
}

static void
refused_memory(const hd_alloc *alloc)
{
    hd_writer out = hd_writer_of(&hd_alloc_default);
    hd_rc rc = pairs_of("\"a\\\"b\"=>\"\\\\\"", alloc, &out);
    CHECK(rc == HD_OK || (rc == HD_ENOMEM && out.n == 0));
    hd_writer_fini(&out);
}

static void
no_memory(void)
{
    tap_fail_each_allocation(refused_memory);
}

/* HD_OK where count and pairs take all the bytes. */
static hd_rc
read_binary(hd_span src)
{
    uint8_t *p = tap_copy(src);
    hd_reader r = hd_reader_of((hd_span){p, src.n});
    uint32_t count;
    hd_hstore_pair pair;
    hd_rc rc = hd_hstore_read_count(&r, &count);
    for (uint32_t i = 0; rc == HD_OK && i < count; i++)
        hd_hstore_read_pair(&r, &pair);
    free(p);
    return hd_reader_done(&r) ? rc : HD_EDATA;
}

static void
write_string(hd_writer *w, hd_span s)
{
    size_t at = hd_write_value_begin(w);
    hd_write_span(w, s);
    hd_write_value_end(w, at);
}

static void
binary(void)
{
    hd_hstore_pair pairs[] = {
        {HD_SPAN_LITERAL("a"), HD_SPAN_LITERAL("123"), false},
        {HD_SPAN_LITERAL(""), HD_SPAN_LITERAL(""), false},
        {HD_SPAN_LITERAL("b"), {NULL, 0}, true},
    };
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_write_u32(&w, 3);
    for (int i = 0; i < 3; i++) {
        write_string(&w, pairs[i].key);
        if (pairs[i].is_null)
            hd_write_null(&w);
        else
            write_string(&w, pairs[i].value);
    }
    hd_reader r = hd_reader_of(hd_writer_span(&w));
    uint32_t count;
    CHECK_EQ(hd_hstore_read_count(&r, &count), HD_OK);
    CHECK_EQ(count, 3);
    for (int i = 0; i < 3; i++) {
        hd_hstore_pair back;
        hd_hstore_read_pair(&r, &back);
        CHECK_SPAN(back.key, pairs[i].key);
        CHECK_SPAN(back.value, pairs[i].value);
        CHECK_EQ(back.is_null, pairs[i].is_null);
    }
    CHECK(hd_reader_done(&r));
    for (size_t n = 0; n < w.n; n++)
        tap_check(read_binary((hd_span){w.p, n}) == HD_EDATA, __FILE__, __LINE__, "%zu bytes are read", n);
    hd_writer_fini(&w);
}

static void
malformed_binary(void)
{
    CHECK_EQ(read_binary(HD_SPAN_LITERAL("\0\0\0\0")), HD_OK);
    CHECK_EQ(read_binary(HD_SPAN_LITERAL("\0\0\0\0x")), HD_EDATA);
    CHECK_EQ(read_binary(HD_SPAN_LITERAL("\xff\xff\xff\xff\0\0\0\0\0\0\0\0")), HD_EDATA);
    CHECK_EQ(read_binary(HD_SPAN_LITERAL("\0\0\0\1\xff\xff\xff\xff\0\0\0\0")), HD_EDATA); /* a NULL key */
    CHECK_EQ(read_binary(HD_SPAN_LITERAL("\0\0\0\1\0\0\0\0\xff\xff\xff\xfe")), HD_EDATA);
    CHECK_EQ(read_binary(HD_SPAN_LITERAL("\0\0\0\1\0\0\0\0\xff\xff\xff\xff")), HD_OK);
    CHECK_EQ(read_binary(HD_SPAN_LITERAL("\0\0\0\2\0\0\0\0\0\0\0\0")), HD_EDATA);
}

int
main(void)
{
    RUN(text);
    RUN(malformed_text);
    RUN(writing_text);
    RUN(no_memory);
    RUN(binary);
    RUN(malformed_binary);
    return tap_done();
}
