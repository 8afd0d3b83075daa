#include "load/datetime.h"

PyObject *
hdpy_calendar_error(hdpy_load_ctx *ctx, const char *type_name, bool too_small, const hd_span *text)
{
    PyObject *error = ctx->st->DataError;
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

PyObject *
hdpy_shown(hd_writer *w)
{
    PyObject *str =
        w->rc == HD_OK ? PyUnicode_FromStringAndSize((const char *)w->p, (Py_ssize_t)w->n) : PyErr_NoMemory();
    hd_writer_fini(w);
    return str;
}

PyObject *
hdpy_infinity_marker(const hdpy_state *st, bool negative)
{
    return Py_NewRef(negative ? st->negative_infinity_marker : st->infinity_marker);
}

static PyObject *
beyond_the_calendar(hdpy_load_ctx *ctx, int32_t days, const hd_span *text)
{
    bool infinite = days == HD_DATE_INFINITY || days == HD_DATE_MINUS_INFINITY;
    PyDateTime_CAPI *api = hdpy_datetime(ctx->st);
    if (infinite && ctx->edges->infinity == HDPY_INFINITY_MARKER)
        return hdpy_infinity_marker(ctx->st, days < 0);
    if (infinite && ctx->edges->infinity == HDPY_INFINITY_CLAMP)
        return days < 0 ? api->Date_FromDate(1, 1, 1, api->DateType)
                        : api->Date_FromDate(9999, 12, 31, api->DateType);
    if (infinite || ctx->edges->out_of_range != HDPY_RANGE_TEXT)
        return hdpy_calendar_error(ctx, "date", days < 0, text);
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_date_to_text(&w, days);
    return hdpy_shown(&w);
}

static PyObject *
make_date(hdpy_load_ctx *ctx, int32_t days, const hd_span *text)
{
    if (days < HDPY_FIRST_DAY || days > HDPY_LAST_DAY)
        return beyond_the_calendar(ctx, days, text);
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
