#include "types/numeric.h"

#include "load/types.h"

/* Decimal(text); steals the text. The constructor is exact whatever the context's precision. */
static PyObject *
make_decimal(hdpy_load_ctx *ctx, PyObject *text)
{
    if (text == NULL)
        return NULL;
    PyObject *type = hdpy_import_once(&ctx->st->Decimal, "decimal", "Decimal");
    PyObject *v = type ? PyObject_CallOneArg(type, text) : NULL;
    Py_DECREF(text);
    return v;
}

static PyObject *
load_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    if (HD_UNLIKELY(!hd_numeric_is_text(src)))
        return hdpy_load_error(ctx, "numeric", src);
    PyObject *text = PyUnicode_New((Py_ssize_t)src.n, 127);
    if (text != NULL)
        memcpy(PyUnicode_1BYTE_DATA(text), src.p, src.n);
    return make_decimal(ctx, text);
}

static PyObject *
load_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    hd_numeric v;
    if (HD_UNLIKELY(hd_numeric_from_binary(src, &v) != HD_OK))
        return hdpy_load_error(ctx, "numeric", src);
    PyObject *text = PyUnicode_New((Py_ssize_t)hd_numeric_text_length(&v), 127);
    if (text != NULL)
        hd_numeric_print(&v, PyUnicode_1BYTE_DATA(text));
    return make_decimal(ctx, text);
}

const hdpy_loader hdpy_load_numeric_text = {.load = load_text};
const hdpy_loader hdpy_load_numeric_binary = {.load = load_binary};
