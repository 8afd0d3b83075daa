/* Dumpers written in Python: the Transformer gives the instance for a value, psycopg's get_key() and upgrade() obeyed. */
#include "adapt/transformer.h"

static PyObject *
pyformat(hdpy_state *st, hdpy_pyformat format)
{
    return PyTuple_GET_ITEM(st->pyformats, format == HDPY_AUTO ? 0 : format == HDPY_AS_TEXT ? 1 : 2); // borrowed
}

/* An attribute of the dumper that is a number. -1: an exception. */
static long long
number(PyObject *dumper, PyObject *name, long long most)
{
    PyObject *attribute = PyObject_GetAttr(dumper, name);
    long long value = attribute ? PyLong_AsLongLong(attribute) : -1;
    if (value < 0 || value > most) {
        if (!PyErr_Occurred())
            PyErr_Format(PyExc_ValueError, "a dumper's %U cannot be %R", name, attribute);
        value = -1;
    }
    Py_XDECREF(attribute);
    return value;
}

int
hdpy_dump_by_python(hdpy_dump_ctx *ctx, PyObject *obj, hdpy_pyformat format, hd_writer *dst, hdpy_param *param)
{
    hdpy_state *st = ctx->st;
    PyObject *transformer = Py_XNewRef(hdpy_context_transformer(ctx->context, st, ctx->owner));
    PyObject *dumper = NULL;
    if (transformer != NULL)
        dumper = PyObject_CallMethodObjArgs(transformer, st->str_get_dumper, obj, pyformat(st, format), NULL);
    PyObject *data = dumper ? PyObject_CallMethodOneArg(dumper, st->str_dump, obj) : NULL;
    long long oid = data ? number(dumper, st->str_oid, UINT32_MAX) : -1;
    long long as = oid >= 0 ? number(dumper, st->str_format, HD_BINARY) : -1;
    int rc = as < 0 ? -1 : 0;
    if (rc == 0) {
        *param = (hdpy_param){(uint32_t)oid, (uint16_t)as};
        Py_buffer bytes;
        if (data == Py_None)
            hd_write_null(dst);
        else if ((rc = PyObject_GetBuffer(data, &bytes, PyBUF_SIMPLE)) == 0) {
            size_t at = hd_write_value_begin(dst);
            hd_span value = {bytes.buf, (size_t)bytes.len};
            if (as == HD_TEXT)
                rc = hdpy_write_as_sent(ctx->settings, dst, value);
            else
                hd_write_span(dst, value);
            hd_write_value_end(dst, at);
            PyBuffer_Release(&bytes);
        }
    }
    Py_XDECREF(transformer);
    Py_XDECREF(dumper);
    Py_XDECREF(data);
    return rc;
}
