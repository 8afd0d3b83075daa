#include "types/bytea.h"

#include "load/types.h"

static PyObject *
load_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)hd_bytea_length(src));
    if (bytes != NULL && hd_bytea_from_text(src, (uint8_t *)PyBytes_AS_STRING(bytes)) != HD_OK) {
        Py_DECREF(bytes);
        return hdpy_load_error(ctx, "bytea", src);
    }
    return bytes;
}

const hdpy_loader hdpy_load_bytea_text = {.load = load_text};
