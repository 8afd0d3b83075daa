#include "load/array.h"

#include "types/array.h"

PyObject *
hdpy_load_array(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    if (HD_UNLIKELY(ctx->settings->in_utf8 != NULL))
        return hdpy_load_in_utf8(self, ctx, src);
    const hdpy_loader *item_loader = hdpy_loader_for(ctx, self->item_oid, HD_TEXT);
    if (item_loader == NULL)
        return NULL;
    PyObject *root = NULL;
    PyObject *open[HD_ARRAY_MAX_DIMS]; // borrowed: root owns them all
    int depth = 0;
    bool failed = false; /* with an exception set, unlike a malformed token */
    hd_array_scanner s = hd_array_scanner_of(src, self->delimiter, &hd_alloc_default);
    hd_array_token token;
    hd_span item;
    while ((token = hd_array_next(&s, &item)) < HD_ARRAY_END && !failed) {
        PyObject *v;
        if (token == HD_ARRAY_CLOSE) {
            depth--;
            continue;
        }
        if (token == HD_ARRAY_OPEN)
            v = PyList_New(0);
        else if (token == HD_ARRAY_NULL)
            v = Py_NewRef(Py_None);
        else
            v = item_loader->load(item_loader, ctx, item);
        failed = v == NULL;
        if (!failed && depth > 0) {
            failed = PyList_Append(open[depth - 1], v) < 0;
            Py_DECREF(v);
        }
        else if (!failed) {
            root = v;
        }
        if (!failed && token == HD_ARRAY_OPEN)
            open[depth++] = v;
    }
    bool no_memory = s.unquoted.rc != HD_OK;
    hd_array_scanner_fini(&s);
    if (token == HD_ARRAY_END && !failed)
        return root;
    Py_XDECREF(root);
    if (failed)
        return NULL;
    return no_memory ? PyErr_NoMemory() : hdpy_load_error(ctx, "array", src);
}

/* Fills the innermost list. 0; -1 with an exception set, or without one where the bytes end. */
static int
load_row(const hdpy_loader *item_loader, hdpy_load_ctx *ctx, hd_reader *r, PyObject *list, Py_ssize_t n)
{
    for (Py_ssize_t i = 0; i < n; i++) {
        hd_span item;
        PyObject *v;
        if (hd_array_read_item(r, &item)) {
            if (r->bad || (v = item_loader->load(item_loader, ctx, item)) == NULL)
                return -1;
        }
        else {
            v = Py_NewRef(Py_None);
        }
        PyList_SET_ITEM(list, i, v);
    }
    return r->bad ? -1 : 0;
}

static PyObject *
load_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    hd_array_header h;
    if (hd_array_read_header(&r, &h) != HD_OK)
        return hdpy_load_error(ctx, "array", src);
    const hdpy_loader *item_loader = hdpy_loader_for(ctx, h.item_oid, HD_BINARY);
    if (item_loader == NULL)
        return NULL;
    /* No array has arrays for elements; bytes that say so could nest without end. */
    if (item_loader->load == load_binary)
        return hdpy_load_error(ctx, "array", src);
    PyObject *root = PyList_New(h.ndim == 0 ? 0 : (Py_ssize_t)h.dims[0]);
    if (root == NULL)
        return NULL;

    PyObject *open[HD_ARRAY_MAX_DIMS] = {root}; // borrowed: root owns them all
    uint32_t at[HD_ARRAY_MAX_DIMS] = {0};
    int depth = h.ndim == 0 ? -1 : 0;
    while (depth >= 0) {
        if (depth == h.ndim - 1) {
            if (load_row(item_loader, ctx, &r, open[depth], (Py_ssize_t)h.dims[depth]) < 0)
                break;
            depth--;
        }
        else if (at[depth] == h.dims[depth]) {
            depth--;
        }
        else {
            PyObject *list = PyList_New((Py_ssize_t)h.dims[depth + 1]);
            if (list == NULL)
                break;
            PyList_SET_ITEM(open[depth], (Py_ssize_t)at[depth]++, list);
            depth++;
            open[depth] = list;
            at[depth] = 0;
        }
    }
    if (depth < 0 && hd_reader_done(&r))
        return root;
    Py_DECREF(root);
    return PyErr_Occurred() ? NULL : hdpy_load_error(ctx, "array", src);
}

const hdpy_loader hdpy_load_array_text = {.load = hdpy_load_array, .delimiter = ','};
const hdpy_loader hdpy_load_array_binary = {.load = load_binary};
