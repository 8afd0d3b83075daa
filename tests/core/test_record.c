#include "hd_tap.h"

#include "types/quoted.h"
#include "types/record.h"

/* ---- text */

/* The tokens of a text as a string: fields in brackets, N for NULL, then . or ! for the end. */
static hd_rc
tokens_of(hd_span src, const hd_alloc *alloc, hd_writer *out)
{
    uint8_t *p = tap_copy(src);
    hd_record_scanner s = hd_record_scanner_of((hd_span){p, src.n}, alloc);
    hd_record_token token;
    hd_span field;
    while ((token = hd_record_next(&s, &field)) < HD_RECORD_END) {
        if (token == HD_RECORD_FIELD) {
            hd_write_u8(out, '[');
            hd_write_span(out, field);
            hd_write_u8(out, ']');
        }
        else {
            hd_write_u8(out, 'N');
        }
    }
    hd_write_u8(out, token == HD_RECORD_END ? '.' : '!');
    hd_rc rc = s.unquoted.rc;
    hd_record_scanner_fini(&s);
    free(p);
    return rc;
}

static void
check_tokens(const char *text, const char *want)
{
    hd_writer out = hd_writer_of(&hd_alloc_default);
    CHECK_EQ(tokens_of(tap_span(text), &hd_alloc_default, &out), HD_OK);
    CHECK_SPAN(hd_writer_span(&out), tap_span(want));
    hd_writer_fini(&out);
}

static void
text(void)
{
    check_tokens("()", "N.");
    check_tokens("(,)", "NN.");
    check_tokens("(a)", "[a].");
    check_tokens("(1,,x y,)", "[1]N[x y]N.");
    check_tokens("(\"\")", "[].");
    check_tokens("(\"\",\"\")", "[][].");
    check_tokens("(\"a,b\",\"(c)\",NULL)", "[a,b][(c)][NULL].");
    check_tokens("(\"a\"\"b\",\"c\\\\d\")", "[a\"b][c\\d].");
    check_tokens("(\"\"\"\",\"\\\\\",\"\"\"\"\"\")", "[\"][\\][\"\"].");
    check_tokens("(\"(1,\"\"(2,\"\"\"\"x\"\"\"\")\"\")\")", "[(1,\"(2,\"\"x\"\")\")].");
}

/* What record_in() takes besides. */
static void
spellings(void)
{
    check_tokens("(a\"b,c\"d)", "[ab,cd].");
    check_tokens("(\"a\"b)", "[ab].");
    check_tokens("(a\\,b,\"\\\"\")", "[a,b][\"].");
    check_tokens("((a])", "[(a]].");
    check_tokens("( a )", "[ a ].");
}

static void
malformed_text(void)
{
    static const char *const bad[] = {"",     "(",      ")",     "a",      "(a",        "a)",   "(a)x",
                                      "(a))", "(a)(b)", "(\"a)", "(\"a\"", "(\"a\"\"",  "(a\\", "(\"\\",
                                      "(a,",  " (a)",   "(a) ",  "(a\"b)", "(\"a\"\")", "(\\)", "(a,b\\)"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        hd_writer out = hd_writer_of(&hd_alloc_default);
        CHECK_EQ(tokens_of(tap_span(bad[i]), &hd_alloc_default, &out), HD_OK);
        tap_check(out.p[out.n - 1] == '!', __FILE__, __LINE__, "\"%s\" is read", bad[i]);
        hd_writer_fini(&out);
    }
}

static void
every_prefix(void)
{
    hd_span whole = HD_SPAN_LITERAL("(1,,\"a\"\"b\\\\\",x\\y)");
    for (size_t n = 0; n <= whole.n; n++) {
        hd_writer out = hd_writer_of(&hd_alloc_default);
        CHECK_EQ(tokens_of((hd_span){whole.p, n}, &hd_alloc_default, &out), HD_OK);
        tap_check((out.p[out.n - 1] == '.') == (n == whole.n), __FILE__, __LINE__, "%zu bytes", n);
        hd_writer_fini(&out);
    }
}

static void
refused_memory(const hd_alloc *alloc)
{
    hd_writer out = hd_writer_of(&hd_alloc_default);
    hd_rc rc = tokens_of(HD_SPAN_LITERAL("(x,\"a\"\"b\",c)"), alloc, &out);
    CHECK(rc == HD_OK || (rc == HD_ENOMEM && out.p[out.n - 1] == '!'));
    hd_writer_fini(&out);
}

static void
no_memory(void)
{
    tap_fail_each_allocation(refused_memory);
}

/* ---- binary */

static void
binary(void)
{
    hd_span src = HD_SPAN_LITERAL("\0\0\0\3"
                                  "\0\0\0\x17\0\0\0\4\0\0\0\5"
                                  "\xff\xff\xff\xff\xff\xff\xff\xff"
                                  "\0\0\0\x19\0\0\0\0");
    for (size_t n = 0; n <= src.n; n++) {
        uint8_t *p = tap_copy((hd_span){src.p, n});
        hd_reader r = hd_reader_of((hd_span){p, n});
        uint32_t count = 0, oid;
        hd_span field;
        hd_rc rc = hd_record_read_count(&r, &count);
        CHECK_EQ(rc, n < 28 ? HD_EDATA : HD_OK); /* a field takes eight bytes or more */
        if (rc == HD_OK) {
            CHECK_EQ(count, 3);
            CHECK(hd_record_read_field(&r, &oid, &field) && oid == 23 && field.n == 4 && field.p[3] == 5);
            CHECK(!hd_record_read_field(&r, &oid, &field) && (oid == UINT32_MAX || r.bad));
            CHECK(hd_record_read_field(&r, &oid, &field) || r.bad);
            CHECK_EQ(hd_reader_done(&r), n == src.n);
        }
        free(p);
    }
}

static void
counts_and_lengths(void)
{
    uint32_t count, oid;
    hd_span field;
    hd_reader r = hd_reader_of(HD_SPAN_LITERAL("\0\0\0\0"));
    CHECK(hd_record_read_count(&r, &count) == HD_OK && count == 0 && hd_reader_done(&r));
    r = hd_reader_of(HD_SPAN_LITERAL("\xff\xff\xff\xff\0\0\0\0\0\0\0\0"));
    CHECK_EQ(hd_record_read_count(&r, &count), HD_EDATA);
    r = hd_reader_of(HD_SPAN_LITERAL("\x20\0\0\1\0\0\0\0\0\0\0\0"));
    CHECK_EQ(hd_record_read_count(&r, &count), HD_EDATA);
    r = hd_reader_of(HD_SPAN_LITERAL("\0\0\0\x17\xff\xff\xff\xfe"));
    CHECK(!hd_record_read_field(&r, &oid, &field) && r.bad);
    r = hd_reader_of(HD_SPAN_LITERAL("\0\0\0\x17\x7f\xff\xff\xffx"));
    hd_record_read_field(&r, &oid, &field);
    CHECK(r.bad);
}

int
main(void)
{
    RUN(text);
    RUN(spellings);
    RUN(malformed_text);
    RUN(every_prefix);
    RUN(no_memory);
    RUN(binary);
    RUN(counts_and_lengths);
    return tap_done();
}
