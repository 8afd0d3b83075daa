#include "types/time.h"

#include "dump/datetime.h"

enum { TIME_OID = 1083, TIMETZ_OID = 1266 };

static bool
is_time(hdpy_dump_ctx *ctx, PyObject *obj)
{
    return hdpy_dump_takes(PyObject_TypeCheck(obj, hdpy_datetime(ctx->st)->TimeType), obj, "time");
}

static int64_t
micros_of(PyObject *obj)
{
    int seconds =
        (PyDateTime_TIME_GET_HOUR(obj) * 60 + PyDateTime_TIME_GET_MINUTE(obj)) * 60 + PyDateTime_TIME_GET_SECOND(obj);
    return seconds * HD_SECOND + PyDateTime_TIME_GET_MICROSECOND(obj);
}

/* The offset of an aware time: a zone whose offset depends on the day has none to give. 0 or -1. */
static int
offset_of(hdpy_dump_ctx *ctx, PyObject *obj, int64_t *micros)
{
    int known = hdpy_utc_offset(ctx->st, obj, micros);
    if (known == 0) {
        PyErr_Format(ctx->st->DataError, "cannot calculate the offset of tzinfo '%S' without a date",
                     PyDateTime_TIME_GET_TZINFO(obj));
    }
    return known > 0 ? 0 : -1;
}

static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    if (!is_time(ctx, obj))
        return -1;
    bool aware = PyDateTime_TIME_GET_TZINFO(obj) != Py_None;
    int64_t offset = 0;
    *param = (hdpy_param){aware ? TIMETZ_OID : TIME_OID, HD_TEXT};
    if (aware && offset_of(ctx, obj, &offset) < 0)
        return -1;
    if (Py_TYPE(obj) != hdpy_datetime(ctx->st)->TimeType || offset % HD_SECOND != 0)
        return hdpy_dump_as_str(obj, dst);
    if (aware)
        hd_timetz_to_text(dst, (hd_timetz){micros_of(obj), (int32_t)(offset / HD_SECOND)});
    else
        hd_time_to_text(dst, micros_of(obj));
    return 0;
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    if (!is_time(ctx, obj))
        return -1;
    bool aware = PyDateTime_TIME_GET_TZINFO(obj) != Py_None;
    if (self->oid != 0 && self->oid != (aware ? TIMETZ_OID : TIME_OID))
        return hdpy_dump_wrong_zone(obj, aware);
    if (!aware) {
        *param = (hdpy_param){TIME_OID, HD_BINARY};
        hd_time_to_binary(dst, micros_of(obj));
        return 0;
    }
    int64_t offset;
    *param = (hdpy_param){TIMETZ_OID, HD_BINARY};
    if (offset_of(ctx, obj, &offset) < 0)
        return -1;
    hd_timetz_to_binary(dst, (hd_timetz){micros_of(obj), (int32_t)(offset / HD_SECOND)});
    return 0;
}

const hdpy_dumper hdpy_dump_time_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_time_binary = {.dump = dump_binary};
