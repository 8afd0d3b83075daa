#include "hd_tap.h"

#include "types/array.h"

/* ---- text */

/* The tokens of a text as a string: braces, elements in parentheses, N for NULL, then . or ! for the end. */
static hd_rc
tokens_of(const char *text, char delimiter, const hd_alloc *alloc, hd_writer *out)
{
    hd_span src = tap_span(text), item;
    uint8_t *p = tap_copy(src);
    hd_array_scanner s = hd_array_scanner_of((hd_span){p, src.n}, delimiter, alloc);
    hd_array_token token;
    while ((token = hd_array_next(&s, &item)) < HD_ARRAY_END) {
        if (token == HD_ARRAY_ITEM) {
            hd_write_u8(out, '(');
            hd_write_span(out, item);
            hd_write_u8(out, ')');
        }
        else {
            hd_write_u8(out, (uint8_t)(token == HD_ARRAY_OPEN ? '{' : token == HD_ARRAY_CLOSE ? '}' : 'N'));
        }
    }
    hd_write_u8(out, token == HD_ARRAY_END ? '.' : '!');
    hd_rc rc = s.unquoted.rc;
    hd_array_scanner_fini(&s);
    free(p);
    return rc;
}

static void
check_tokens(const char *text, char delimiter, const char *want)
{
    hd_writer out = hd_writer_of(&hd_alloc_default);
    CHECK_EQ(tokens_of(text, delimiter, &hd_alloc_default, &out), HD_OK);
    CHECK_SPAN(hd_writer_span(&out), tap_span(want));
    hd_writer_fini(&out);
}

static void
text(void)
{
    check_tokens("{}", ',', "{}.");
    check_tokens("{1}", ',', "{(1)}.");
    check_tokens("{1,NULL,null,\"NULL\"}", ',', "{(1)N(null)(NULL)}.");
    check_tokens("{{1,2},{3,4}}", ',', "{{(1)(2)}{(3)(4)}}.");
    check_tokens("{\"a,b\",\"\",\"{}\",\" \"}", ',', "{(a,b)()({})( )}.");
    check_tokens("{\"a\\\"b\\\\c\\d\",\"\\\\\"}", ',', "{(a\"b\\cd)(\\)}.");
    check_tokens("[0:1]={a,b}", ',', "{(a)(b)}.");
    check_tokens("[-2:-1][3:3]={{a},{b}}", ',', "{{(a)}{(b)}}.");
    check_tokens("{(1,1),(0,0);(2,2),(1,1)}", ';', "{((1,1),(0,0))((2,2),(1,1))}.");
    check_tokens("{{{{{{1}}}}}}", ',', "{{{{{{(1)}}}}}}.");
}

static void
malformed_text(void)
{
    static const char *const bad[] = {
        "",      "{",      "}",        "{1",     "1",      "{1}x",     "{1}}",   "{1,}",  "{,1}",   "{1,,2}",
        "{\"a}", "{\"a\\", "{\"a\\\"", "{a\"b}", "{a\\b}", "{\"a\"b}", "{{1}2}", "[0:1]", "{1}{2}", "{{{{{{{1}}}}}}}",
        "{a{b}"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        hd_writer out = hd_writer_of(&hd_alloc_default);
        CHECK_EQ(tokens_of(bad[i], ',', &hd_alloc_default, &out), HD_OK);
        tap_check(out.p[out.n - 1] == '!', __FILE__, __LINE__, "\"%s\" is read", bad[i]);
        hd_writer_fini(&out);
    }
}

static void
check_item(const char *item, char delimiter, const char *want)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_array_write_item(&w, tap_span(item), delimiter);
    CHECK_SPAN(hd_writer_span(&w), tap_span(want));
    hd_writer_fini(&w);
}

static void
quoting(void)
{
    check_item("a", ',', "a");
    check_item("", ',', "\"\"");
    check_item("nUlL", ',', "\"nUlL\"");
    check_item("nulls", ',', "nulls");
    check_item("same", ',', "same");
    check_item("none", ',', "none");
    check_item("nude", ',', "nude");
    check_item("nulb", ',', "nulb");
    check_item("}", ',', "\"}\"");
    check_item("a b", ',', "\"a b\"");
    check_item("\\", ',', "\"\\\\\"");
    check_item("a,b", ',', "\"a,b\"");
    check_item("a,b", ';', "a,b");
    check_item("a;b", ';', "\"a;b\"");
    check_item("a\"b\\c", ',', "\"a\\\"b\\\\c\"");
    check_item("{", ',', "\"{\"");
    check_item("a\vb", ',', "\"a\vb\"");
    check_item("\xc3\xa9", ',', "\xc3\xa9");
    check_item("\xe3\x80\x80", ',', "\"\xe3\x80\x80\"");
}

