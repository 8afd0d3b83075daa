#include "hd_tap.h"

#include "types/range.h"

/* The range as a string: flags as two digits, then the bounds it has in brackets; ! where it is malformed. */
static hd_rc
shown(hd_span src, const hd_alloc *alloc, hd_writer *out)
{
    uint8_t *p = tap_copy(src);
    hd_reader r = hd_reader_of((hd_span){p, src.n});
    hd_range_unquoted u = hd_range_unquoted_of(alloc);
    hd_range v;
    hd_rc rc = hd_range_scan(&r, &u, &v);
    if (rc == HD_OK && hd_reader_done(&r)) {
        char flags[4];
        snprintf(flags, sizeof flags, "%02x", v.flags);
        hd_write_bytes(out, flags, 2);
        if (hd_range_has_lower(&v)) {
            hd_write_u8(out, '[');
            hd_write_span(out, v.lower);
            hd_write_u8(out, ']');
        }
        if (hd_range_has_upper(&v)) {
            hd_write_u8(out, '[');
            hd_write_span(out, v.upper);
            hd_write_u8(out, ']');
        }
    }
    else {
        hd_write_u8(out, '!');
    }
    hd_range_unquoted_fini(&u);
    free(p);
    return rc;
}

static void
check_text(const char *text, const char *want)
{
    hd_writer out = hd_writer_of(&hd_alloc_default);
    hd_rc rc = shown(tap_span(text), &hd_alloc_default, &out);
    CHECK(rc == HD_OK || want[0] == '!');
    CHECK_SPAN(hd_writer_span(&out), tap_span(want));
    hd_writer_fini(&out);
}

static void
text(void)
{
    check_text("empty", "01");
    check_text("(,)", "18");
    check_text("[,]", "1e");
    check_text("[1,2)", "02[1][2]");
    check_text("(1,2]", "04[1][2]");
    check_text("[1,2]", "06[1][2]");
    check_text("[1,)", "12[1]");
    check_text("(,2)", "08[2]");
    check_text("[\"\",\"\")", "02[][]");
    check_text("[\"2020-01-01 00:00:00\",infinity)", "02[2020-01-01 00:00:00][infinity]");
    check_text("[\"a,\"\"b\\\\\",\"[(\")", "02[a,\"b\\][[(]");
    check_text("[a\\,b,\"x\"y)", "02[a,b][xy]");
}

static void
malformed_text(void)
{
    static const char *const bad[] = {"",         "[",      "[1",     "[1,",     "[1,2",   "1,2)",    "[1)",
                                      "[1]",      "[1;2)",  "[1,2}",  "[1,2,3)", "[1,2)x", "[\"1,2)", "[1,\"2)",
                                      "[1,\"2\"", " [1,2)", "[1,2) ", "emptyx",  "EMPTY",  "empt",    "[1,2\\)"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        check_text(bad[i], "!");
}

static void
every_prefix(void)
{
    hd_span whole = HD_SPAN_LITERAL("[\"a\"\"b\\\\\",x\\y)");
    for (size_t n = 0; n < whole.n; n++) {
        hd_writer out = hd_writer_of(&hd_alloc_default);
        CHECK_EQ(shown((hd_span){whole.p, n}, &hd_alloc_default, &out), HD_EDATA);
        hd_writer_fini(&out);
    }
}

static void
refused_memory(const hd_alloc *alloc)
{
    hd_writer out = hd_writer_of(&hd_alloc_default);
    hd_rc rc = shown(HD_SPAN_LITERAL("[\"a\"\"b\",\"c\\\\\")"), alloc, &out);
    CHECK(rc == HD_OK || (rc == HD_ENOMEM && out.p[out.n - 1] == '!'));
    hd_writer_fini(&out);
}

static void
no_memory(void)
{
    tap_fail_each_allocation(refused_memory);
}

#define BOUND_1 "\0\0\0\4\0\0\0\1"
#define BOUND_2 "\0\0\0\1x"

static hd_rc
from_binary(hd_span src, hd_range *v)
{
    uint8_t *p = tap_copy(src);
    hd_rc rc = hd_range_from_binary((hd_span){p, src.n}, v);
    free(p);
    return rc;
}

static void
binary(void)
{
    hd_range v;
    hd_span both = HD_SPAN_LITERAL("\2" BOUND_1 BOUND_2);
    CHECK_EQ(hd_range_from_binary(both, &v), HD_OK);
    CHECK(v.flags == HD_RANGE_LOWER_INC && v.lower.n == 4 && v.lower.p[3] == 1 && v.upper.n == 1);
    for (size_t n = 0; n < both.n; n++)
        CHECK_EQ(from_binary((hd_span){both.p, n}, &v), HD_EDATA);
    CHECK(from_binary(HD_SPAN_LITERAL("\1"), &v) == HD_OK && v.flags == HD_RANGE_EMPTY);
    CHECK(from_binary(HD_SPAN_LITERAL("\x18"), &v) == HD_OK && !hd_range_has_lower(&v) && !hd_range_has_upper(&v));
    CHECK(from_binary(HD_SPAN_LITERAL("\x12" BOUND_1), &v) == HD_OK && hd_range_has_lower(&v));
    CHECK(from_binary(HD_SPAN_LITERAL("\x0c" BOUND_2), &v) == HD_OK && hd_range_has_upper(&v) && v.upper.n == 1);
    CHECK(from_binary(HD_SPAN_LITERAL("\xe2" BOUND_1 BOUND_2), &v) == HD_OK && v.flags == HD_RANGE_LOWER_INC);
}

static void
malformed_binary(void)
{
    hd_range v;
    CHECK_EQ(from_binary(HD_SPAN_LITERAL("\1x"), &v), HD_EDATA);
    CHECK_EQ(from_binary(HD_SPAN_LITERAL("\x18" BOUND_1), &v), HD_EDATA);
    CHECK_EQ(from_binary(HD_SPAN_LITERAL("\2" BOUND_1 BOUND_2 "x"), &v), HD_EDATA);
    CHECK_EQ(from_binary(HD_SPAN_LITERAL("\2\xff\xff\xff\xff" BOUND_2), &v), HD_EDATA);
    CHECK_EQ(from_binary(HD_SPAN_LITERAL("\2" BOUND_1 "\xff\xff\xff\xff"), &v), HD_EDATA);
    CHECK_EQ(from_binary(HD_SPAN_LITERAL("\2\x7f\xff\xff\xff" BOUND_2), &v), HD_EDATA);
}

int
main(void)
{
    RUN(text);
    RUN(malformed_text);
    RUN(every_prefix);
    RUN(no_memory);
    RUN(binary);
    RUN(malformed_binary);
    return tap_done();
}
