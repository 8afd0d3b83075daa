#include "hd_tap.h"

#include "types/date.h"

static const hd_date_style iso = {'I', 'M'};

/* Reads the text, from memory that ends where it ends. */
static bool
reads(const char *text, hd_date_style style, int32_t *days)
{
    hd_span src = tap_span(text);
    uint8_t *p = tap_copy(src);
    hd_rc rc = hd_date_from_text((hd_span){p, src.n}, style, days);
    free(p);
    return rc == HD_OK;
}

static void
check_text(int32_t days, const char *text)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    int32_t back;
    hd_date_to_text(&w, days);
    CHECK_SPAN(hd_writer_span(&w), tap_span(text));
    CHECK(reads(text, iso, &back));
    CHECK_EQ(back, days);
    hd_writer_fini(&w);
}

static void
known_days(void)
{
    check_text(0, "2000-01-01");
    check_text(-1, "1999-12-31");
    check_text(59, "2000-02-29");
    check_text(60, "2000-03-01");
    check_text(-10957, "1970-01-01");
    check_text(-730119, "0001-01-01");
    check_text(-730120, "0001-12-31 BC");
    check_text(2921939, "9999-12-31");
    check_text(2921940, "10000-01-01");
    check_text(2145031948, "5874897-12-31"); /* the server's last */
    check_text(-2451545, "4714-11-24 BC");   /* and its first */
    check_text(HD_DATE_INFINITY, "infinity");
    check_text(HD_DATE_MINUS_INFINITY, "-infinity");
}

static void
civil_and_days_are_inverse(void)
{
    hd_civil previous = hd_civil_of_days(-800001);
    for (int64_t days = -800000; days < 800000; days++) {
        hd_civil c = hd_civil_of_days(days);
        bool next_day = c.year == previous.year && c.month == previous.month && c.day == previous.day + 1;
        bool next_month =
            c.day == 1 && (c.month == previous.month + 1 || (c.month == 1 && c.year == previous.year + 1));
        if (!CHECK(hd_civil_is_valid(c)) || !CHECK(next_day || next_month) || !CHECK_EQ(hd_days_of_civil(c), days))
            return;
        previous = c;
    }
}

static void
date_styles(void)
{
    int32_t days;
    CHECK(reads("31.12.1999", (hd_date_style){'G', 'D'}, &days) && days == -1);
    CHECK(reads("12/31/1999", (hd_date_style){'S', 'M'}, &days) && days == -1);
    CHECK(reads("31/12/1999", (hd_date_style){'S', 'D'}, &days) && days == -1);
    CHECK(reads("12-31-1999", (hd_date_style){'P', 'M'}, &days) && days == -1);
    CHECK(reads("31-12-1999", (hd_date_style){'P', 'D'}, &days) && days == -1);
    CHECK(reads("31-12-0001 BC", (hd_date_style){'P', 'D'}, &days) && days == -730120);
    CHECK(!reads("31/12/1999", (hd_date_style){'S', 'M'}, &days));
}

static void
malformed_text(void)
{
    static const char *const bad[] = {
        "",           "2000",       "2000-01",          "2000-01-0",      "2000-01-01 ",  "2000-13-01",
        "2000-00-01", "2000-01-00", "5877642-01-01 BC", "2000-02-30",     "1900-02-29",   "0000-01-01",
        "2000/01/01", "200-01-01",  "-2000-01-01",      "12345678-01-01", "2000-01-01 B", "inf",
        "infinity ",  "--infinity", "2000-01-01 BCE",   "9999999-01-01",  "2000-1-01",    "2000-01-001",
        "2OOO-01-01"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        int32_t days;
        tap_check(!reads(bad[i], iso, &days), __FILE__, __LINE__, "\"%s\" is read", bad[i]);
    }
}

static void
binary(void)
{
    int32_t days;
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_date_to_binary(&w, -2);
    CHECK_SPAN(hd_writer_span(&w), HD_SPAN_LITERAL("\xff\xff\xff\xfe"));
    CHECK(hd_date_from_binary(hd_writer_span(&w), &days) == HD_OK && days == -2);
    CHECK(hd_date_from_binary(HD_SPAN_LITERAL("\0\0\0"), &days) == HD_EDATA);
    CHECK(hd_date_from_binary(HD_SPAN_LITERAL("\0\0\0\0\0"), &days) == HD_EDATA);
    hd_writer_fini(&w);
}

static void
write_without_memory(const hd_alloc *alloc)
{
    hd_writer w = hd_writer_of(alloc);
    hd_date_to_text(&w, -730120);
    CHECK(w.rc == HD_ENOMEM || w.n == strlen("0001-12-31 BC"));
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
    RUN(known_days);
    RUN(civil_and_days_are_inverse);
    RUN(date_styles);
    RUN(malformed_text);
    RUN(binary);
    RUN(no_memory);
    return tap_done();
}
