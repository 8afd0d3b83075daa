#include "hd_tap.h"

#include "types/interval.h"
#include "types/time.h"

static bool
reads(const char *text, char style, hd_interval *v)
{
    hd_span src = tap_span(text);
    uint8_t *p = tap_copy(src);
    hd_rc rc = hd_interval_from_text((hd_span){p, src.n}, style, v);
    free(p);
    return rc == HD_OK;
}

static void
check_read(const char *text, int32_t months, int32_t days, int64_t micros)
{
    hd_interval v;
    if (tap_check(reads(text, 'p', &v), __FILE__, __LINE__, "\"%s\" is not read", text))
        tap_check(v.months == months && v.days == days && v.micros == micros, __FILE__, __LINE__,
                  "\"%s\" is %d months, %d days, %" PRId64 " us", text, v.months, v.days, v.micros);
}

static void
what_the_server_writes(void)
{
    check_read("00:00:00", 0, 0, 0);
    check_read("1 year", 12, 0, 0);
    check_read("-2 years", -24, 0, 0);
    check_read("1 year 2 mons 3 days 04:05:06.789", 14, 3, 14706789000);
    check_read("-1 years -2 mons +3 days -04:05:06", -14, 3, -14706 * HD_SECOND);
    check_read("1 mon", 1, 0, 0);
    check_read("1 day", 0, 1, 0);
    check_read("-1 days +00:00:01.000001", 0, -1, 1000001);
    check_read("-00:00:00.000001", 0, 0, -1);
    check_read("178956970 years 7 mons 2147483647 days 2562047788:00:54.775807", INT32_MAX, INT32_MAX, INT64_MAX);
    check_read("-178956970 years -8 mons -2147483648 days -2562047788:00:54.775808", INT32_MIN, INT32_MIN, INT64_MIN);
}

/* One interval as the server writes it in every style; what is shown is the first of them. */
static void
check_styles(int32_t months, int32_t days, int64_t micros, const char *const texts[4])
{
    const hd_interval v = {.months = months, .days = days, .micros = micros};
    for (int i = 0; i < 4; i++) {
        hd_interval back;
        if (tap_check(reads(texts[i], "pvsi"[i], &back), __FILE__, __LINE__, "\"%s\" is not read", texts[i]))
            tap_check(back.months == months && back.days == days && back.micros == micros, __FILE__, __LINE__,
                      "\"%s\" is %d months, %d days, %" PRId64 " us", texts[i], back.months, back.days, back.micros);
    }
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_interval_show(&w, v);
    CHECK_SPAN(hd_writer_span(&w), tap_span(texts[0]));
    hd_writer_fini(&w);
}

#define STYLES(months, days, micros, ...) check_styles(months, days, micros, (const char *const[]){__VA_ARGS__})

