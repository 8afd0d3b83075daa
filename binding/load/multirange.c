#include "types/multirange.h"

#include "load/range.h"
#include "load/types.h"

/* The Multirange of a list of ranges, which is taken over. */
static PyObject *
make(hdpy_load_ctx *ctx, PyObject *ranges)
{
    PyObject *class = hdpy_import_once(&ctx->st->Multirange, "howdah.types.multirange", "Multirange");
    PyObject *multirange = class ? PyObject_CallOneArg(class, ranges) : NULL;
    Py_DECREF(ranges);
    return multirange;
}

/* 0; -1 with an exception set. */
static int
append(hdpy_load_ctx *ctx, const hdpy_loader *bound, PyObject *ranges, const hd_range *v)
{
    PyObject *range = hdpy_range_make(ctx, bound, v);
    int rc = range ? PyList_Append(ranges, range) : -1;
    Py_XDECREF(range);
    return rc;
}

static PyObject *
load_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    if (HD_UNLIKELY(ctx->settings->in_utf8 != NULL))
        return hdpy_load_in_utf8(self, ctx, src);
    const hdpy_loader *bound = hdpy_loader_for(ctx, self->item_oid, HD_TEXT);
    PyObject *ranges = bound ? PyList_New(0) : NULL;
    if (ranges == NULL)
        return NULL;
    hd_multirange_scanner s = hd_multirange_scanner_of(src, &hd_alloc_default);
    hd_range v;
    hd_rc rc;
    while ((rc = hd_multirange_next(&s, &v)) == HD_OK) {
        if (append(ctx, bound, ranges, &v) < 0)
            break;
    }
    hd_multirange_scanner_fini(&s);
    if (rc == HD_MORE)
        return make(ctx, ranges);
    Py_DECREF(ranges);
    if (rc == HD_EDATA)
        hdpy_load_error(ctx, "multirange", src);
    else if (rc == HD_ENOMEM)
        PyErr_NoMemory();
    return NULL;
}

static PyObject *
load_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    const hdpy_loader *bound = hdpy_loader_for(ctx, self->item_oid, HD_BINARY);
    PyObject *ranges = bound ? PyList_New(0) : NULL;
    if (ranges == NULL)
        return NULL;
    hd_reader r = hd_reader_of(src);
    hd_range v;
    uint32_t count;
    hd_rc rc = hd_multirange_read_count(&r, &count);
    for (uint32_t i = 0; rc == HD_OK && i < count; i++) {
        rc = hd_multirange_read_range(&r, &v);
        if (rc == HD_OK && append(ctx, bound, ranges, &v) < 0) {
            Py_DECREF(ranges);
            return NULL;
        }
    }
    if (rc == HD_OK && hd_reader_done(&r))
        return make(ctx, ranges);
    Py_DECREF(ranges);
    return hdpy_load_error(ctx, "multirange", src);
}

const hdpy_loader hdpy_load_multirange_text = {.load = load_text};
const hdpy_loader hdpy_load_multirange_binary = {.load = load_binary};

#define MULTIRANGE(name, subtype)                                                                                    \
    const hdpy_loader hdpy_load_##name##_text = {.load = load_text, .item_oid = subtype};                            \
    const hdpy_loader hdpy_load_##name##_binary = {.load = load_binary, .item_oid = subtype};
MULTIRANGE(int4multirange, 23)
MULTIRANGE(nummultirange, 1700)
MULTIRANGE(tsmultirange, 1114)
MULTIRANGE(tstzmultirange, 1184)
MULTIRANGE(datemultirange, 1082)
MULTIRANGE(int8multirange, 20)
