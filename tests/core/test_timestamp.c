#include "hd_tap.h"

#include "types/time.h"
#include "types/timestamp.h"

static const hd_date_style iso = {'I', 'M'};

static bool
reads(const char *text, hd_date_style style, int64_t *micros)
{
    hd_span src = tap_span(text);
    uint8_t *p = tap_copy(src);
    hd_rc rc = hd_timestamp_from_text((hd_span){p, src.n}, style, micros);
    free(p);
    return rc == HD_OK;
}

static bool
reads_tz(const char *text, int64_t *micros, int32_t *east)
{
    hd_span src = tap_span(text);
    uint8_t *p = tap_copy(src);
    hd_rc rc = hd_timestamptz_from_text((hd_span){p, src.n}, micros, east);
    free(p);
    return rc == HD_OK;
}

static void
check_text(int64_t micros, const char *text)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    int64_t back;
    hd_timestamp_to_text(&w, micros);
    CHECK_SPAN(hd_writer_span(&w), tap_span(text));
    CHECK(reads(text, iso, &back) && back == micros);
    hd_writer_rewind(&w, 0);
    hd_timestamp_to_binary(&w, micros);
    CHECK(hd_timestamp_from_binary(hd_writer_span(&w), &back) == HD_OK && back == micros);
    hd_writer_fini(&w);
}

static void
known_instants(void)
{
    check_text(0, "2000-01-01 00:00:00");
    check_text(-1, "1999-12-31 23:59:59.999999");
    check_text(HD_DAY, "2000-01-02 00:00:00");
    check_text(-HD_DAY, "1999-12-31 00:00:00");
    check_text(-730119 * HD_DAY, "0001-01-01 00:00:00");
    check_text(-730119 * HD_DAY - 1, "0001-12-31 23:59:59.999999 BC");
    check_text(2921940 * HD_DAY - 1, "9999-12-31 23:59:59.999999");
    check_text(9223371331199999999, "294276-12-31 23:59:59.999999"); /* the server's last */
    check_text(-211813488000000000, "4714-11-24 00:00:00 BC");       /* and its first */
    check_text(HD_TIMESTAMP_INFINITY, "infinity");
    check_text(HD_TIMESTAMP_MINUS_INFINITY, "-infinity");
}

static void
date_styles(void)
{
    const int64_t want = -1;
    int64_t v;
    CHECK(reads("31.12.1999 23:59:59.999999", (hd_date_style){'G', 'D'}, &v) && v == want);
    CHECK(reads("12/31/1999 23:59:59.999999", (hd_date_style){'S', 'M'}, &v) && v == want);
    CHECK(reads("31/12/1999 23:59:59.999999", (hd_date_style){'S', 'D'}, &v) && v == want);
    CHECK(reads("Fri Dec 31 23:59:59.999999 1999", (hd_date_style){'P', 'M'}, &v) && v == want);
    CHECK(reads("Fri 31 Dec 23:59:59.999999 1999", (hd_date_style){'P', 'D'}, &v) && v == want);
    CHECK(reads("Fri 31 Dec 00:00:00 0001 BC", (hd_date_style){'P', 'D'}, &v) && v == -730120 * HD_DAY);
    CHECK(!reads("Fri 31 Dez 23:59:59 1999", (hd_date_style){'P', 'D'}, &v));
    CHECK(!reads("1999-12-31 23:59:59", (hd_date_style){'P', 'D'}, &v));
}

static void
check_zone(const char *text, int64_t micros, int32_t east)
{
    int64_t got;
    int32_t got_east;
    if (CHECK(reads_tz(text, &got, &got_east))) {
        CHECK_EQ(got, micros);
        CHECK_EQ(got_east, east);
    }
}

static void
zones(void)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    check_zone("2000-01-01 00:00:00+00", 0, 0);
    check_zone("2000-01-01 01:00:00+01", 0, 3600);
    check_zone("1999-12-31 23:30:00-00:30", 0, -1800);
    check_zone("2000-01-01 00:00:00.5+05:53:28", HD_SECOND / 2 - 21208 * HD_SECOND, 21208);
    check_zone("0001-12-31 23:00:00-01 BC", -730119 * HD_DAY, -3600);
    check_zone("infinity", HD_TIMESTAMP_INFINITY, 0);
    check_zone("-infinity", HD_TIMESTAMP_MINUS_INFINITY, 0);
    hd_timestamptz_to_text(&w, 0, -3723);
    CHECK_SPAN(hd_writer_span(&w), tap_span("1999-12-31 22:57:57-01:02:03"));
    hd_writer_rewind(&w, 0);
    hd_timestamptz_to_text(&w, -1, 86399);
    CHECK_SPAN(hd_writer_span(&w), tap_span("2000-01-01 23:59:58.999999+23:59:59"));
    hd_writer_rewind(&w, 0);
    hd_timestamptz_to_text(&w, -730119 * HD_DAY, -60);
    CHECK_SPAN(hd_writer_span(&w), tap_span("0001-12-31 23:59:00-00:01 BC"));
    hd_writer_fini(&w);
}

