#include "adapt/uuid_class.h"

#include "types/oid.h"

#include "dump/types.h"

static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    uint8_t uuid[HD_UUID_LENGTH];
    if (hdpy_uuid_read(ctx->st, obj, uuid) < 0)
        return -1;
    *param = (hdpy_param){HD_OID_UUID, HD_TEXT};
    hd_uuid_to_text(dst, uuid);
    return 0;
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    uint8_t uuid[HD_UUID_LENGTH];
    if (hdpy_uuid_read(ctx->st, obj, uuid) < 0)
        return -1;
    *param = (hdpy_param){HD_OID_UUID, HD_BINARY};
    hd_write_bytes(dst, uuid, sizeof uuid);
    return 0;
}

const hdpy_dumper hdpy_dump_uuid_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_uuid_binary = {.dump = dump_binary};
