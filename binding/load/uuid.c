#include "adapt/uuid_class.h"

#include "load/types.h"

static PyObject *
load_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    uint8_t uuid[HD_UUID_LENGTH];
    if (HD_UNLIKELY(hd_uuid_from_text(src, uuid) != HD_OK))
        return hdpy_load_error(ctx, "uuid", src);
    return hdpy_uuid_make(ctx->st, uuid);
}

static PyObject *
load_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    if (HD_UNLIKELY(src.n != HD_UUID_LENGTH))
        return hdpy_load_error(ctx, "uuid", src);
    return hdpy_uuid_make(ctx->st, src.p);
}

const hdpy_loader hdpy_load_uuid_text = {.load = load_text};
const hdpy_loader hdpy_load_uuid_binary = {.load = load_binary};
