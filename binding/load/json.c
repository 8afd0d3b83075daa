#include "load/types.h"
#include "module/errors.h"

enum { JSONB_VERSION = 1 }; /* what jsonb_send() puts in front */

/* json.JSONDecoder().scan_once: the C scanner alone, which wants the value at the very position it is told. */
static PyObject *
scanner(hdpy_state *st)
{
    PyObject *kept = HDPY_LOAD(st->json_scan);
    if (kept != NULL)
        return kept;
    PyObject *class = NULL;
    if (hdpy_import_once(&class, "json", "JSONDecoder") == NULL)
        return NULL;
    PyObject *decoder = PyObject_CallNoArgs(class);
    Py_DECREF(class);
    if (decoder == NULL)
        return NULL;
    PyObject *scan_once = PyObject_GetAttrString(decoder, "scan_once");
    Py_DECREF(decoder);
    return hdpy_keep_first(&st->json_scan, scan_once);
}

/* NULL without an exception: blanks around the value, or no JSON. */
static PyObject *
scan(hdpy_state *st, PyObject *text)
{
    PyObject *scan_once = scanner(st);
    PyObject *zero = scan_once ? PyLong_FromLong(0) : NULL;
    if (zero == NULL)
        return NULL;
    PyObject *scanned = PyObject_CallFunctionObjArgs(scan_once, text, zero, NULL); /* (value, where it ends) */
    Py_DECREF(zero);
    if (scanned == NULL) {
        if (PyErr_ExceptionMatches(PyExc_StopIteration) || PyErr_ExceptionMatches(PyExc_ValueError))
            PyErr_Clear();
        return NULL;
    }
    PyObject *value = NULL;
    if (PyLong_AsSsize_t(PyTuple_GET_ITEM(scanned, 1)) == PyUnicode_GET_LENGTH(text))
        value = Py_NewRef(PyTuple_GET_ITEM(scanned, 0));
    Py_DECREF(scanned);
    return value;
}

/* json.loads(text), its ValueError made the cause of a DataError. */
static PyObject *
loads(hdpy_load_ctx *ctx, const char *type_name, hd_span src, PyObject *text)
{
    PyObject *function = hdpy_import_once(&ctx->st->json_loads, "json", "loads");
    PyObject *value = function ? PyObject_CallOneArg(function, text) : NULL;
    if (value == NULL && PyErr_ExceptionMatches(PyExc_ValueError)) {
        PyObject *cause = hdpy_take_exception();
        hdpy_load_error(ctx, type_name, src);
        PyObject *error = hdpy_take_exception();
        PyException_SetCause(error, cause);
        hdpy_raise(error);
    }
    return value;
}

/* By a function that was given for it (set_json_loads), which takes the bytes as psycopg's does. */
static PyObject *
load_by(PyObject *function, hd_span src)
{
    PyObject *data = PyBytes_FromStringAndSize((const char *)src.p, (Py_ssize_t)src.n);
    Py_INCREF(function); /* it may set another */
    PyObject *value = data ? PyObject_CallOneArg(function, data) : NULL;
    Py_DECREF(function);
    Py_XDECREF(data);
    return value;
}

static PyObject *
load(const hdpy_loader *self, hdpy_load_ctx *ctx, const char *type_name, hd_span src)
{
    PyObject *own = self->data ? self->data : HDPY_LOAD(ctx->st->json_own_loads);
    if (own != NULL)
        return load_by(own, src);
    const hdpy_settings *settings = ctx->settings;
    PyObject *text;
    if (settings->utf8 || settings->bytes_only) /* lone surrogates pass, as in json.loads(bytes) */
        text = PyUnicode_DecodeUTF8((const char *)src.p, (Py_ssize_t)src.n, "surrogatepass");
    else
        text = hdpy_decode_text(settings, src);
    if (text == NULL)
        return NULL;
    PyObject *value = scan(ctx->st, text);
    if (value == NULL && !PyErr_Occurred())
        value = loads(ctx, type_name, src, text);
    Py_DECREF(text);
    return value;
}

static PyObject *
load_json(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    return load(self, ctx, "json", src);
}

static PyObject *
load_jsonb_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    if (HD_UNLIKELY(src.n == 0 || src.p[0] != JSONB_VERSION))
        return hdpy_load_error(ctx, "jsonb", src);
    return load(self, ctx, "jsonb", (hd_span){src.p + 1, src.n - 1});
}

const hdpy_loader hdpy_load_json = {.load = load_json};
const hdpy_loader hdpy_load_jsonb_binary = {.load = load_jsonb_binary};
