#include "types/oid.h"

#include "dump/types.h"

/* Under SQL_ASCII, where the server takes any bytes, UTF-8 is what they mostly are. */
static int
write_str(hdpy_dump_ctx *ctx, PyObject *obj, hd_format format, hd_writer *dst)
{
    const hdpy_settings *settings = ctx->settings;
    PyObject *encoded = NULL;
    Py_ssize_t n;
    const char *p;
    if (!hdpy_dump_takes(PyUnicode_Check(obj), obj, "text"))
        return -1;
    if (HD_LIKELY(settings->utf8 || settings->bytes_only)) {
        bool as_it_is = PyUnicode_IS_COMPACT_ASCII(obj);
        n = as_it_is ? PyUnicode_GET_LENGTH(obj) : 0;
        p = as_it_is ? (const char *)PyUnicode_1BYTE_DATA(obj) : PyUnicode_AsUTF8AndSize(obj, &n);
        if (p == NULL)
            return -1;
    }
    else {
        const char *codec = PyUnicode_AsUTF8(settings->encoding);
        encoded = codec ? PyUnicode_AsEncodedString(obj, codec, NULL) : NULL;
        if (encoded == NULL)
            return -1;
        p = PyBytes_AS_STRING(encoded);
        n = PyBytes_GET_SIZE(encoded);
    }
    int rc = 0;
    /* In text format the server would take the value to end there; in binary it refuses it itself. */
    if (format == HD_TEXT && HD_UNLIKELY(n != 0 && memchr(p, 0, (size_t)n) != NULL)) {
        PyErr_SetString(ctx->st->DataError, "PostgreSQL text fields cannot contain NUL (0x00) bytes");
        rc = -1;
    }
    else {
        hd_write_bytes(dst, p, (size_t)n);
    }
    Py_XDECREF(encoded);
    return rc;
}

/* Of no type, so that the server finds out: a str may stand for almost any value. */
static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){0, HD_TEXT};
    return write_str(ctx, obj, HD_TEXT, dst);
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_TEXT, HD_BINARY};
    return write_str(ctx, obj, HD_BINARY, dst);
}

const hdpy_dumper hdpy_dump_str_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_str_binary = {.dump = dump_binary};
