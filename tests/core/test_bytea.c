#include "hd_tap.h"

#include "types/bytea.h"

/* Decodes into exactly the bytes that were announced. */
static bool
decode(hd_span text, hd_writer *w)
{
    uint8_t *p = tap_copy(text);
    size_t n = hd_bytea_length((hd_span){p, text.n});
    uint8_t *bytes = malloc(n ? n : 1);
    hd_rc rc = hd_bytea_from_text((hd_span){p, text.n}, bytes);
    if (rc == HD_OK)
        hd_write_bytes(w, bytes, n);
    free(bytes);
    free(p);
    return rc == HD_OK;
}

static void
known_texts(void)
{
    static const struct {
        hd_span text;
        hd_span bytes;
    } known[] = {
        {HD_SPAN_LITERAL("\\x"), HD_SPAN_LITERAL("")},
        {HD_SPAN_LITERAL("\\x00ff7f"), HD_SPAN_LITERAL("\0\xff\x7f")},
        {HD_SPAN_LITERAL("\\xDEADbeef"), HD_SPAN_LITERAL("\xde\xad\xbe\xef")},
        {HD_SPAN_LITERAL(""), HD_SPAN_LITERAL("")},
        {HD_SPAN_LITERAL("abc"), HD_SPAN_LITERAL("abc")},
        {HD_SPAN_LITERAL("a\\\\b"), HD_SPAN_LITERAL("a\\b")},
        {HD_SPAN_LITERAL("\\000\\001\\377"), HD_SPAN_LITERAL("\0\1\xff")},
        {HD_SPAN_LITERAL("x\\\\x41"), HD_SPAN_LITERAL("x\\x41")},
        {HD_SPAN_LITERAL("\\1017"), HD_SPAN_LITERAL("A7")},
    };
    hd_writer w = hd_writer_of(&hd_alloc_default);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        hd_writer_rewind(&w, 0);
        CHECK(decode(known[i].text, &w));
        CHECK_SPAN(hd_writer_span(&w), known[i].bytes);
    }
    hd_writer_fini(&w);
}

static void
malformed_texts(void)
{
    static const char *const texts[] = {
        "\\x0", "\\xzz", "\\x 0", "\\x0g", "\\", "a\\", "\\1", "\\12", "\\400", "\\38a", "\\a", "\\128", "abc\\00",
    };
    hd_writer w = hd_writer_of(&hd_alloc_default);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        tap_check(!decode(tap_span(texts[i]), &w), __FILE__, __LINE__, "%s is a bytea", texts[i]);
    hd_writer_fini(&w);
}

static void
every_byte(void)
{
    uint8_t bytes[256];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)i;
    hd_span all = {bytes, sizeof bytes};
    hd_writer text = hd_writer_of(&hd_alloc_default), back = hd_writer_of(&hd_alloc_default);
    hd_bytea_to_text(&text, all);
    CHECK_EQ(text.n, 2 + 2 * sizeof bytes);
    CHECK(decode(hd_writer_span(&text), &back));
    CHECK_SPAN(hd_writer_span(&back), all);
    hd_writer_fini(&text);
    hd_writer_fini(&back);
}

static void
too_large(void)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_bytea_to_text(&w, (hd_span){(const uint8_t *)"", HD_MESSAGE_MAX / 2 + 1}); /* judged before it is read */
    CHECK_EQ(w.rc, HD_ETOOLARGE);
    CHECK_EQ(w.n, 0);
    w.rc = HD_EINVAL; /* the first error stays */
    hd_bytea_to_text(&w, (hd_span){(const uint8_t *)"", HD_MESSAGE_MAX / 2 + 1});
    CHECK_EQ(w.rc, HD_EINVAL);
    hd_writer_fini(&w);
}

static void
write_without_memory(const hd_alloc *alloc)
{
    hd_writer w = hd_writer_of(alloc);
    hd_bytea_to_text(&w, HD_SPAN_LITERAL("some bytes"));
    CHECK(w.rc == HD_ENOMEM ? w.n == 0 : w.n == 22);
    hd_writer_fini(&w);
}

static void
no_memory(void)
{
    tap_fail_each_allocation(write_without_memory);
}

int
main(void)
{
    RUN(known_texts);
    RUN(malformed_texts);
    RUN(every_byte);
    RUN(too_large);
    RUN(no_memory);
    return tap_done();
}
