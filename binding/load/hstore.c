#include "types/hstore.h"

#include "load/types.h"

/* A string in the encoding of the client, or in UTF-8: where no encoding is known, it is what the bytes mostly are. */
static PyObject *
str_of(const hdpy_settings *settings, hd_span src)
{
    if (settings == NULL || settings->utf8 || settings->bytes_only)
        return PyUnicode_DecodeUTF8((const char *)src.p, (Py_ssize_t)src.n, NULL);
    return hdpy_decode_text(settings, src);
}

/* 0, or -1 with an exception set. No settings: the pair is in UTF-8. */
static int
add_pair(PyObject *dict, const hdpy_settings *settings, const hd_hstore_pair *pair)
{
    PyObject *key = str_of(settings, pair->key);
    PyObject *value = NULL;
    if (key != NULL)
        value = pair->is_null ? Py_NewRef(Py_None) : str_of(settings, pair->value);
    int rc = value == NULL ? -1 : PyDict_SetItem(dict, key, value);
    Py_XDECREF(key);
    Py_XDECREF(value);
    return rc;
}

/* From UTF-8. NULL without an exception where it is no hstore. */
static PyObject *
scan(hd_span src)
{
    PyObject *dict = PyDict_New();
    if (dict == NULL)
        return NULL;
    hd_hstore_scanner s = hd_hstore_scanner_of(src, &hd_alloc_default);
    hd_hstore_pair pair;
    bool failed = false;
    while (!failed && hd_hstore_next(&s, &pair))
        failed = add_pair(dict, NULL, &pair) < 0;
    hd_rc rc = hd_hstore_scanned(&s);
    hd_hstore_scanner_fini(&s);
    if (rc == HD_OK && !failed)
        return dict;
    Py_DECREF(dict);
    if (rc == HD_ENOMEM)
        PyErr_NoMemory();
    return NULL;
}

static PyObject *
load_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    hd_span utf8 = src;
    PyObject *text = NULL;
    if (HD_UNLIKELY(!ctx->settings->utf8 && !ctx->settings->bytes_only)) {
        /* in some encodings a quote or a backslash may be the second half of a character */
        Py_ssize_t n;
        text = hdpy_decode_text(ctx->settings, src);
        const char *p = text ? PyUnicode_AsUTF8AndSize(text, &n) : NULL;
        if (p == NULL) {
            Py_XDECREF(text);
            return NULL;
        }
        utf8 = (hd_span){(const uint8_t *)p, (size_t)n};
    }
    PyObject *dict = scan(utf8);
    Py_XDECREF(text);
    return dict || PyErr_Occurred() ? dict : hdpy_load_error(ctx, "hstore", src);
}

static PyObject *
load_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    uint32_t count;
    if (hd_hstore_read_count(&r, &count) != HD_OK)
        return hdpy_load_error(ctx, "hstore", src);
    PyObject *dict = PyDict_New();
    bool failed = dict == NULL;
    for (uint32_t i = 0; i < count && !failed && !r.bad; i++) {
        hd_hstore_pair pair;
        hd_hstore_read_pair(&r, &pair);
        failed = !r.bad && add_pair(dict, ctx->settings, &pair) < 0;
    }
    if (!failed && hd_reader_done(&r))
        return dict;
    Py_XDECREF(dict);
    return failed ? NULL : hdpy_load_error(ctx, "hstore", src);
}

const hdpy_loader hdpy_load_hstore_text = {.load = load_text};
const hdpy_loader hdpy_load_hstore_binary = {.load = load_binary};
