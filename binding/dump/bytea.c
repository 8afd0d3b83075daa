#include "types/bytea.h"

#include "types/oid.h"

#include "dump/types.h"

static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    PyObject *bytes = PyBytes_FromObject(obj); /* obj itself, where it is exactly bytes */
    if (bytes == NULL)
        return -1;
    *param = (hdpy_param){HD_OID_BYTEA, HD_TEXT};
    hd_bytea_to_text(dst, (hd_span){(const uint8_t *)PyBytes_AS_STRING(bytes), (size_t)PyBytes_GET_SIZE(bytes)});
    Py_DECREF(bytes);
    return 0;
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    Py_buffer view;
    if (PyObject_GetBuffer(obj, &view, PyBUF_FULL_RO) < 0)
        return -1;
    *param = (hdpy_param){HD_OID_BYTEA, HD_BINARY};
    int rc = 0;
    if (PyBuffer_IsContiguous(&view, 'C')) {
        hd_write_bytes(dst, view.buf, (size_t)view.len);
    }
    else if (hd_writer_reserve(dst, (size_t)view.len)) {
        rc = PyBuffer_ToContiguous(dst->p + dst->n, &view, view.len, 'C');
        dst->n += (size_t)view.len;
    }
    PyBuffer_Release(&view);
    return rc;
}

/* howdah.Binary only says what its `obj` is. */
static int
dump_wrapped(const hdpy_dumper *inner, hdpy_dump_ctx *ctx, PyObject *wrapper, hd_writer *dst, hdpy_param *param)
{
    PyObject *obj = PyObject_GetAttrString(wrapper, "obj");
    if (obj == NULL)
        return -1;
    int rc = inner->dump(inner, ctx, obj, dst, param);
    Py_DECREF(obj);
    return rc;
}

static int
dump_wrapped_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump_wrapped(&hdpy_dump_bytea_text, ctx, obj, dst, param);
}

static int
dump_wrapped_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump_wrapped(&hdpy_dump_bytea_binary, ctx, obj, dst, param);
}

const hdpy_dumper hdpy_dump_bytea_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_bytea_binary = {.dump = dump_binary};
const hdpy_dumper hdpy_dump_wrapped_bytea_text = {.dump = dump_wrapped_text};
const hdpy_dumper hdpy_dump_wrapped_bytea_binary = {.dump = dump_wrapped_binary};
