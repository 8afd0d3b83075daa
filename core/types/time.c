#include "types/time.h"

#include "types/scan.h"

int64_t
hd_scan_fraction(hd_reader *r)
{
    if (!hd_scan_accept(r, '.'))
        return 0;
    size_t before = r->left;
    int64_t micros = hd_scan_digits(r, 1, 6);
    for (size_t digits = before - r->left; digits < 6 && !r->bad; digits++)
        micros *= 10;
    return micros;
}

uint64_t
hd_scan_clock(hd_reader *r, size_t hour_digits)
{
    uint64_t hours = (uint64_t)hd_scan_digits(r, 1, hour_digits);
    hd_scan_expect(r, ':');
    uint64_t minutes = (uint64_t)hd_scan_digits(r, 2, 2);
    hd_scan_expect(r, ':');
    uint64_t seconds = (uint64_t)hd_scan_digits(r, 2, 2);
    uint64_t micros = (uint64_t)hd_scan_fraction(r);
    if (minutes > 59 || seconds > 59)
        hd_scan_fail(r);
    uint64_t total;
    if (__builtin_mul_overflow((hours * 60 + minutes) * 60 + seconds, (uint64_t)HD_SECOND, &total) ||
        __builtin_add_overflow(total, micros, &total)) {
        hd_scan_fail(r);
        return 0;
    }
    return total;
}

int32_t
hd_scan_zone(hd_reader *r)
{
    bool west = hd_scan_accept(r, '-');
    if (!west)
        hd_scan_expect(r, '+');
    int32_t hours = (int32_t)hd_scan_digits(r, 2, 2), minutes = 0, seconds = 0;
    if (hd_scan_accept(r, ':'))
        minutes = (int32_t)hd_scan_digits(r, 2, 2);
    if (hd_scan_accept(r, ':'))
        seconds = (int32_t)hd_scan_digits(r, 2, 2);
    if (hours > 23 || minutes > 59 || seconds > 59)
        hd_scan_fail(r);
    int32_t offset = hours * 3600 + minutes * 60 + seconds;
    return west ? -offset : offset;
}

void
hd_print_clock(hd_writer *w, uint64_t micros, size_t hour_width)
{
    enum { ROOM = 20 + sizeof ":mm:ss.ffffff" };
    if (!hd_writer_reserve(w, ROOM))
        return;
    uint64_t seconds = micros / HD_SECOND, fraction = micros % HD_SECOND;
    uint8_t *p = w->p + w->n;
    p += hd_print_digits(p, seconds / 3600, hour_width);
    *p++ = ':';
    p += hd_print_digits(p, seconds / 60 % 60, 2);
    *p++ = ':';
    p += hd_print_digits(p, seconds % 60, 2);
    if (fraction != 0) {
        *p++ = '.';
        p += hd_print_digits(p, fraction, 6);
    }
    w->n = (size_t)(p - w->p);
}

void
hd_print_zone(hd_writer *w, int32_t east)
{
    if (!hd_writer_reserve(w, sizeof "+hh:mm:ss"))
        return;
    uint32_t offset = (uint32_t)(east < 0 ? -east : east);
    uint8_t *p = w->p + w->n;
    *p++ = east < 0 ? '-' : '+';
    p += hd_print_digits(p, offset / 3600, 2);
    *p++ = ':';
    p += hd_print_digits(p, offset / 60 % 60, 2);
    if (offset % 60 != 0) {
        *p++ = ':';
        p += hd_print_digits(p, offset % 60, 2);
    }
    w->n = (size_t)(p - w->p);
}

void
hd_show_fraction(hd_writer *w, uint64_t micros)
{
    enum { DIGITS = 6 };
    if (micros == 0 || !hd_writer_reserve(w, sizeof ".ffffff"))
        return;
    w->p[w->n++] = '.';
    w->n += hd_print_digits(w->p + w->n, micros, DIGITS);
    while (w->p[w->n - 1] == '0')
        w->n--;
}

void
hd_show_clock(hd_writer *w, uint64_t micros, size_t hour_width)
{
    hd_print_clock(w, micros - micros % HD_SECOND, hour_width);
    hd_show_fraction(w, micros % HD_SECOND);
}

void
hd_show_zone(hd_writer *w, int32_t east)
{
    hd_print_zone(w, east);
    if (east % 3600 == 0 && w->rc == HD_OK)
        w->n -= sizeof ":mm" - 1;
}

hd_rc
hd_time_from_text(hd_span src, int64_t *micros)
{
    hd_reader r = hd_reader_of(src);
    *micros = (int64_t)hd_scan_clock(&r, 2);
    return hd_reader_done(&r) && *micros <= HD_DAY ? HD_OK : HD_EDATA;
}

hd_rc
hd_time_from_binary(hd_span src, int64_t *micros)
{
    hd_reader r = hd_reader_of(src);
    *micros = hd_read_i64(&r);
    return hd_reader_done(&r) && *micros >= 0 && *micros <= HD_DAY ? HD_OK : HD_EDATA;
}

void
hd_time_to_text(hd_writer *w, int64_t micros)
{
    hd_print_clock(w, (uint64_t)micros, 2);
}

void
hd_time_show(hd_writer *w, int64_t micros)
{
    hd_show_clock(w, (uint64_t)micros, 2);
}

hd_rc
hd_timetz_from_text(hd_span src, hd_timetz *t)
{
    hd_reader r = hd_reader_of(src);
    t->micros = (int64_t)hd_scan_clock(&r, 2);
    t->east = hd_scan_zone(&r);
    return hd_reader_done(&r) && t->micros <= HD_DAY ? HD_OK : HD_EDATA;
}

hd_rc
hd_timetz_from_binary(hd_span src, hd_timetz *t)
{
    hd_reader r = hd_reader_of(src);
    t->micros = hd_read_i64(&r);
    int32_t west = hd_read_i32(&r);
    if (!hd_reader_done(&r) || t->micros < 0 || t->micros > HD_DAY || west <= -86400 || west >= 86400)
        return HD_EDATA;
    t->east = -west;
    return HD_OK;
}

void
hd_timetz_to_text(hd_writer *w, hd_timetz t)
{
    hd_print_clock(w, (uint64_t)t.micros, 2);
    hd_print_zone(w, t.east);
}

void
hd_timetz_show(hd_writer *w, hd_timetz t)
{
    hd_show_clock(w, (uint64_t)t.micros, 2);
    hd_show_zone(w, t.east);
}
