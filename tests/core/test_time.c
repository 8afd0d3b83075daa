#include "hd_tap.h"

#include "types/time.h"

static bool
reads(const char *text, int64_t *micros)
{
    hd_span src = tap_span(text);
    uint8_t *p = tap_copy(src);
    hd_rc rc = hd_time_from_text((hd_span){p, src.n}, micros);
    free(p);
    return rc == HD_OK;
}

static bool
reads_tz(const char *text, hd_timetz *t)
{
    hd_span src = tap_span(text);
    uint8_t *p = tap_copy(src);
    hd_rc rc = hd_timetz_from_text((hd_span){p, src.n}, t);
    free(p);
    return rc == HD_OK;
}

static void
check_time(int64_t micros, const char *text, const char *printed)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    int64_t back;
    hd_time_to_text(&w, micros);
    CHECK_SPAN(hd_writer_span(&w), tap_span(printed));
    hd_writer_rewind(&w, 0);
    hd_time_show(&w, micros);
    CHECK_SPAN(hd_writer_span(&w), tap_span(text));
    CHECK(reads(text, &back) && back == micros);
    hd_writer_rewind(&w, 0);
    hd_time_to_binary(&w, micros);
    CHECK(hd_time_from_binary(hd_writer_span(&w), &back) == HD_OK && back == micros);
    hd_writer_fini(&w);
}

static void
known_times(void)
{
    check_time(0, "00:00:00", "00:00:00");
    check_time(1, "00:00:00.000001", "00:00:00.000001");
    check_time(500000, "00:00:00.5", "00:00:00.500000");
    check_time(HD_DAY - 1, "23:59:59.999999", "23:59:59.999999");
    check_time(HD_DAY, "24:00:00", "24:00:00");
    check_time(3723000000, "01:02:03", "01:02:03");
}

static void
check_timetz(int64_t micros, int32_t east, const char *text, const char *shown)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_timetz back, t = {micros, east};
    hd_timetz_to_text(&w, t);
    CHECK_SPAN(hd_writer_span(&w), tap_span(text));
    hd_writer_rewind(&w, 0);
    hd_timetz_show(&w, t);
    CHECK_SPAN(hd_writer_span(&w), tap_span(shown));
    CHECK(reads_tz(shown, &back) && back.micros == micros && back.east == east);
    CHECK(reads_tz(text, &back) && back.micros == micros && back.east == east);
    hd_writer_rewind(&w, 0);
    hd_timetz_to_binary(&w, t);
    CHECK_EQ(w.n, 12);
    CHECK(hd_timetz_from_binary(hd_writer_span(&w), &back) == HD_OK && back.micros == micros && back.east == east);
    hd_writer_fini(&w);
}

static void
known_zones(void)
{
    hd_timetz t;
    check_timetz(0, 0, "00:00:00+00:00", "00:00:00+00");
    check_timetz(HD_DAY, -5400, "24:00:00-01:30", "24:00:00-01:30");
    check_timetz(1, 3600, "00:00:00.000001+01:00", "00:00:00.000001+01");
    check_timetz(0, -3723, "00:00:00-01:02:03", "00:00:00-01:02:03");
    check_timetz(500000, 57599, "00:00:00.500000+15:59:59", "00:00:00.5+15:59:59");
    CHECK(reads_tz("10:00:00+02", &t) && t.east == 7200);
    CHECK(reads_tz("10:00:00-00:30", &t) && t.east == -1800);
    CHECK(hd_timetz_from_binary(HD_SPAN_LITERAL("\0\0\0\0\0\0\0\0\0\0\x0e\x10"), &t) == HD_OK && t.east == -3600);
}

static void
malformed(void)
{
    static const char *const bad[] = {"",          ":02:03",          "01:02",    "01:02:03.", "01:02:03.1234567",
                                      "24:00:01",  "25:00:00",        "01:60:00", "01:00:60",  "01:00:00 ",
                                      "-01:00:00", "01:00:00.00000x", "001:00:00"};
    static const char *const bad_zones[] = {
        "10:00:00",          "10:00:00+", "10:00:00+1",           "10:00:00+24",   "10:00:00+01:60",
        "10:00:00+01:00:60", "10:00:00Z", "10:00:00+01:00:00:00", "24:00:00.1+00", "10:00:00 +01"};
    int64_t micros;
    hd_timetz t;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        tap_check(!reads(bad[i], &micros), __FILE__, __LINE__, "\"%s\" is read", bad[i]);
    for (size_t i = 0; i < sizeof bad_zones / sizeof bad_zones[0]; i++)
        tap_check(!reads_tz(bad_zones[i], &t), __FILE__, __LINE__, "\"%s\" is read", bad_zones[i]);
    CHECK(hd_time_from_binary(HD_SPAN_LITERAL("\0\0\0\0\0\0\0"), &micros) == HD_EDATA);
    CHECK(hd_time_from_binary(HD_SPAN_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff"), &micros) == HD_EDATA);
    CHECK(hd_time_from_binary(HD_SPAN_LITERAL("\x7f\xff\xff\xff\xff\xff\xff\xff"), &micros) == HD_EDATA);
    CHECK(hd_timetz_from_binary(HD_SPAN_LITERAL("\0\0\0\0\0\0\0\0\0\0\x0e"), &t) == HD_EDATA);
    CHECK(hd_timetz_from_binary(HD_SPAN_LITERAL("\xff\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"), &t) == HD_EDATA);
    CHECK(hd_timetz_from_binary(HD_SPAN_LITERAL("\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0"), &t) == HD_EDATA);
    CHECK(hd_timetz_from_binary(HD_SPAN_LITERAL("\0\0\0\0\0\0\0\0\x80\0\0\0"), &t) == HD_EDATA);
    CHECK(hd_timetz_from_binary(HD_SPAN_LITERAL("\0\0\0\0\0\0\0\0\0\1\x51\x80"), &t) == HD_EDATA);
}

static void
write_without_memory(const hd_alloc *alloc)
{
    hd_writer w = hd_writer_of(alloc);
    hd_timetz_to_text(&w, (hd_timetz){1, -3723});
    CHECK(w.rc == HD_ENOMEM || w.n == strlen("00:00:00.000001-01:02:03"));
    hd_writer_fini(&w);
}

static void
show_without_memory(const hd_alloc *alloc)
{
    hd_writer w = hd_writer_of(alloc);
    hd_timetz_show(&w, (hd_timetz){100000, 3600});
    CHECK(w.rc == HD_ENOMEM || w.n == strlen("00:00:00.1+01"));
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
    RUN(known_times);
    RUN(known_zones);
    RUN(malformed);
    RUN(no_memory);
    return tap_done();
}
