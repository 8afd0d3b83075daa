#include "types/hstore.h"

#include "dump/types.h"
#include "module/errors.h"

/* Holds on to what it yields: an encoder may run code that changes the dictionary. */
static bool
next_pair(PyObject *dict, Py_ssize_t *at, PyObject **key, PyObject **value)
{
    HDPY_GUARD(dict);
    if (!PyDict_Next(dict, at, key, value))
        return false;
    Py_INCREF(*key);
    Py_INCREF(*value);
    return true;
}

/* 0, or -1 with an exception set. */
static int
check_pair(hdpy_state *st, PyObject *key, PyObject *value)
{
    if (!PyUnicode_Check(key))
        PyErr_SetString(st->DataError, "hstore keys can only be strings");
    else if (value != Py_None && !PyUnicode_Check(value))
        PyErr_SetString(st->DataError, "hstore values can only be strings or None");
    else
        return 0;
    return -1;
}

/* p is NULL with an exception set where the str has lone surrogates. */
static hd_span
utf8_of(PyObject *str)
{
    Py_ssize_t n = 0;
    const char *p = PyUnicode_AsUTF8AndSize(str, &n);
    return (hd_span){(const uint8_t *)p, (size_t)n};
}

static int
write_text_pair(hdpy_state *st, PyObject *key, PyObject *value, bool first, hd_writer *w)
{
    hd_hstore_pair pair = {.is_null = value == Py_None};
    if (check_pair(st, key, value) < 0 || (pair.key = utf8_of(key)).p == NULL ||
        (!pair.is_null && (pair.value = utf8_of(value)).p == NULL))
        return -1;
    hd_hstore_write_text(w, &pair, first);
    return 0;
}

/* As one str, which is then dumped like any other: encoded only when all is escaped, for in some encodings a quote or a
 * backslash may be the second half of a character. */
static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    if (!hdpy_dump_takes(PyDict_Check(obj), obj, "hstore"))
        return -1;
    hd_writer w = hd_writer_of(&hd_alloc_default);
    PyObject *key, *value;
    Py_ssize_t at = 0;
    int rc = 0;
    for (bool first = true; rc == 0 && next_pair(obj, &at, &key, &value); first = false) {
        rc = write_text_pair(ctx->st, key, value, first, &w);
        Py_DECREF(key);
        Py_DECREF(value);
    }
    PyObject *text = NULL;
    if (rc == 0 && w.rc != HD_OK)
        hdpy_raise_rc(ctx->st, w.rc);
    else if (rc == 0)
        text = PyUnicode_DecodeUTF8((const char *)w.p, (Py_ssize_t)w.n, NULL);
    hd_writer_fini(&w);
    rc = text ? hdpy_dump_str_text.dump(&hdpy_dump_str_text, ctx, text, dst, param) : -1;
    Py_XDECREF(text);
    return rc;
}

static int
write_str(hdpy_dump_ctx *ctx, PyObject *str, hd_writer *dst)
{
    hdpy_param ignored;
    size_t at = hd_write_value_begin(dst);
    int rc = hdpy_dump_str_binary.dump(&hdpy_dump_str_binary, ctx, str, dst, &ignored);
    hd_write_value_end(dst, at);
    return rc;
}

static int
write_binary_pair(hdpy_dump_ctx *ctx, PyObject *key, PyObject *value, hd_writer *dst)
{
    if (check_pair(ctx->st, key, value) < 0 || write_str(ctx, key, dst) < 0)
        return -1;
    if (value != Py_None)
        return write_str(ctx, value, dst);
    hd_write_null(dst);
    return 0;
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    if (!hdpy_dump_takes(PyDict_Check(obj), obj, "hstore"))
        return -1;
    *param = (hdpy_param){0, HD_BINARY};
    PyObject *key, *value;
    Py_ssize_t at = 0, left = PyDict_GET_SIZE(obj);
    hd_write_u32(dst, (uint32_t)left);
    int rc = 0;
    while (rc == 0 && next_pair(obj, &at, &key, &value)) {
        left--;
        rc = write_binary_pair(ctx, key, value, dst);
        Py_DECREF(key);
        Py_DECREF(value);
    }
    if (rc == 0 && left != 0) {
        PyErr_SetString(PyExc_RuntimeError, "dictionary changed size during iteration");
        rc = -1;
    }
    return rc;
}

const hdpy_dumper hdpy_dump_hstore_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_hstore_binary = {.dump = dump_binary};
