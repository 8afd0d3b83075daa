#include "load/datetime.h"
#include "types/time.h"
#include "types/timestamp.h"

#define FIRST_MICROS (HDPY_FIRST_DAY * HD_DAY)
#define LAST_MICROS ((HDPY_LAST_DAY + 1) * HD_DAY - 1)

static bool
fits(int64_t micros)
{
    return micros >= FIRST_MICROS && micros <= LAST_MICROS;
}

/* For micros that fit. tz: borrowed, None for a naive datetime. */
static PyObject *
make_datetime(hdpy_state *st, int64_t micros, PyObject *tz)
{
    int64_t since_first = micros - FIRST_MICROS; /* not negative: the divisions need no care for signs */
    hd_civil c = hd_civil_of_days(since_first / HD_DAY + HDPY_FIRST_DAY);
    int64_t clock = since_first % HD_DAY;
    int seconds = (int)(clock / HD_SECOND);
    PyDateTime_CAPI *api = hdpy_datetime(st);
    return api->DateTime_FromDateAndTime((int)c.year, c.month, c.day, seconds / 3600, seconds / 60 % 60, seconds % 60,
                                         (int)(clock % HD_SECOND), tz, api->DateTimeType);
}

/* Seconds east of UTC that the session's zone has at an instant outside the calendar. Far ahead the zones follow rules
 * which, like the calendar, repeat every 400 years; before the calendar they had no rules yet. -1: an exception. */
static int
offset_beyond(hdpy_load_ctx *ctx, int64_t micros, int32_t *east)
{
    const int64_t cycle = 146097 * HD_DAY, last = LAST_MICROS - cycle, first = FIRST_MICROS + 2 * HD_DAY;
    const hdpy_settings *s = ctx->settings;
    *east = s->timezone_offset;
    if (s->timezone_is_fixed)
        return 0;
    if (micros > last)
        micros -= ((micros - last) / cycle + 1) * cycle;
    PyObject *utc = make_datetime(ctx->st, micros < first ? first : micros, s->timezone);
    PyObject *local = utc ? PyObject_CallMethodOneArg(s->timezone, ctx->st->str_fromutc, utc) : NULL;
    PyObject *offset = local ? PyObject_CallMethodNoArgs(local, ctx->st->str_utcoffset) : NULL;
    bool ok = offset != NULL;
    if (ok && offset != Py_None)
        *east = PyDateTime_DELTA_GET_DAYS(offset) * 86400 + PyDateTime_DELTA_GET_SECONDS(offset);
    Py_XDECREF(utc);
    Py_XDECREF(local);
    Py_XDECREF(offset);
    return ok ? 0 : -1;
}

/* A timestamp (aware: timestamptz) that fits no datetime. An infinity becomes the end of the calendar in UTC, which can
 * be printed and compared: in a zone it might leave the calendar. */
static PyObject *
beyond_the_calendar(hdpy_load_ctx *ctx, int64_t micros, bool aware, const hd_span *text)
{
    bool infinite = micros == HD_TIMESTAMP_INFINITY || micros == HD_TIMESTAMP_MINUS_INFINITY;
    if (infinite && ctx->edges->infinity == HDPY_INFINITY_MARKER)
        return hdpy_infinity_marker(ctx->st, micros < 0);
    if (infinite && ctx->edges->infinity == HDPY_INFINITY_CLAMP)
        return make_datetime(ctx->st, micros < 0 ? FIRST_MICROS : LAST_MICROS,
                             aware ? hdpy_datetime(ctx->st)->TimeZone_UTC : Py_None);
    if (infinite || ctx->edges->out_of_range != HDPY_RANGE_TEXT)
        return hdpy_calendar_error(ctx, "timestamp", micros < 0, text);
    int32_t east;
    if (aware && offset_beyond(ctx, micros, &east) < 0)
        return NULL;
    hd_writer w = hd_writer_of(&hd_alloc_default);
    if (aware)
        hd_timestamptz_show(&w, micros, east);
    else
        hd_timestamp_show(&w, micros);
    return hdpy_shown(&w);
}

static PyObject *
load_timestamp_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    int64_t micros;
    if (hd_timestamp_from_text(src, hdpy_date_style(ctx->settings), &micros) != HD_OK)
        return hdpy_load_error(ctx, "timestamp", src);
    if (!fits(micros))
        return beyond_the_calendar(ctx, micros, false, &src);
    return make_datetime(ctx->st, micros, Py_None);
}

