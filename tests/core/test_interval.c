#include "hd_tap.h"

#include "types/interval.h"
#include "types/time.h"

static bool
reads(const char *text, hd_interval *v)
{
    hd_span src = tap_span(text);
    uint8_t *p = tap_copy(src);
    hd_rc rc = hd_interval_from_text((hd_span){p, src.n}, v);
    free(p);
    return rc == HD_OK;
}

static void
check_read(const char *text, int32_t months, int32_t days, int64_t micros)
{
    hd_interval v;
    if (tap_check(reads(text, &v), __FILE__, __LINE__, "\"%s\" is not read", text))
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
    check_read("infinity", INT32_MAX, INT32_MAX, INT64_MAX);
    check_read("-infinity", INT32_MIN, INT32_MIN, INT64_MIN);
}

static void
check_written(hd_interval v, char style, const char *text)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_interval_to_text(&w, v, style);
    CHECK_SPAN(hd_writer_span(&w), tap_span(text));
    if (style != 's') {
        hd_interval back;
        CHECK_EQ(hd_interval_from_text(hd_writer_span(&w), &back), HD_OK);
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
        tap_check(!reads(bad[i], &v), __FILE__, __LINE__, "\"%s\" is read", bad[i]);
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
no_memory(void)
{
    tap_fail_each_allocation(write_without_memory);
}

int
main(void)
{
    RUN(what_the_server_writes);
    RUN(what_the_server_reads);
    RUN(binary);
    RUN(malformed);
    RUN(no_memory);
    return tap_done();
}
