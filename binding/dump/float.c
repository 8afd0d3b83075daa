#include "types/float.h"

#include "types/oid.h"

#include "dump/types.h"

/* As repr() writes it: the shortest that reads back the same, and nan, inf, -inf, which the server reads as well. */
static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    char *text = PyOS_double_to_string(PyFloat_AS_DOUBLE(obj), 'r', 0, Py_DTSF_ADD_DOT_0, NULL);
    if (text == NULL)
        return -1;
    *param = (hdpy_param){HD_OID_FLOAT8, HD_TEXT};
    hd_write_bytes(dst, text, strlen(text));
    PyMem_Free(text);
    return 0;
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_FLOAT8, HD_BINARY};
    hd_float8_to_binary(dst, PyFloat_AS_DOUBLE(obj));
    return 0;
}

const hdpy_dumper hdpy_dump_float_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_float_binary = {.dump = dump_binary};
