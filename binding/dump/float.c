#include "types/float.h"

#include "types/oid.h"

#include "dump/types.h"

/* As repr() writes it: the shortest that reads back the same, and nan, inf, -inf, which the server reads as well. */
static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    double v = PyFloat_AsDouble(obj);
    if (v == -1.0 && PyErr_Occurred())
        return -1;
    *param = (hdpy_param){HD_OID_FLOAT8, HD_TEXT};
    if (hd_float8_to_short_text(dst, v))
        return 0;
    char *text = PyOS_double_to_string(v, 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
    if (text == NULL)
        return -1;
    hd_write_bytes(dst, text, strlen(text));
    PyMem_Free(text);
    return 0;
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    double v = PyFloat_CheckExact(obj) ? PyFloat_AS_DOUBLE(obj) : PyFloat_AsDouble(obj);
    if (v == -1.0 && PyErr_Occurred())
        return -1;
    *param = (hdpy_param){HD_OID_FLOAT8, HD_BINARY};
    hd_float8_to_binary(dst, v);
    return 0;
}

static int
dump_float4_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    double v = PyFloat_AsDouble(obj);
    if (v == -1.0 && PyErr_Occurred())
        return -1;
    *param = (hdpy_param){HD_OID_FLOAT4, HD_BINARY};
    if (hd_float4_to_binary(dst, v) == HD_OK)
        return 0;
    PyErr_SetString(ctx->st->DataError, "number out of range for float4");
    return -1;
}

const hdpy_dumper hdpy_dump_float4_binary = {.dump = dump_float4_binary};
const hdpy_dumper hdpy_dump_float_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_float_binary = {.dump = dump_binary};