static void
every_style(void)
{
    STYLES(0, 0, 0, "00:00:00", "@ 0", "0", "PT0S");
    STYLES(12, 0, 0, "1 year", "@ 1 year", "1-0", "P1Y");
    STYLES(-14, 0, 0, "-1 years -2 mons", "@ 1 year 2 mons ago", "-1-2", "P-1Y-2M");
    STYLES(0, -3, 0, "-3 days", "@ 3 days ago", "-3 0:00:00", "P-3D");
    STYLES(0, -3, -14706789000, "-3 days -04:05:06.789", "@ 3 days 4 hours 5 mins 6.789 secs ago", "-3 4:05:06.789",
           "P-3DT-4H-5M-6.789S");
    STYLES(0, 0, -1, "-00:00:00.000001", "@ 0.000001 secs ago", "-0:00:00.000001", "PT-0.000001S");
    STYLES(14, 3, 14706 * HD_SECOND, "1 year 2 mons 3 days 04:05:06", "@ 1 year 2 mons 3 days 4 hours 5 mins 6 secs",
           "+1-2 +3 +4:05:06", "P1Y2M3DT4H5M6S");
    STYLES(-14, 3, -14706 * HD_SECOND, "-1 years -2 mons +3 days -04:05:06",
           "@ 1 year 2 mons -3 days 4 hours 5 mins 6 secs ago", "-1-2 +3 -4:05:06", "P-1Y-2M3DT-4H-5M-6S");
    STYLES(0, -1, HD_SECOND, "-1 days +00:00:01", "@ 1 day -1 sec ago", "+0-0 -1 +0:00:01", "P-1DT1S");
    STYLES(-1, 1, -1, "-1 mons +1 day -00:00:00.000001", "@ 1 mon -1 days 0.000001 secs ago",
           "-0-1 +1 -0:00:00.000001", "P-1M1DT-0.000001S");
    STYLES(0, 0, 3600 * HD_SECOND, "01:00:00", "@ 1 hour", "1:00:00", "PT1H");
    STYLES(INT32_MAX, INT32_MAX, INT64_MAX - 1, "178956970 years 7 mons 2147483647 days 2562047788:00:54.775806",
           "@ 178956970 years 7 mons 2147483647 days 2562047788 hours 54.775806 secs",
           "+178956970-7 +2147483647 +2562047788:00:54.775806", "P178956970Y7M2147483647DT2562047788H54.775806S");
    STYLES(INT32_MIN, INT32_MIN, INT64_MIN + 1, "-178956970 years -8 mons -2147483648 days -2562047788:00:54.775807",
           "@ 178956970 years 8 mons 2147483648 days 2562047788 hours 54.775807 secs ago",
           "-178956970-8 -2147483648 -2562047788:00:54.775807",
           "P-178956970Y-8M-2147483648DT-2562047788H-54.775807S");
    STYLES(0, 0, INT64_MIN, "-2562047788:00:54.775808", "@ 2562047788 hours 54.775808 secs ago",
           "-2562047788:00:54.775808", "PT-2562047788H-54.775808S");
    /* no infinity, but for one field */
    STYLES(1, INT32_MAX, INT64_MAX, "1 mon 2147483647 days 2562047788:00:54.775807",
           "@ 1 mon 2147483647 days 2562047788 hours 54.775807 secs", "+0-1 +2147483647 +2562047788:00:54.775807",
           "P1M2147483647DT2562047788H54.775807S");
    STYLES(INT32_MAX, INT32_MAX, INT64_MAX, "infinity", "infinity", "infinity", "infinity");
    STYLES(INT32_MIN, INT32_MIN, INT64_MIN, "-infinity", "-infinity", "-infinity", "-infinity");
}

static void
check_written(hd_interval v, char style, const char *text)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_interval_to_text(&w, v, style);
    CHECK_SPAN(hd_writer_span(&w), tap_span(text));
    if (style != 's') {
        hd_interval back;
        CHECK_EQ(hd_interval_from_text(hd_writer_span(&w), 'p', &back), HD_OK);
        CHECK(back.micros == v.micros && back.days == v.days && back.months == v.months);
    }
    hd_writer_fini(&w);
}

static void
what_the_server_reads(void)
{
    check_written((hd_interval){0}, 'p', "0:00:00");
    check_written((hd_interval){.days = 1}, 'p', "1 day 0:00:00");
    check_written((hd_interval){.days = -1, .micros = 1}, 'p', "-1 day 0:00:00.000001");
    check_written((hd_interval){.days = 2, .months = 3, .micros = -3600 * HD_SECOND}, 'v', "3 mon 2 days -1:00:00");
    check_written((hd_interval){.micros = INT64_MIN}, 'p', "-2562047788:00:54.775808");
    check_written((hd_interval){.days = -1, .micros = 1000001}, 's', "-1 day +1 second +1 microsecond");
    check_written((hd_interval){.months = 1, .micros = -1}, 's', "+1 mon +0 day +0 second -1 microsecond");
}

static void
binary(void)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_interval v;
    hd_interval_to_binary(&w, (hd_interval){.micros = 1, .days = -1, .months = 2});
    CHECK_SPAN(hd_writer_span(&w), HD_SPAN_LITERAL("\0\0\0\0\0\0\0\1\xff\xff\xff\xff\0\0\0\2"));
    CHECK(hd_interval_from_binary(hd_writer_span(&w), &v) == HD_OK && v.micros == 1 && v.days == -1 && v.months == 2);
    CHECK(hd_interval_from_binary((hd_span){w.p, 15}, &v) == HD_EDATA);
    CHECK(hd_interval_from_binary((hd_span){w.p, 0}, &v) == HD_EDATA);
    hd_writer_fini(&w);
}

