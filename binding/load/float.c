#include "types/float.h"

#include "load/types.h"

static PyObject *
load_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    double v;
    if (HD_UNLIKELY(hd_float_from_text(src, &v) != HD_OK))
        return hdpy_load_error(ctx, "float", src);
    return PyFloat_FromDouble(v);
}

static PyObject *
load_float4_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    double v;
    if (HD_UNLIKELY(hd_float4_from_binary(src, &v) != HD_OK))
        return hdpy_load_error(ctx, "float4", src);
    return PyFloat_FromDouble(v);
}

static PyObject *
load_float8_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    double v;
    if (HD_UNLIKELY(hd_float8_from_binary(src, &v) != HD_OK))
        return hdpy_load_error(ctx, "float8", src);
    return PyFloat_FromDouble(v);
}

const hdpy_loader hdpy_load_float_text = {.load = load_text};
const hdpy_loader hdpy_load_float4_binary = {.load = load_float4_binary};
const hdpy_loader hdpy_load_float8_binary = {.load = load_float8_binary};
