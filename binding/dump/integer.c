#include "types/integer.h"

#include "types/oid.h"

#include "dump/integer.h"
#include "dump/types.h"

/* The smallest type that holds the value, as psycopg chooses. */
static uint32_t
oid_of(long long v)
{
    if (v >= INT16_MIN && v <= INT16_MAX)
        return HD_OID_INT2;
    return v >= INT32_MIN && v <= INT32_MAX ? HD_OID_INT4 : HD_OID_INT8;
}

static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    int overflow;
    long long v = hdpy_int_value(obj, &overflow);
    if (v == -1 && PyErr_Occurred())
        return -1;
    if (overflow)
        return hdpy_dump_big_int(ctx, obj, HD_TEXT, dst, param);
    *param = (hdpy_param){oid_of(v), HD_TEXT};
    hd_integer_to_text(dst, v);
    return 0;
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    int overflow;
    long long v = hdpy_int_value(obj, &overflow);
    if (v == -1 && PyErr_Occurred())
        return -1;
    if (overflow)
        return hdpy_dump_big_int(ctx, obj, HD_BINARY, dst, param);
    *param = (hdpy_param){oid_of(v), HD_BINARY};
    if (param->oid == HD_OID_INT2)
        hd_write_u16(dst, (uint16_t)v);
    else if (param->oid == HD_OID_INT4)
        hd_write_u32(dst, (uint32_t)v);
    else
        hd_write_u64(dst, (uint64_t)v);
    return 0;
}

/* ---- as one type, whether the value would need it or not */

static int
out_of_range(hdpy_dump_ctx *ctx, const char *type)
{
    PyErr_Format(ctx->st->DataError, "integer out of range for %s", type);
    return -1;
}

/* The value if it is within the bounds; else an exception. 0 or -1. */
static int
value_within(hdpy_dump_ctx *ctx, PyObject *obj, long long min, long long max, const char *type, long long *v)
{
    int overflow;
    *v = hdpy_int_value(obj, &overflow);
    if (*v == -1 && PyErr_Occurred())
        return -1;
    return overflow != 0 || *v < min || *v > max ? out_of_range(ctx, type) : 0;
}

static int
dump_int2_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    long long v;
    if (value_within(ctx, obj, INT16_MIN, INT16_MAX, "int2", &v) < 0)
        return -1;
    *param = (hdpy_param){HD_OID_INT2, HD_BINARY};
    hd_write_u16(dst, (uint16_t)v);
    return 0;
}

static int
write_int4(hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst)
{
    long long v;
    if (value_within(ctx, obj, INT32_MIN, INT32_MAX, "int4", &v) < 0)
        return -1;
    hd_write_u32(dst, (uint32_t)v);
    return 0;
}

static int
dump_int4_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_INT4, HD_BINARY};
    if (HD_UNLIKELY(!hdpy_is_small_int(obj)))
        return write_int4(ctx, obj, dst);
    hd_write_u32(dst, (uint32_t)hdpy_small_int(obj));
    return 0;
}

static int
write_int8(hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst)
{
    long long v;
    if (value_within(ctx, obj, INT64_MIN, INT64_MAX, "int8", &v) < 0)
        return -1;
    hd_write_u64(dst, (uint64_t)v);
    return 0;
}

static int
dump_int8_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_INT8, HD_BINARY};
    if (HD_UNLIKELY(!hdpy_is_small_int(obj)))
        return write_int8(ctx, obj, dst);
    hd_write_u64(dst, (uint64_t)hdpy_small_int(obj));
    return 0;
}

static int
dump_oid_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    long long v;
    if (value_within(ctx, obj, 0, UINT32_MAX, "oid", &v) < 0)
        return -1;
    *param = (hdpy_param){HD_OID_OID, HD_BINARY};
    hd_write_u32(dst, (uint32_t)v);
    return 0;
}

const hdpy_dumper hdpy_dump_int2_binary = {.dump = dump_int2_binary};
const hdpy_dumper hdpy_dump_int4_binary = {.dump = dump_int4_binary};
const hdpy_dumper hdpy_dump_int8_binary = {.dump = dump_int8_binary};
const hdpy_dumper hdpy_dump_oid_binary = {.dump = dump_oid_binary};
const hdpy_dumper hdpy_dump_int_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_int_binary = {.dump = dump_binary};
