#include "hd_tap.h"

#include "types/multirange.h"

/* The lower bounds of the ranges in brackets, E for an empty one, - for none; then . or ! for the end. */
static hd_rc
shown(hd_span src, const hd_alloc *alloc, hd_writer *out)
{
    uint8_t *p = tap_copy(src);
    hd_multirange_scanner s = hd_multirange_scanner_of((hd_span){p, src.n}, alloc);
    hd_range v;
    hd_rc rc;
    while ((rc = hd_multirange_next(&s, &v)) == HD_OK) {
        if (v.flags & HD_RANGE_EMPTY) {
            hd_write_u8(out, 'E');
        }
        else if (!hd_range_has_lower(&v)) {
            hd_write_u8(out, '-');
        }
        else {
            hd_write_u8(out, '[');
            hd_write_span(out, v.lower);
            hd_write_u8(out, ']');
        }
    }
    hd_write_u8(out, rc == HD_MORE ? '.' : '!');
    hd_multirange_scanner_fini(&s);
    free(p);
    return rc;
}

static void
check_text(const char *text, const char *want)
{
    hd_writer out = hd_writer_of(&hd_alloc_default);
    CHECK(shown(tap_span(text), &hd_alloc_default, &out) != HD_ENOMEM);
    CHECK_SPAN(hd_writer_span(&out), tap_span(want));
    hd_writer_fini(&out);
}

static void
text(void)
{
    check_text("{}", ".");
    check_text("{[1,2)}", "[1].");
    check_text("{[1,2),(,5],empty}", "[1]-E.");
    check_text("{[\"a,}\",b],[\"c\"\"d\",)}", "[a,}][c\"d].");
}

static void
malformed_text(void)
{
    check_text("", "!");
    check_text("{", "!");
    check_text("}", "!");
    check_text("[1,2)", "!");
    check_text("{[1,2)", "[1]!");
    check_text("{[1,2),", "[1]!");
    check_text("{[1,2),}", "[1]!");
    check_text("{,}", "!");
    check_text("{[1,2)}x", "[1]!");
    check_text("{[1,2)[3,4)}", "[1]!");
    check_text("{[1,2}", "!");
    check_text("{ [1,2)}", "!");
    check_text("{{[1,2)}}", "!");
}

static void
refused_memory(const hd_alloc *alloc)
{
    hd_writer out = hd_writer_of(&hd_alloc_default);
    hd_rc rc = shown(HD_SPAN_LITERAL("{[\"a\"\"b\",\"c\\\\\"),[\"a\"\"bcdefghijkl\",)}"), alloc, &out);
    CHECK(rc == HD_MORE || rc == HD_ENOMEM);
    hd_writer_fini(&out);
}

static void
no_memory(void)
{
    tap_fail_each_allocation(refused_memory);
}

static hd_rc
from_binary(hd_span src, uint32_t *count)
{
    uint8_t *p = tap_copy(src);
    hd_reader r = hd_reader_of((hd_span){p, src.n});
    hd_range v;
    hd_rc rc = hd_multirange_read_count(&r, count);
    for (uint32_t i = 0; rc == HD_OK && i < *count; i++)
        rc = hd_multirange_read_range(&r, &v);
    free(p);
    return rc == HD_OK && !hd_reader_done(&r) ? HD_EDATA : rc;
}

static void
binary(void)
{
    uint32_t count;
    hd_span src = HD_SPAN_LITERAL("\0\0\0\2\0\0\0\1\1\0\0\0\6\x12\0\0\0\1x");
    CHECK(from_binary(src, &count) == HD_OK && count == 2);
    for (size_t n = 0; n < src.n; n++)
        CHECK_EQ(from_binary((hd_span){src.p, n}, &count), HD_EDATA);
    CHECK(from_binary(HD_SPAN_LITERAL("\0\0\0\0"), &count) == HD_OK && count == 0);
    CHECK_EQ(from_binary(HD_SPAN_LITERAL("\0\0\0\0x"), &count), HD_EDATA);
    CHECK_EQ(from_binary(HD_SPAN_LITERAL("\xff\xff\xff\xff\0\0\0\1\1"), &count), HD_EDATA);
    CHECK_EQ(from_binary(HD_SPAN_LITERAL("\0\0\0\1\xff\xff\xff\xff\1"), &count), HD_EDATA);
    CHECK_EQ(from_binary(HD_SPAN_LITERAL("\0\0\0\1\0\0\0\0\1"), &count), HD_EDATA);
    CHECK_EQ(from_binary(HD_SPAN_LITERAL("\0\0\0\1\0\0\0\2\1x"), &count), HD_EDATA);
}

int
main(void)
{
    RUN(text);
    RUN(malformed_text);
    RUN(no_memory);
    RUN(binary);
    return tap_done();
}
