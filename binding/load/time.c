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

/* tz: borrowed, None for a time without zone. */
static PyObject *
make_time(hdpy_load_ctx *ctx, int64_t micros, PyObject *tz)
{
    if (micros >= HD_DAY) {
        PyErr_SetString(ctx->st->DataError ? ctx->st->DataError : PyExc_ValueError,
                        "time not supported by Python: 24:00");
        return NULL;
    }
    int seconds = (int)(micros / HD_SECOND);
    PyDateTime_CAPI *api = hdpy_datetime(ctx->st);
    return api->Time_FromTime(seconds / 3600, seconds / 60 % 60, seconds % 60, (int)(micros % HD_SECOND), tz,
                              api->TimeType);
}

static PyObject *
make_timetz(hdpy_load_ctx *ctx, hd_timetz t)
{
    PyObject *tz = hdpy_fixed_zone(ctx->st, t.east);
    if (tz == NULL)
        return NULL;
    PyObject *time = make_time(ctx, t.micros, tz);
    Py_DECREF(tz);
    return time;
}

static PyObject *
load_time_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    int64_t micros;
    if (hd_time_from_text(src, &micros) != HD_OK)
        return hdpy_load_error(ctx, "time", src);
    return make_time(ctx, micros, Py_None);
}

static PyObject *
load_time_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    int64_t micros;
    if (hd_time_from_binary(src, &micros) != HD_OK)
        return hdpy_load_error(ctx, "time", src);
    return make_time(ctx, micros, Py_None);
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