static void
refused_memory(const hd_alloc *alloc)
{
    hd_writer out = hd_writer_of(&hd_alloc_default);
    hd_rc rc = tokens_of("{\"a\\\"b\"}", ',', alloc, &out);
    CHECK(rc == HD_OK || (rc == HD_ENOMEM && out.p[out.n - 1] == '!'));
    hd_writer_fini(&out);
}

static void
no_memory(void)
{
    tap_fail_each_allocation(refused_memory);
}

/* ---- binary */

static hd_rc
header_of(hd_span src, hd_array_header *h)
{
    uint8_t *p = tap_copy(src);
    hd_reader r = hd_reader_of((hd_span){p, src.n});
    hd_rc rc = hd_array_read_header(&r, h);
    free(p);
    return rc;
}

static void
binary(void)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_array_header h = {2, 23, {1, 2}}, back;
    hd_span item;
    hd_array_write_header(&w, &h, true);
    hd_write_u32(&w, 1);
    hd_write_u8(&w, 'x');
    hd_write_null(&w);
    hd_reader r = hd_reader_of(hd_writer_span(&w));
    CHECK_EQ(hd_array_read_header(&r, &back), HD_OK);
    CHECK(back.ndim == 2 && back.item_oid == 23 && back.dims[0] == 1 && back.dims[1] == 2);
    CHECK(hd_array_read_item(&r, &item));
    CHECK_SPAN(item, HD_SPAN_LITERAL("x"));
    CHECK(!hd_array_read_item(&r, &item) && !r.bad);
    CHECK(hd_reader_done(&r));
    for (size_t n = 0; n < 28; n++) /* whatever is cut off the header, or its elements */
        tap_check(header_of((hd_span){w.p, n}, &back) == HD_EDATA, __FILE__, __LINE__, "%zu bytes are read", n);
    hd_writer_fini(&w);
}

static void
check_dims(int ndim, const uint32_t *dims, size_t elements, hd_rc want, int want_ndim)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_array_header h;
    hd_write_u32(&w, (uint32_t)ndim);
    hd_write_u32(&w, 0);
    hd_write_u32(&w, 23);
    for (int i = 0; i < ndim; i++) {
        hd_write_u32(&w, dims[i]);
        hd_write_u32(&w, 1);
    }
    for (size_t i = 0; i < elements; i++)
        hd_write_null(&w);
    CHECK_EQ(header_of(hd_writer_span(&w), &h), want);
    if (want == HD_OK)
        CHECK_EQ(h.ndim, want_ndim);
    hd_writer_fini(&w);
}

static void
dimensions(void)
{
    check_dims(0, NULL, 0, HD_OK, 0);
    check_dims(-1, NULL, 0, HD_EDATA, 0);
    check_dims(7, (uint32_t[]){1, 1, 1, 1, 1, 1, 1}, 1, HD_EDATA, 0);
    check_dims(6, (uint32_t[]){1, 1, 1, 1, 1, 1}, 1, HD_OK, 6);
    check_dims(1, (uint32_t[]){2}, 1, HD_EDATA, 0);
    check_dims(1, (uint32_t[]){0x7fffffff}, 1, HD_EDATA, 0);
    check_dims(1, (uint32_t[]){0xffffffff}, 1, HD_EDATA, 0);
    check_dims(2, (uint32_t[]){0x7fffffff, 0}, 0, HD_OK, 0);
    check_dims(2, (uint32_t[]){0x80000000, 2}, 4, HD_EDATA, 0);
    check_dims(6, (uint32_t[]){65536, 65536, 65536, 65536, 1, 1}, 4, HD_EDATA, 0);
}

static void
lengths_of_elements(void)
{
    hd_span item;
    hd_reader r = hd_reader_of(HD_SPAN_LITERAL("\xff\xff\xff\xfe"));
    CHECK(!hd_array_read_item(&r, &item) && r.bad);
    r = hd_reader_of(HD_SPAN_LITERAL("\0\0\0\2x"));
    hd_array_read_item(&r, &item);
    CHECK(r.bad);
    r = hd_reader_of(HD_SPAN_LITERAL("\0\0\0"));
    hd_array_read_item(&r, &item);
    CHECK(r.bad);
}

int
main(void)
{
    RUN(text);
    RUN(malformed_text);
    RUN(quoting);
    RUN(no_memory);
    RUN(binary);
    RUN(dimensions);
    RUN(lengths_of_elements);
    return tap_done();
}
