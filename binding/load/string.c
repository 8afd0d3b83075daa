#include "load/types.h"

static PyObject *
load_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    return hdpy_decode_text(ctx->settings, src);
}

static PyObject *
load_bytes(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    return PyBytes_FromStringAndSize((const char *)src.p, (Py_ssize_t)src.n);
}

const hdpy_loader hdpy_load_text = {.load = load_text};
const hdpy_loader hdpy_load_bytes = {.load = load_bytes};
