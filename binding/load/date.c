#include "load/datetime.h"

PyObject *
hdpy_calendar_error(hdpy_load_ctx *ctx, const char *type_name, bool too_small, const hd_span *text)
{
    PyObject *error = ctx->st->DataError ? ctx->st->DataError : PyExc_ValueError;
    const char *why = too_small ? "too small (before year 1)" : "too large (after year 9999)";
    if (text == NULL) {
        PyErr_Format(error, "%s %s", type_name, why);
        return NULL;
    }
    PyObject *quoted = PyUnicode_DecodeUTF8((const char *)text->p, (Py_ssize_t)text->n, "replace");
    if (quoted != NULL) {
        PyErr_Format(error, "%s %s: %R", type_name, why, quoted);
        Py_DECREF(quoted);
    }
    return NULL;
}

static PyObject *
make_date(hdpy_load_ctx *ctx, int32_t days, const hd_span *text)
{
    if (days < HDPY_FIRST_DAY || days > HDPY_LAST_DAY)
        return hdpy_calendar_error(ctx, "date", days < 0, text);
    hd_civil c = hd_civil_of_days(days);
    PyDateTime_CAPI *api = hdpy_datetime(ctx->st);
    return api->Date_FromDate((int)c.year, c.month, c.day, api->DateType);
}

static PyObject *
load_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    int32_t days;
    if (hd_date_from_text(src, hdpy_date_style(ctx->settings), &days) != HD_OK)
        return hdpy_load_error(ctx, "date", src);
    return make_date(ctx, days, &src);
}

static PyObject *
load_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    int32_t days;
    if (hd_date_from_binary(src, &days) != HD_OK)
        return hdpy_load_error(ctx, "date", src);
    return make_date(ctx, days, NULL);
}

const hdpy_loader hdpy_load_date_text = {.load = load_text};
const hdpy_loader hdpy_load_date_binary = {.load = load_binary};
