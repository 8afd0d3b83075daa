#include "types/integer.h"

#include "types/oid.h"

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
    long long v = PyLong_AsLongLongAndOverflow(obj, &overflow);
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
    long long v = PyLong_AsLongLongAndOverflow(obj, &overflow);
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

const hdpy_dumper hdpy_dump_int_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_int_binary = {.dump = dump_binary};