/* What fits neither an int64_t nor beside the infinities at its ends. */
static void
out_of_range(void)
{
    int64_t v;
    int32_t east;
    CHECK(reads("294277-01-09 04:00:54.775806", iso, &v) && v == INT64_MAX - 1);
    CHECK(!reads("294277-01-09 04:00:54.775807", iso, &v)); /* infinity */
    CHECK(!reads("294277-01-09 04:00:54.775808", iso, &v));
    CHECK(reads_tz("294277-01-09 04:00:54.775807+00:00:01", &v, &east) && v == INT64_MAX - HD_SECOND);
    CHECK(!reads_tz("294277-01-09 04:00:54.775807-00:00:01", &v, &east));
    CHECK(reads_tz("290279-12-23 00:00:00.224193+04:00:55 BC", &v, &east) && v == INT64_MIN + 1);
    CHECK(!reads_tz("290279-12-23 00:00:00.224192+04:00:55 BC", &v, &east)); /* -infinity */
    CHECK(!reads_tz("290279-12-23 00:00:00.224191+04:00:55 BC", &v, &east));
    CHECK(!reads("290279-12-22 23:59:59 BC", iso, &v));
}

static void
check_shown(int64_t micros, const char *text)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_timestamp_show(&w, micros);
    CHECK_SPAN(hd_writer_span(&w), tap_span(text));
    hd_writer_fini(&w);
}

static void
check_shown_in(int64_t micros, int32_t east, const char *text)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_timestamptz_show(&w, micros, east);
    CHECK_SPAN(hd_writer_span(&w), tap_span(text));
    hd_writer_fini(&w);
}

static void
as_the_server_writes(void)
{
    check_shown(0, "2000-01-01 00:00:00");
    check_shown(1500000, "2000-01-01 00:00:01.5");
    check_shown(2921940 * HD_DAY, "10000-01-01 00:00:00");
    check_shown(-730119 * HD_DAY - 1, "0001-12-31 23:59:59.999999 BC");
    check_shown(INT64_MAX, "infinity");
    check_shown(INT64_MAX - 1, "294277-01-09 04:00:54.775806");
    check_shown(INT64_MIN + 1, "290279-12-22 19:59:05.224193 BC");
    check_shown_in(INT64_MIN, 3600, "-infinity");
    check_shown_in(2921940 * HD_DAY - HD_SECOND, 3600, "10000-01-01 00:59:59+01");
    check_shown_in(2921940 * HD_DAY, -12600, "9999-12-31 20:30:00-03:30");
    check_shown_in(-730119 * HD_DAY, -2996, "0001-12-31 23:10:04-00:49:56 BC");
}

static void
malformed(void)
{
    static const char *const bad[] = {"",
                                      "2000-01-01",
                                      "2000-01-01 00:00",
                                      "2000-01-01 24:00:00",
                                      "2000-02-30 00:00:00",
                                      "2000-01-01 00:00:00 ",
                                      "2000-01-01 00:00:00+00",
                                      "294277-01-10 00:00:00",
                                      "999999-01-01 00:00:00",
                                      "2000-01-01x00:00:00",
                                      "infinit",
                                      "2000-01-01 00:00:00 AD"};
    int64_t v;
    int32_t east;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        tap_check(!reads(bad[i], iso, &v), __FILE__, __LINE__, "\"%s\" is read", bad[i]);
    CHECK(!reads_tz("2000-01-01 00:00:00", &v, &east));
    CHECK(!reads_tz("2000-01-01 00:00:00 BC+00", &v, &east));
    CHECK(hd_timestamp_from_binary(HD_SPAN_LITERAL("\0\0\0\0\0\0\0"), &v) == HD_EDATA);
    CHECK(hd_timestamp_from_binary(HD_SPAN_LITERAL("\0\0\0\0\0\0\0\0\0"), &v) == HD_EDATA);
}

static void
write_without_memory(const hd_alloc *alloc)
{
    hd_writer w = hd_writer_of(alloc);
    hd_timestamptz_to_text(&w, -730119 * HD_DAY, -60);
    CHECK(w.rc == HD_ENOMEM || w.n == strlen("0001-12-31 23:59:00-00:01 BC"));
    hd_writer_fini(&w);
}

static void
show_without_memory(const hd_alloc *alloc)
{
    hd_writer w = hd_writer_of(alloc);
    hd_timestamptz_show(&w, -730119 * HD_DAY + 100000, -3600);
    CHECK(w.rc == HD_ENOMEM || w.n == strlen("0001-12-31 23:00:00.1-01 BC"));
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
    RUN(known_instants);
    RUN(date_styles);
    RUN(zones);
    RUN(out_of_range);
    RUN(as_the_server_writes);
    RUN(malformed);
    RUN(no_memory);
    return tap_done();
}
