#include "load/datetime.h"
#include "types/time.h"

PyObject *
hdpy_fixed_zone(hdpy_state *st, int32_t east)
{
    PyDateTime_CAPI *api = hdpy_datetime(st);
    PyObject *delta = api->Delta_FromDelta(0, east, 0, 1, api->DeltaType);
    if (delta == NULL)
        return NULL;
    PyObject *zone = api->TimeZone_FromTimeZone(delta, NULL);
    Py_DECREF(delta);
    return zone;
}

/* 24:00:00 of a time, or of a timetz. */
static PyObject *
end_of_day(hdpy_load_ctx *ctx, const hd_timetz *t)
{
    if (ctx->edges->out_of_range != HDPY_RANGE_TEXT) {
        PyErr_SetString(ctx->st->DataError, "time not supported by Python: 24:00");
        return NULL;
    }
    hd_writer w = hd_writer_of(&hd_alloc_default);
    if (t == NULL)
        hd_time_show(&w, HD_DAY);
    else
        hd_timetz_show(&w, *t);
    return hdpy_shown(&w);
}

/* tz: borrowed, None for a time without zone. */
static PyObject *
time_of(hdpy_load_ctx *ctx, int64_t micros, PyObject *tz)
{
    int seconds = (int)(micros / HD_SECOND);
    PyDateTime_CAPI *api = hdpy_datetime(ctx->st);
    return api->Time_FromTime(seconds / 3600, seconds / 60 % 60, seconds % 60, (int)(micros % HD_SECOND), tz,
                              api->TimeType);
}

static PyObject *
make_time(hdpy_load_ctx *ctx, int64_t micros)
{
    return micros < HD_DAY ? time_of(ctx, micros, Py_None) : end_of_day(ctx, NULL);
}

static PyObject *
make_timetz(hdpy_load_ctx *ctx, hd_timetz t)
{
    if (t.micros >= HD_DAY)
        return end_of_day(ctx, &t);
    PyObject *tz = hdpy_fixed_zone(ctx->st, t.east);
    if (tz == NULL)
        return NULL;
    PyObject *time = time_of(ctx, t.micros, tz);
    Py_DECREF(tz);
    return time;
}

static PyObject *
load_time_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    int64_t micros;
    if (hd_time_from_text(src, &micros) != HD_OK)
        return hdpy_load_error(ctx, "time", src);
    return make_time(ctx, micros);
}

static PyObject *
load_time_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    int64_t micros;
    if (hd_time_from_binary(src, &micros) != HD_OK)
        return hdpy_load_error(ctx, "time", src);
    return make_time(ctx, micros);
}

static PyObject *
load_timetz_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    hd_timetz t;
    if (hd_timetz_from_text(src, &t) != HD_OK)
        return hdpy_load_error(ctx, "timetz", src);
    return make_timetz(ctx, t);
}

static PyObject *
load_timetz_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    hd_timetz t;
    if (hd_timetz_from_binary(src, &t) != HD_OK)
        return hdpy_load_error(ctx, "timetz", src);
    return make_timetz(ctx, t);
}

const hdpy_loader hdpy_load_time_text = {.load = load_time_text};
const hdpy_loader hdpy_load_time_binary = {.load = load_time_binary};
const hdpy_loader hdpy_load_timetz_text = {.load = load_timetz_text};
const hdpy_loader hdpy_load_timetz_binary = {.load = load_timetz_binary};
