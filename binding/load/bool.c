#include "types/bool.h"

#include "load/types.h"

static PyObject *
load_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    bool v;
    if (HD_UNLIKELY(hd_bool_from_text(src, &v) != HD_OK))
        return hdpy_load_error(ctx, "bool", src);
    return PyBool_FromLong(v);
}

static PyObject *
load_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    bool v;
    if (HD_UNLIKELY(hd_bool_from_binary(src, &v) != HD_OK))
        return hdpy_load_error(ctx, "bool", src);
    return PyBool_FromLong(v);
}

const hdpy_loader hdpy_load_bool_text = {.load = load_text};
const hdpy_loader hdpy_load_bool_binary = {.load = load_binary};
