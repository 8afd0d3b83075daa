#include "load/range.h"

#include "load/types.h"

static PyObject *
load_bound(hdpy_load_ctx *ctx, const hdpy_loader *bound, bool given, hd_span src)
{
    return given ? bound->load(bound, ctx, src) : Py_NewRef(Py_None);
}

PyObject *
hdpy_range_make(hdpy_load_ctx *ctx, const hdpy_loader *bound, const hd_range *v)
{
    static const char *const bounds[] = {"()", "[)", "(]", "[]"};
    PyObject *class = hdpy_import_once(&ctx->st->Range, "howdah.types.range", "Range");
    if (class == NULL || !hdpy_load_enter(ctx))
        return NULL;
    PyObject *lower = load_bound(ctx, bound, hd_range_has_lower(v), v->lower);
    PyObject *upper = lower ? load_bound(ctx, bound, hd_range_has_upper(v), v->upper) : NULL;
    hdpy_load_leave(ctx);
    unsigned inclusive = (v->flags & HD_RANGE_LOWER_INC ? 1u : 0) | (v->flags & HD_RANGE_UPPER_INC ? 2u : 0);
    PyObject *empty = v->flags & HD_RANGE_EMPTY ? Py_True : Py_False; // borrowed
    PyObject *range = NULL;
    if (upper != NULL)
        range = PyObject_CallFunction(class, "OOsO", lower, upper, bounds[inclusive], empty);
    Py_XDECREF(lower);
    Py_XDECREF(upper);
    return range;
}

static PyObject *
load_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    if (HD_UNLIKELY(ctx->settings->in_utf8 != NULL))
        return hdpy_load_in_utf8(self, ctx, src);
    const hdpy_loader *bound = hdpy_loader_for(ctx, self->item_oid, HD_TEXT);
    if (bound == NULL)
        return NULL;
    hd_reader r = hd_reader_of(src);
    hd_range_unquoted u = hd_range_unquoted_of(&hd_alloc_default);
    hd_range v;
    hd_rc rc = hd_range_scan(&r, &u, &v);
    PyObject *range = NULL;
    if (rc == HD_OK && hd_reader_done(&r))
        range = hdpy_range_make(ctx, bound, &v);
    else if (rc == HD_ENOMEM)
        PyErr_NoMemory();
    else
        hdpy_load_error(ctx, "range", src);
    hd_range_unquoted_fini(&u);
    return range;
}

static PyObject *
load_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    const hdpy_loader *bound = hdpy_loader_for(ctx, self->item_oid, HD_BINARY);
    hd_range v;
    if (bound == NULL)
        return NULL;
    return hd_range_from_binary(src, &v) == HD_OK ? hdpy_range_make(ctx, bound, &v)
                                                  : hdpy_load_error(ctx, "range", src);
}

const hdpy_loader hdpy_load_range_text = {.load = load_text};
const hdpy_loader hdpy_load_range_binary = {.load = load_binary};

#define RANGE(name, subtype)                                                                                         \
    const hdpy_loader hdpy_load_##name##_text = {.load = load_text, .item_oid = subtype};                            \
    const hdpy_loader hdpy_load_##name##_binary = {.load = load_binary, .item_oid = subtype};
RANGE(int4range, 23)
RANGE(numrange, 1700)
RANGE(tsrange, 1114)
RANGE(tstzrange, 1184)
RANGE(daterange, 1082)
RANGE(int8range, 20)
