#include "hd_tap.h"

#include "types/float.h"

#include <locale.h>
#include <math.h>

static bool
reads(const char *text, double *v)
{
    hd_span src = tap_span(text);
    uint8_t *p = tap_copy(src);
    hd_rc rc = hd_float_from_text((hd_span){p, src.n}, v);
    free(p);
    return rc == HD_OK;
}

static bool
same(double a, double b)
{
    return memcmp(&a, &b, sizeof a) == 0;
}

static void
text(void)
{
    static const struct {
        const char *text;
        double value;
    } known[] = {
        {"0", 0.0},
        {"-0", -0.0},
        {"-0.000", -0.0},
        {"1", 1.0},
        {"1.5", 1.5},
        {".5", .5},
        {"5.", 5.},
        {"-12.25", -12.25},
        {"0.1", 0.1},
        {"123456789012345680", 123456789012345680.0},
        {"9007199254740993", 9007199254740992.0}, /* in the middle: to even */
        {"0.30000000000000004", 0.30000000000000004},
        {"1e+22", 1e22},
        {"1e23", 1e23},
        {"1E-5", 1e-5},
        {"1.7976931348623157e+308", 1.7976931348623157e+308},
        {"2.2250738585072014e-308", 2.2250738585072014e-308},
        {"5e-324", 5e-324},
        {"1e-400", 0.0},
        {"0e99999", 0.0},
        {"000000000000000000000000000000000000000000000000000000000000000000000001.5", 1.5},
        {"0.000000000000000000000000000000000000000000000000000000000000000000000015", 1.5e-71},
        {"Infinity", INFINITY},
        {"-Infinity", -INFINITY},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        double v;
        tap_check(reads(known[i].text, &v) && same(v, known[i].value), __FILE__, __LINE__, "%s gives %.17g",
                  known[i].text, v);
    }
    double v;
    CHECK(reads("NaN", &v) && isnan(v));
}

static void
malformed_text(void)
{
    static const char *const texts[] = {
        "",
        "-",
        ".",
        "e5",
        "1e",
        "1e+",
        "1e123456",
        " 1",
        "1 ",
        "+1",
        "1_0",
        "0x1p3",
        "nan(1)",
        "inf",
        "1e400",
        "-1e309",
        "nan",
        "1.2.3",
        "--1",
        "1,5",
        "Infinit",
        "Infinityy",
        "\xef\xbc\x91",
        "12345678901234567890123456789012345678901234567890123456789012345",
    };
    double v;
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        tap_check(!reads(texts[i], &v), __FILE__, __LINE__, "\"%s\" reads as a number", texts[i]);
}

static void
any_locale(void)
{
    static const char *const names[] = {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8", "C"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (setlocale(LC_NUMERIC, names[i]) == NULL)
            continue;
        double v;
        CHECK(reads("0.30000000000000004", &v) && same(v, 0.30000000000000004));
        CHECK(same(hd_float4_widen(1.4e-45f), 1e-45));
        CHECK(same(hd_float4_widen(0x1p-96f), 1.2621775e-29));
    }
}

static void
binary(void)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    double v;
    hd_float8_to_binary(&w, -2.5);
    CHECK_SPAN(hd_writer_span(&w), ((hd_span){(const uint8_t *)"\xc0\x04\0\0\0\0\0\0", 8}));
    for (size_t n = 0; n <= 8; n++) {
        uint8_t *p = tap_copy((hd_span){w.p, n});
        hd_span src = {p, n};
        CHECK_EQ(hd_float8_from_binary(src, &v), n == 8 ? HD_OK : HD_EDATA);
        CHECK(n != 8 || same(v, -2.5));
        CHECK_EQ(hd_float4_from_binary(src, &v), n == 4 ? HD_OK : HD_EDATA);
        free(p);
    }
    CHECK(hd_float4_from_binary((hd_span){(const uint8_t *)"\x3f\x8c\xcc\xcd", 4}, &v) == HD_OK && same(v, 1.1));
    hd_writer_fini(&w);
}

