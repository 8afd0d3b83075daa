#include "hd_tap.h"

#include "types/numeric.h"

/* Writes the text of a numeric from memory that ends where it ends. */
static bool
print(hd_span binary, hd_writer *w)
{
    uint8_t *p = tap_copy(binary);
    hd_numeric v;
    hd_rc rc = hd_numeric_from_binary((hd_span){p, binary.n}, &v);
    if (rc == HD_OK) {
        size_t n = hd_numeric_text_length(&v);
        uint8_t *text = malloc(n);
        hd_numeric_print(&v, text);
        hd_write_bytes(w, text, n);
        free(text);
    }
    free(p);
    return rc == HD_OK;
}

static hd_rc
convert(const char *text, hd_writer *w)
{
    hd_span src = tap_span(text);
    uint8_t *p = tap_copy(src);
    hd_rc rc = hd_numeric_text_to_binary(w, (hd_span){p, src.n});
    CHECK_EQ(hd_numeric_is_text((hd_span){p, src.n}), rc != HD_EDATA);
    free(p);
    return rc;
}

/* Text to binary and back. */
static void
there_and_back(void)
{
    static const struct {
        const char *text;
        const char *back; /* NULL: the same */
    } known[] = {
        {"0", NULL},
        {"0.00", NULL},
        {"-0.00", "0.00"},
        {"1", NULL},
        {"-1", NULL},
        {"9999", NULL},
        {"10000", NULL},
        {"12345678", NULL},
        {"100000000000000000000", NULL},
        {"1.5", NULL},
        {"1.500", NULL},
        {"0.1", NULL},
        {"0.0001", NULL},
        {"0.00001", NULL},
        {"-0.000000000000000000001000", NULL},
        {"12345.678", NULL},
        {"-99999999.99999999", NULL},
        {"0001.10", "1.10"},
        {".5", "0.5"},
        {"5.", "5"},
        {"1E+20", "100000000000000000000"},
        {"1e3", "1000"},
        {"1.25E+1", "12.5"},
        {"1.25E1", "12.5"},
        {"1E-7", "0.0000001"},
        {"-12.34E-3", "-0.01234"},
        {"0E+999999999999", "0"},
        {"0E-3", "0.000"},
        {"0E-0000000000000003", "0.000"},
        {"NaN", NULL},
        {"-NaN", "NaN"},
        {"Infinity", NULL},
        {"-Infinity", NULL},
    };
    hd_writer binary = hd_writer_of(&hd_alloc_default), text = hd_writer_of(&hd_alloc_default);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        hd_writer_rewind(&binary, 0);
        hd_writer_rewind(&text, 0);
        CHECK_EQ(convert(known[i].text, &binary), HD_OK);
        CHECK(print(hd_writer_span(&binary), &text));
        CHECK_SPAN(hd_writer_span(&text), tap_span(known[i].back ? known[i].back : known[i].text));
    }
    hd_writer_fini(&binary);
    hd_writer_fini(&text);
}

/* As numeric_send() sends them: no zero digit at either end. */
static void
binary_of_text(void)
{
    static const struct {
        const char *text;
        hd_span binary;
    } known[] = {
        {"0", HD_SPAN_LITERAL("\0\0\0\0\0\0\0\0")},
        {"0.00", HD_SPAN_LITERAL("\0\0\0\0\0\0\0\2")},
        {"1.50", HD_SPAN_LITERAL("\0\2\0\0\0\0\0\2\0\1\x13\x88")},
        {"-0.001", HD_SPAN_LITERAL("\0\1\xff\xff\x40\0\0\3\0\x0a")},
        {"1E+8", HD_SPAN_LITERAL("\0\1\0\2\0\0\0\0\0\1")},
        {"12345.678", HD_SPAN_LITERAL("\0\3\0\1\0\0\0\3\0\1\x09\x29\x1a\x7c")},
        {"NaN", HD_SPAN_LITERAL("\0\0\0\0\xc0\0\0\0")},
        {"Infinity", HD_SPAN_LITERAL("\0\0\0\0\xd0\0\0\0")},
        {"-Infinity", HD_SPAN_LITERAL("\0\0\0\0\xf0\0\0\0")},
    };
    hd_writer w = hd_writer_of(&hd_alloc_default);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        hd_writer_rewind(&w, 0);
        CHECK_EQ(convert(known[i].text, &w), HD_OK);
        CHECK_SPAN(hd_writer_span(&w), known[i].binary);
    }
    hd_writer_fini(&w);
}

