#include "types/integer.h"

#include "load/types.h"

static PyObject *
load_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    int64_t v;
    if (HD_UNLIKELY(hd_integer_from_text(src, &v) != HD_OK))
        return hdpy_load_error(ctx, "integer", src);
    return PyLong_FromLongLong(v);
}

static PyObject *
load_int2_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    int16_t v;
    if (HD_UNLIKELY(hd_int2_from_binary(src, &v) != HD_OK))
        return hdpy_load_error(ctx, "int2", src);
    return PyLong_FromLong(v);
}

static PyObject *
load_int4_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    int32_t v;
    if (HD_UNLIKELY(hd_int4_from_binary(src, &v) != HD_OK))
        return hdpy_load_error(ctx, "int4", src);
    return PyLong_FromLong(v);
}

static PyObject *
load_int8_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    int64_t v;
    if (HD_UNLIKELY(hd_int8_from_binary(src, &v) != HD_OK))
        return hdpy_load_error(ctx, "int8", src);
    return PyLong_FromLongLong(v);
}

static PyObject *
load_oid_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    uint32_t v;
    if (HD_UNLIKELY(hd_oid_from_binary(src, &v) != HD_OK))
        return hdpy_load_error(ctx, "oid", src);
    return PyLong_FromUnsignedLong(v);
}

const hdpy_loader hdpy_load_int_text = {.load = load_text};
const hdpy_loader hdpy_load_int2_binary = {.load = load_int2_binary};
const hdpy_loader hdpy_load_int4_binary = {.load = load_int4_binary};
const hdpy_loader hdpy_load_int8_binary = {.load = load_int8_binary};
const hdpy_loader hdpy_load_oid_binary = {.load = load_oid_binary};
