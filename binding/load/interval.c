#include "load/datetime.h"
#include "types/interval.h"
#include "types/time.h"

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
    if (days > MOST_DAYS || days < -MOST_DAYS) {
        PyErr_Format(ctx->st->DataError ? ctx->st->DataError : PyExc_ValueError,
                     "can't parse interval: %lld days are too many for a timedelta", (long long)days);
        return NULL;
    }
    PyDateTime_CAPI *api = hdpy_datetime(ctx->st);
    return api->Delta_FromDelta((int)days, (int)(clock / HD_SECOND), (int)(clock % HD_SECOND), 0, api->DeltaType);
}

static PyObject *
load_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    if (ctx->settings->interval_style != 'p') {
        PyErr_SetString(PyExc_NotImplementedError, "can't parse interval as text unless IntervalStyle is postgres");
        return NULL;
    }
    hd_interval v;
    if (hd_interval_from_text(src, ctx->settings->interval_style, &v) != HD_OK)
        return hdpy_load_error(ctx, "interval", src);
    return make_timedelta(ctx, v);
}

static PyObject *
load_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    hd_interval v;
    if (hd_interval_from_binary(src, &v) != HD_OK)
        return hdpy_load_error(ctx, "interval", src);
    return make_timedelta(ctx, v);
}

const hdpy_loader hdpy_load_interval_text = {.load = load_text};
const hdpy_loader hdpy_load_interval_binary = {.load = load_binary};
