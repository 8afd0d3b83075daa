#include "types/interval.h"

#include "adapt/edges.h"
#include "dump/datetime.h"
#include "types/oid.h"
#include "types/time.h"

int64_t
hdpy_delta_micros(PyObject *delta)
{
    return (PyDateTime_DELTA_GET_DAYS(delta) * INT64_C(86400) + PyDateTime_DELTA_GET_SECONDS(delta)) * HD_SECOND +
           PyDateTime_DELTA_GET_MICROSECONDS(delta);
}

/* A field of Interval that must fit its PostgreSQL type. -1: DataError, or what the field raised. */
static int
read_field(hdpy_dump_ctx *ctx, PyObject *obj, PyObject *name, long long min, long long max, long long *field)
{
    PyObject *value = PyObject_GetAttr(obj, name);
    int overflow = 0;
    *field = value ? PyLong_AsLongLongAndOverflow(value, &overflow) : -1;
    bool failed = *field == -1 && PyErr_Occurred();
    if (!failed && (overflow != 0 || *field < min || *field > max)) {
        PyErr_Format(ctx->st->DataError, "PostgreSQL's intervals cannot hold %R %U", value, name);
        failed = true;
    }
    Py_XDECREF(value);
    return failed ? -1 : 0;
}

static int
read_interval(hdpy_dump_ctx *ctx, PyObject *obj, hd_interval *v)
{
    long long months, days, micros;
    const hdpy_state *st = ctx->st;
    if (read_field(ctx, obj, st->str_months, INT32_MIN, INT32_MAX, &months) < 0 ||
        read_field(ctx, obj, st->str_days, INT32_MIN, INT32_MAX, &days) < 0 ||
        read_field(ctx, obj, st->str_microseconds, INT64_MIN, INT64_MAX, &micros) < 0)
        return -1;
    *v = (hd_interval){.months = (int32_t)months, .days = (int32_t)days, .micros = micros};
    return 0;
}

/* A timedelta, or the Interval that another row of the same column may have. */
static int
dump(hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param param)
{
    bool is_delta = PyObject_TypeCheck(obj, hdpy_datetime(ctx->st)->DeltaType);
    hd_interval v;
    if (is_delta) {
        v = (hd_interval){.days = PyDateTime_DELTA_GET_DAYS(obj)};
        v.micros = PyDateTime_DELTA_GET_SECONDS(obj) * HD_SECOND + PyDateTime_DELTA_GET_MICROSECONDS(obj);
    }
    else if (!PyObject_TypeCheck(obj, (PyTypeObject *)ctx->st->Interval))
        return hdpy_dump_infinity(ctx, obj, param, dst);
    else if (read_interval(ctx, obj, &v) < 0)
        return -1;
    if (param.format == HD_BINARY)
        hd_interval_to_binary(dst, v);
    else /* the form for sql_standard reads alike in every style, and takes int64_t's minimum too */
        hd_interval_to_text(dst, v, is_delta ? ctx->settings->interval_style : 's');
    return 0;
}

static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_INTERVAL, HD_TEXT};
    return dump(ctx, obj, dst, *param);
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_INTERVAL, HD_BINARY};
    return dump(ctx, obj, dst, *param);
}

const hdpy_dumper hdpy_dump_timedelta_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_timedelta_binary = {.dump = dump_binary};
