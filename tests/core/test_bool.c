#include "hd_tap.h"

#include "types/bool.h"

static void
text_and_binary(void)
{
    bool v;
    CHECK(hd_bool_from_text(tap_span("t"), &v) == HD_OK && v);
    CHECK(hd_bool_from_text(tap_span("f"), &v) == HD_OK && !v);
    static const char *const malformed[] = {"", "x", "T", "true", "1", "tt"};
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++)
        CHECK_EQ(hd_bool_from_text(tap_span(malformed[i]), &v), HD_EDATA);
    CHECK(hd_bool_from_binary((hd_span){(const uint8_t *)"\1", 1}, &v) == HD_OK && v);
    CHECK(hd_bool_from_binary((hd_span){(const uint8_t *)"\0", 1}, &v) == HD_OK && !v);
    CHECK(hd_bool_from_binary((hd_span){(const uint8_t *)"\2", 1}, &v) == HD_OK && v);
    CHECK_EQ(hd_bool_from_binary((hd_span){NULL, 0}, &v), HD_EDATA);
    CHECK_EQ(hd_bool_from_binary((hd_span){(const uint8_t *)"\1\1", 2}, &v), HD_EDATA);
}

int
main(void)
{
    RUN(text_and_binary);
    return tap_done();
}