static void
malformed(void)
{
    static const char *const bad[] = {"",
                                      "1",
                                      "1 ",
                                      "1 yea",
                                      "1 week",
                                      "year",
                                      "1 year ",
                                      "1 year2 mons",
                                      "00:00",
                                      "00:00:00 1 day",
                                      "1 day 1 day 1 day 1 day 1 day",
                                      "2562047788:00:54.775808",
                                      "9999999999:00:00",
                                      "9999999999 days",
                                      "178956971 years",
                                      "-178956971 years",
                                      "infinity1 day",
                                      "-2562047788:00:54.775809",
                                      "5124095576:01:49.551616",
                                      "12345678901 days",
                                      "@ 1 year",
                                      "P1Y",
                                      "1-2",
                                      "+-1 day",
                                      "infinity1",
                                      "00:00:60"};
    hd_interval v;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        tap_check(!reads(bad[i], 'p', &v), __FILE__, __LINE__, "\"%s\" is read", bad[i]);
    static const struct {
        char style;
        const char *text;
    } bad_in[] = {{'v', ""},
                  {'v', "@"},
                  {'v', "@ "},
                  {'v', "1 day"},
                  {'v', "@ 1"},
                  {'v', "@ 1 day ag"},
                  {'v', "@ ago"},
                  {'v', "@ 0.5 min"},
                  {'v', "@ 1 sec 1 hour"},
                  {'v', "@ 1 hour 00:00:01"},
                  {'v', "@ 9999999999 hours"},
                  {'v', "@ 2562047788 hours 54.775808 secs"},
                  {'s', ""},
                  {'s', "1"},
                  {'s', "00"},
                  {'s', "1-"},
                  {'s', "1-2 "},
                  {'s', "1-2 3"},
                  {'s', "1-2 3 "},
                  {'s', "1-2 3 4"},
                  {'s', "1 2"},
                  {'s', "1.5-2"},
                  {'s', "1.5 0:00:00"},
                  {'s', "1 day"},
                  {'s', "2562047788:00:54.775808"},
                  {'i', ""},
                  {'i', "P"},
                  {'i', "PT"},
                  {'i', "1Y"},
                  {'i', "P1"},
                  {'i', "P1Y1Y"},
                  {'i', "P1M1Y"},
                  {'i', "P1H"},
                  {'i', "PT1Y"},
                  {'i', "P1YT"},
                  {'i', "PT1HT1S"},
                  {'i', "P1.5D"},
                  {'i', "PT1S "},
                  {'i', "PT9999999999H"}};
    for (size_t i = 0; i < sizeof bad_in / sizeof bad_in[0]; i++)
        tap_check(!reads(bad_in[i].text, bad_in[i].style, &v), __FILE__, __LINE__, "\"%s\" is read", bad_in[i].text);
}

static void
write_without_memory(const hd_alloc *alloc)
{
    hd_writer w = hd_writer_of(alloc);
    hd_interval_to_text(&w, (hd_interval){.months = 1, .days = -1, .micros = -1}, 's');
    CHECK(w.rc == HD_ENOMEM || w.n == strlen("+1 mon -1 day +0 second -1 microsecond"));
    hd_writer_fini(&w);
}

static void
show_without_memory(const hd_alloc *alloc)
{
    hd_writer w = hd_writer_of(alloc);
    hd_interval_show(&w, (hd_interval){.months = 1, .days = -1, .micros = 100000});
    CHECK(w.rc == HD_ENOMEM || w.n == strlen("1 mon -1 days +00:00:00.1"));
    hd_writer_fini(&w);
}

static void
no_memory(void)
{
    tap_fail_each_allocation(write_without_memory);
    tap_fail_each_allocation(show_without_memory);
}

int
main(void)
{
    RUN(what_the_server_writes);
    RUN(every_style);
    RUN(what_the_server_reads);
    RUN(binary);
    RUN(malformed);
    RUN(no_memory);
    return tap_done();
}
