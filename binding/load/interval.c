#include "load/datetime.h"
#include "types/interval.h"
#include "types/time.h"

static PyObject *
beyond_timedelta(hdpy_load_ctx *ctx, hd_interval v, int64_t days, int most_days)
{
    int infinity = hd_interval_infinity(v);
    PyDateTime_CAPI *api = hdpy_datetime(ctx->st);
    if (infinity != 0 && ctx->edges->infinity == HDPY_INFINITY_MARKER)
        return hdpy_infinity_marker(ctx->st, infinity < 0);
    if (infinity != 0 && ctx->edges->infinity == HDPY_INFINITY_CLAMP)
        return infinity < 0 ? api->Delta_FromDelta(-most_days, 0, 0, 0, api->DeltaType)
                            : api->Delta_FromDelta(most_days, 86399, 999999, 0, api->DeltaType);
    if (infinity == 0 && ctx->edges->out_of_range == HDPY_RANGE_TEXT) {
        hd_writer w = hd_writer_of(&hd_alloc_default);
        hd_interval_show(&w, v);
        return hdpy_shown(&w);
    }
    PyErr_Format(ctx->st->DataError, "can't parse interval: %lld days are too many for a timedelta", (long long)days);
    return NULL;
}

/* A month counts 30 days and a year 365, as in psycopg. */
static PyObject *
make_timedelta(hdpy_load_ctx *ctx, hd_interval v)
{
    enum { MOST_DAYS = 999999999 }; /* of timedelta */
    int64_t days = v.days + INT64_C(365) * (v.months / 12) + INT64_C(30) * (v.months % 12);
    int64_t clock = v.micros % HD_DAY;
    days += v.micros / HD_DAY;
    if (clock < 0) {
        clock += HD_DAY;
        days--;
    }
    if (days > MOST_DAYS || days < -MOST_DAYS)
        return beyond_timedelta(ctx, v, days, MOST_DAYS);
    PyDateTime_CAPI *api = hdpy_datetime(ctx->st);
    return api->Delta_FromDelta((int)days, (int)(clock / HD_SECOND), (int)(clock % HD_SECOND), 0, api->DeltaType);
}

static PyObject *
make_interval(hdpy_load_ctx *ctx, hd_interval v)
{
    if (ctx->edges->interval == HDPY_INTERVAL_TIMEDELTA)
        return make_timedelta(ctx, v);
    return PyObject_CallFunction(ctx->st->Interval, "iiL", (int)v.months, (int)v.days, (long long)v.micros);
}

static PyObject *
load_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    if (ctx->settings->interval_style != 'p' && ctx->edges->interval == HDPY_INTERVAL_TIMEDELTA) {
        PyErr_SetString(PyExc_NotImplementedError, "can't parse interval as text unless IntervalStyle is postgres");
        return NULL;
    }
    hd_interval v;
    if (hd_interval_from_text(src, ctx->settings->interval_style, &v) != HD_OK)
        return hdpy_load_error(ctx, "interval", src);
    return make_interval(ctx, v);
}

static PyObject *
load_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    hd_interval v;
    if (hd_interval_from_binary(src, &v) != HD_OK)
        return hdpy_load_error(ctx, "interval", src);
    return make_interval(ctx, v);
}

const hdpy_loader hdpy_load_interval_text = {.load = load_text};
const hdpy_loader hdpy_load_interval_binary = {.load = load_binary};