static void
not_a_number(void)
{
    static const char *const texts[] = {
        "",    "-",     ".",   "-.",  "e1",   "1e",   "1e+", "1e-",     "+1",        " 1",  "1 ",       "1_0",
        "--1", "1.2.3", "0x1", "nan", "NaN1", "sNaN", "inf", "Infinit", "Infinity ", "1,5", "\xd9\xa1",
    };
    hd_writer w = hd_writer_of(&hd_alloc_default);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        tap_check(convert(texts[i], &w) == HD_EDATA && w.n == 0, __FILE__, __LINE__, "\"%s\" is a number", texts[i]);
    hd_writer_fini(&w);
}

static void
ends_of_the_type(void)
{
    hd_writer w = hd_writer_of(&hd_alloc_default), text = hd_writer_of(&hd_alloc_default);
    CHECK_EQ(convert("1E+131071", &w), HD_OK);
    CHECK_SPAN(hd_writer_span(&w), HD_SPAN_LITERAL("\0\1\x7f\xff\0\0\0\0\3\xe8"));
    CHECK(print(hd_writer_span(&w), &text) && text.n == 131072 && text.p[0] == '1' && text.p[131071] == '0');
    hd_writer_rewind(&w, 0);
    CHECK_EQ(convert("1E+131072", &w), HD_ERANGE);
    CHECK_EQ(convert("1E+999999999999999999999", &w), HD_ERANGE);
    CHECK_EQ(convert("1E-16384", &w), HD_ERANGE);
    CHECK_EQ(convert("0E-999999999999999999999", &w), HD_ERANGE);
    CHECK_EQ(w.n, 0);
    CHECK_EQ(convert("1E-16383", &w), HD_OK);
    hd_writer_rewind(&text, 0);
    CHECK(print(hd_writer_span(&w), &text) && text.n == 16385 && text.p[16384] == '1');
    hd_writer_fini(&w);
    hd_writer_fini(&text);
}

/* What no server sends, but any bytes may say. */
static void
odd_binary(void)
{
    static const struct {
        hd_span binary;
        const char *text; /* NULL: malformed */
    } known[] = {
        {HD_SPAN_LITERAL("\0\2\0\1\0\0\0\0\0\0\0\5"), "5"}, /* a zero in front */
        {HD_SPAN_LITERAL("\0\2\0\2\0\0\0\0\0\0\0\5"), "50000"},
        {HD_SPAN_LITERAL("\0\1\0\5\x40\0\0\1\0\0"), "0.0"}, /* a negative zero */
        {HD_SPAN_LITERAL("\0\1\x7f\xff\0\0\0\0\0\0"), "0"},
        {HD_SPAN_LITERAL("\0\2\0\0\0\0\0\0\0\1\x13\x88"), "1"}, /* more digits than are shown */
        {HD_SPAN_LITERAL("\0\1\xff\xfe\0\0\0\3\0\1"), "0.000"},
        {HD_SPAN_LITERAL("\0\1\x80\0\0\0\0\1\0\1"), "0.0"},
        {HD_SPAN_LITERAL(""), NULL},
        {HD_SPAN_LITERAL("\0\0\0\0\0\0\0"), NULL},
        {HD_SPAN_LITERAL("\0\0\0\0\0\0\0\0\0"), NULL},
        {HD_SPAN_LITERAL("\0\1\0\0\0\0\0\0"), NULL},
        {HD_SPAN_LITERAL("\xff\xff\0\0\0\0\0\0\0\1"), NULL},
        {HD_SPAN_LITERAL("\0\1\0\0\0\0\0\0\x27\x10"), NULL}, /* the digit 10000 */
        {HD_SPAN_LITERAL("\0\0\0\0\x20\0\0\0"), NULL},       /* no such sign */
        {HD_SPAN_LITERAL("\0\0\0\0\xe0\0\0\0"), NULL},
        {HD_SPAN_LITERAL("\0\0\0\0\0\0\x40\0"), NULL}, /* too many digits after the point */
    };
    hd_writer w = hd_writer_of(&hd_alloc_default);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        hd_writer_rewind(&w, 0);
        bool good = print(known[i].binary, &w);
        CHECK_EQ(good, known[i].text != NULL);
        if (good && known[i].text != NULL)
            CHECK_SPAN(hd_writer_span(&w), tap_span(known[i].text));
    }
    hd_writer_fini(&w);
}

static void
convert_without_memory(const hd_alloc *alloc)
{
    hd_writer w = hd_writer_of(alloc);
    hd_rc rc = hd_numeric_text_to_binary(&w, HD_SPAN_LITERAL("123456789.5"));
    CHECK_EQ(rc, HD_OK);
    CHECK(w.rc == HD_ENOMEM ? w.n == 0 : w.n == 16);
    hd_writer_fini(&w);
}

static void
no_memory(void)
{
    tap_fail_each_allocation(convert_without_memory);
}

int
main(void)
{
    RUN(there_and_back);
    RUN(binary_of_text);
    RUN(not_a_number);
    RUN(ends_of_the_type);
    RUN(odd_binary);
    RUN(no_memory);
    return tap_done();
}
