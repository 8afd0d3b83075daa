#include "hd_tap.h"

#include "types/integer.h"

static bool
reads(const char *text, int64_t *v)
{
    hd_span src = tap_span(text);
    uint8_t *p = tap_copy(src);
    hd_rc rc = hd_integer_from_text((hd_span){p, src.n}, v);
    free(p);
    return rc == HD_OK;
}

static void
check_text(int64_t v, const char *text)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    int64_t back;
    hd_integer_to_text(&w, v);
    CHECK_SPAN(hd_writer_span(&w), tap_span(text));
    CHECK(reads(text, &back));
    CHECK_EQ(back, v);
    hd_writer_fini(&w);
}

static void
text(void)
{
    check_text(0, "0");
    check_text(7, "7");
    check_text(-1, "-1");
    check_text(-32768, "-32768");
    check_text(INT64_MAX, "9223372036854775807");
    check_text(INT64_MIN, "-9223372036854775808");
}

static void
malformed_text(void)
{
    static const char *const texts[] = {
        "",
        "-",
        "--1",
        "+1",
        " 1",
        "1 ",
        "1_000",
        "0x10",
        "1.0",
        "1e3",
        "one",
        "\xd9\xa1",
        "9223372036854775808",
        "-9223372036854775809",
        "18446744073709551616",
        "99999999999999999999",
        "00000000000000000001",
    };
    int64_t v;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        CHECK(!reads(texts[i], &v));
}

static void
binary(void)
{
    static const uint8_t bytes[] = {0xff, 0xfe, 0xfd, 0xfc, 0xfb, 0xfa, 0xf9, 0xf8, 0xf7};
    int16_t int2;
    int32_t int4;
    int64_t int8;
    uint32_t oid;
    for (size_t n = 0; n <= sizeof bytes; n++) {
        uint8_t *p = tap_copy((hd_span){bytes, n});
        hd_span src = {p, n};
        CHECK_EQ(hd_int2_from_binary(src, &int2), n == 2 ? HD_OK : HD_EDATA);
        CHECK_EQ(hd_int4_from_binary(src, &int4), n == 4 ? HD_OK : HD_EDATA);
        CHECK_EQ(hd_int8_from_binary(src, &int8), n == 8 ? HD_OK : HD_EDATA);
        CHECK_EQ(hd_oid_from_binary(src, &oid), n == 4 ? HD_OK : HD_EDATA);
        if (n == 2)
            CHECK_EQ(int2, -2);
        if (n == 4) {
            CHECK_EQ(int4, -66052);
            CHECK_EQ(oid, 0xfffefdfcu);
        }
        if (n == 8)
            CHECK_EQ(int8, -283686952306184);
        free(p);
    }
}

static void
without_memory(const hd_alloc *alloc)
{
    hd_writer w = hd_writer_of(alloc);
    hd_integer_to_text(&w, -5);
    CHECK(w.rc == HD_ENOMEM ? w.n == 0 : w.n == 2);
    hd_writer_fini(&w);
}

static void
no_memory(void)
{
    tap_fail_each_allocation(without_memory);
}

int
main(void)
{
    RUN(text);
    RUN(malformed_text);
    RUN(binary);
    RUN(no_memory);
    return tap_done();
}