static PyObject *
load_timestamp_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    int64_t micros;
    if (hd_timestamp_from_binary(src, &micros) != HD_OK)
        return hdpy_load_error(ctx, "timestamp", src);
    if (!fits(micros))
        return beyond_the_calendar(ctx, micros, false, NULL);
    return make_datetime(ctx->st, micros, Py_None);
}

/* The instant in the zone of the session. NULL without an exception where it leaves Python's calendar, in UTC or in
 * the zone. */
static PyObject *
in_session_zone(hdpy_load_ctx *ctx, int64_t micros)
{
    const hdpy_settings *s = ctx->settings;
    if (!fits(micros))
        return NULL;
    if (s->timezone_is_fixed) {
        int64_t local = micros + s->timezone_offset * HD_SECOND;
        return fits(local) ? make_datetime(ctx->st, local, s->timezone) : NULL;
    }
    PyObject *utc = make_datetime(ctx->st, micros, s->timezone);
    if (utc == NULL)
        return NULL;
    PyObject *local = PyObject_CallMethodOneArg(s->timezone, ctx->st->str_fromutc, utc);
    Py_DECREF(utc);
    if (local == NULL && PyErr_ExceptionMatches(PyExc_OverflowError))
        PyErr_Clear();
    return local;
}

/* Near the ends of the calendar an instant may have a local time and no time in UTC: Django caches "forever" as
 * datetime.max. The text says its own offset. */
static PyObject *
load_timestamptz_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    if (ctx->settings->date_style != 'I') {
        /* the other styles name the zone by an abbreviation, which no list resolves */
        PyErr_SetString(PyExc_NotImplementedError, "can't parse timestamptz as text unless DateStyle is ISO");
        return NULL;
    }
    int64_t micros;
    int32_t east;
    if (hd_timestamptz_from_text(src, &micros, &east) != HD_OK)
        return hdpy_load_error(ctx, "timestamptz", src);
    PyObject *v = in_session_zone(ctx, micros);
    if (HD_LIKELY(v != NULL) || PyErr_Occurred())
        return v;
    int64_t local;
    if (__builtin_add_overflow(micros, east * HD_SECOND, &local) || !fits(local))
        return beyond_the_calendar(ctx, micros, true, &src);
    PyObject *zone = hdpy_fixed_zone(ctx->st, east);
    if (zone == NULL)
        return NULL;
    v = make_datetime(ctx->st, local, zone);
    Py_DECREF(zone);
    return v;
}

/* In binary such an instant gets the offset that the zone has at that end of the calendar. */
static PyObject *
load_at_the_end(hdpy_load_ctx *ctx, int64_t micros)
{
    PyObject *zone = ctx->settings->timezone; // borrowed
    PyObject *end = make_datetime(ctx->st, micros < 0 ? FIRST_MICROS : LAST_MICROS, Py_None);
    if (end == NULL)
        return NULL;
    PyObject *offset = PyObject_CallMethodOneArg(zone, ctx->st->str_utcoffset, end);
    Py_DECREF(end);
    if (offset == NULL)
        return NULL;
    int64_t local = micros;
    if (offset != Py_None) {
        int64_t seconds = PyDateTime_DELTA_GET_DAYS(offset) * INT64_C(86400) + PyDateTime_DELTA_GET_SECONDS(offset);
        if (__builtin_add_overflow(micros, seconds * HD_SECOND, &local))
            local = micros;
    }
    Py_DECREF(offset);
    if (!fits(local))
        return beyond_the_calendar(ctx, micros, true, NULL);
    return make_datetime(ctx->st, local, zone);
}

static PyObject *
load_timestamptz_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    int64_t micros;
    if (hd_timestamp_from_binary(src, &micros) != HD_OK)
        return hdpy_load_error(ctx, "timestamptz", src);
    PyObject *v = in_session_zone(ctx, micros);
    return HD_LIKELY(v != NULL) || PyErr_Occurred() ? v : load_at_the_end(ctx, micros);
}

const hdpy_loader hdpy_load_timestamp_text = {.load = load_timestamp_text};
const hdpy_loader hdpy_load_timestamp_binary = {.load = load_timestamp_binary};
const hdpy_loader hdpy_load_timestamptz_text = {.load = load_timestamptz_text};
const hdpy_loader hdpy_load_timestamptz_binary = {.load = load_timestamptz_binary};
