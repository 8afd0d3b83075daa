#include "types/interval.h"

#include "dump/datetime.h"
#include "types/time.h"

enum { INTERVAL_OID = 1186 };

int64_t
hdpy_delta_micros(PyObject *delta)
{
    return (PyDateTime_DELTA_GET_DAYS(delta) * INT64_C(86400) + PyDateTime_DELTA_GET_SECONDS(delta)) * HD_SECOND +
           PyDateTime_DELTA_GET_MICROSECONDS(delta);
}

static bool
is_timedelta(hdpy_dump_ctx *ctx, PyObject *obj)
{
    return hdpy_dump_takes(PyObject_TypeCheck(obj, hdpy_datetime(ctx->st)->DeltaType), obj, "interval");
}

static hd_interval
interval_of(PyObject *obj)
{
    hd_interval v = {.days = PyDateTime_DELTA_GET_DAYS(obj)};
    v.micros = PyDateTime_DELTA_GET_SECONDS(obj) * HD_SECOND + PyDateTime_DELTA_GET_MICROSECONDS(obj);
    return v;
}

static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    if (!is_timedelta(ctx, obj))
        return -1;
    *param = (hdpy_param){INTERVAL_OID, HD_TEXT};
    hd_interval_to_text(dst, interval_of(obj), ctx->settings->interval_style);
    return 0;
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    if (!is_timedelta(ctx, obj))
        return -1;
    *param = (hdpy_param){INTERVAL_OID, HD_BINARY};
    hd_interval_to_binary(dst, interval_of(obj));
    return 0;
}

const hdpy_dumper hdpy_dump_timedelta_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_timedelta_binary = {.dump = dump_binary};
