/* Members of an enum: by the labels in `data`, a dict of members to bytes, or without it by their names. */
#include "dump/types.h"

static int
dump_label(PyObject *labels, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst)
{
    PyObject *label = PyDict_Check(labels) ? PyDict_GetItemWithError(labels, obj) : NULL; // borrowed
    if (label == NULL || !PyBytes_Check(label)) {
        if (!PyErr_Occurred())
            PyErr_Format(ctx->st->DataError, "no label for %R", obj);
        return -1;
    }
    hd_span sent = {(const uint8_t *)PyBytes_AS_STRING(label), (size_t)PyBytes_GET_SIZE(label)};
    return hdpy_write_as_sent(ctx->settings, dst, sent);
}

static int
dump_name(hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst)
{
    PyObject *name = PyObject_GetAttr(obj, ctx->st->str_name);
    if (name == NULL)
        return -1;
    hdpy_param ignored;
    int rc = -1;
    if (PyUnicode_Check(name))
        rc = hdpy_dump_str_text.dump(&hdpy_dump_str_text, ctx, name, dst, &ignored);
    else
        PyErr_Format(ctx->st->DataError, "no name for %R", obj);
    Py_DECREF(name);
    return rc;
}

/* Of no type, so that the server finds out which enum it is. */
static int
dump(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst)
{
    return self->data ? dump_label(self->data, ctx, obj, dst) : dump_name(ctx, obj, dst);
}

static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){0, HD_TEXT};
    return dump(self, ctx, obj, dst);
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){0, HD_BINARY};
    return dump(self, ctx, obj, dst);
}

const hdpy_dumper hdpy_dump_enum_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_enum_binary = {.dump = dump_binary};