/* As PostgreSQL 18 writes them; those with a middle between two floats, or between two decimals, among them. */
static void
shortest_float4(void)
{
    static const struct {
        uint32_t bits;
        const char *text;
    } known[] = {
        {0x00000000, "0"},
        {0x80000000, "-0"},
        {0x00000001, "1e-45"},
        {0x00000002, "3e-45"},
        {0x007fffff, "1.1754942e-38"},
        {0x00800000, "1.1754944e-38"},
        {0x3f8ccccd, "1.1"},
        {0xbf8ccccd, "-1.1"},
        {0x3dcccccd, "0.1"},
        {0x4b800000, "16777216"},
        {0x4b800001, "16777218"},
        {0x7f7fffff, "3.4028235e+38"},
        {0x7f800000, "Infinity"},
        {0xff800000, "-Infinity"},
        {260046848, "1.2621775e-29"},
        {964689920, "0.00024414062"},
        {1233125378, "1048576.2"},
        {1241513985, "2.0971522e+06"},
        {1279262720, "5.0331648e+07"},
        {1287651328, "1.00663296e+08"},
        {1304428544, "4.0265318e+08"},
        {1795162112, "1.5474251e+26"},
        {1820327936, "1.2379401e+27"},
        {1288766878, "1.09587696e+08"},
        {3370693620, "-476575.62"},
        {3336180000, "-27912.562"},
        {1305071770, "4.2323642e+08"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        float narrow;
        double want;
        memcpy(&narrow, &known[i].bits, sizeof narrow);
        CHECK(reads(known[i].text, &want));
        double got = hd_float4_widen(narrow);
        tap_check(same(got, want), __FILE__, __LINE__, "%s: %.17g", known[i].text, got);
    }
    CHECK(isnan(hd_float4_widen(NAN)));
}

/* Reads back as the same float, and no shorter number does. */
static void
widened_is_shortest(void)
{
    uint32_t bits = 1;
    for (int i = 0; i < 200000; i++) {
        bits = bits * 1664525 + 1013904223;
        float narrow;
        memcpy(&narrow, &bits, sizeof narrow);
        if (!isfinite(narrow) || narrow == 0)
            continue;
        char shorter[40], shortest[40];
        double v = hd_float4_widen(narrow);
        if (!CHECK((float)v == narrow))
            return;
        int digits = 1;
        do
            snprintf(shortest, sizeof shortest, "%.*e", digits - 1, v);
        while (strtod(shortest, NULL) != v && digits++ < 17);
        if (!tap_check(digits <= 9, __FILE__, __LINE__, "%.17g has %d digits", v, digits))
            return;
        if (digits > 1) {
            snprintf(shorter, sizeof shorter, "%.*e", digits - 2, (double)narrow);
            /* the middle between two floats reads back as the even one, and the server does not count on it */
            CHECK(strtof(shorter, NULL) != narrow || (bits & 1) == 0);
        }
    }
}

static void
narrowed(void)
{
    static const struct {
        double v;
        const char *hex;
    } known[] = {
        {1.5, "3fc00000"},
        {0.1, "3dcccccd"},
        {-0.0, "80000000"},
        {INFINITY, "7f800000"},
        {-INFINITY, "ff800000"},
        {3.4028235e38, "7f7fffff"},
        {3.40282356e38, "7f7fffff"},
        {1e-45, "00000001"},
        {3.5e38, NULL},
        {-1e300, NULL},
        {1e-46, NULL},
        {-5e-324, NULL},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        hd_writer w = hd_writer_of(&hd_alloc_default);
        hd_rc rc = hd_float4_to_binary(&w, known[i].v);
        char hex[9] = "";
        for (size_t at = 0; at < w.n && at < 4; at++)
            snprintf(hex + 2 * at, 3, "%02x", w.p[at]);
        bool ok =
            known[i].hex ? rc == HD_OK && w.n == 4 && strcmp(hex, known[i].hex) == 0 : rc == HD_ERANGE && w.n == 0;
        tap_check(ok, __FILE__, __LINE__, "%.17g: %s", known[i].v, hex);
        hd_writer_fini(&w);
    }
    hd_writer w = hd_writer_of(&hd_alloc_default);
    CHECK(hd_float4_to_binary(&w, NAN) == HD_OK && w.n == 4 && (w.p[0] & 0x7f) == 0x7f && (w.p[1] & 0x80) != 0);
    hd_writer_fini(&w);
}

static void
short_text(void)
{
    static const struct {
        double v;
        const char *text; /* NULL: left to others */
    } known[] = {
        {1.0, "1.0"},
        {-1.5, "-1.5"},
        {10.333, "10.333"},
        {0.1, "0.1"},
        {0.0001, "0.0001"},
        {-0.000123456789012345, "-0.000123456789012345"},
        {999999999999999.0, "999999999999999.0"},
        {123456789.000001, "123456789.000001"},
        {1e14, "100000000000000.0"},
        {0.1 + 0.2, NULL},
        {1.0 / 3, NULL},
        {1e15, NULL},
        {0.00001, NULL},
        {0.0, NULL},
        {-0.0, NULL},
        {INFINITY, NULL},
        {-INFINITY, NULL},
        {NAN, NULL},
        {5e-324, NULL},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        hd_writer w = hd_writer_of(&hd_alloc_default);
        CHECK_EQ(hd_float8_to_short_text(&w, known[i].v), known[i].text != NULL);
        CHECK_SPAN(hd_writer_span(&w), tap_span(known[i].text ? known[i].text : ""));
        hd_writer_fini(&w);
    }
}

int
main(void)
{
    RUN(text);
    RUN(malformed_text);
    RUN(any_locale);
    RUN(binary);
    RUN(shortest_float4);
    RUN(widened_is_shortest);
    RUN(narrowed);
    RUN(short_text);
    return tap_done();
}
