#include "types/timestamp.h"

#include "dump/datetime.h"
#include "types/oid.h"
#include "types/time.h"

int
hdpy_utc_offset(hdpy_state *st, PyObject *obj, int64_t *micros)
{
    PyObject *delta = PyObject_CallMethodNoArgs(obj, st->str_utcoffset);
    if (delta == NULL)
        return -1;
    int known = delta != Py_None;
    if (known && !PyObject_TypeCheck(delta, hdpy_datetime(st)->DeltaType)) { /* a derived class has its own */
        PyErr_Format(PyExc_TypeError, "utcoffset() should return a timedelta or None, not %R", delta);
        known = -1;
    }
    else if (known && ((*micros = hdpy_delta_micros(delta)) <= -HD_DAY || *micros >= HD_DAY)) {
        PyErr_Format(PyExc_ValueError, "utcoffset() should be within a day, not %R", delta);
        known = -1;
    }
    Py_DECREF(delta);
    return known;
}

int
hdpy_dump_wrong_zone(PyObject *obj, bool aware)
{
    PyErr_Format(PyExc_TypeError, "cannot dump a %s %s a time zone as a type %s", Py_TYPE(obj)->tp_name,
                 aware ? "with" : "without", aware ? "without one" : "with one");
    return -1;
}

/* Microseconds since 2000-01-01 on the object's own clock. */
static int64_t
local_micros(PyObject *obj)
{
    hd_civil c = {PyDateTime_GET_YEAR(obj), PyDateTime_GET_MONTH(obj), PyDateTime_GET_DAY(obj)};
    int seconds =
        (PyDateTime_DATE_GET_HOUR(obj) * 60 + PyDateTime_DATE_GET_MINUTE(obj)) * 60 + PyDateTime_DATE_GET_SECOND(obj);
    return hd_days_of_civil(c) * HD_DAY + seconds * HD_SECOND + PyDateTime_DATE_GET_MICROSECOND(obj);
}

/* As hdpy_utc_offset(), which need not be asked for UTC. */
static int
offset_of(hdpy_state *st, PyObject *obj, int64_t *micros)
{
    *micros = 0;
    return PyDateTime_DATE_GET_TZINFO(obj) == hdpy_datetime(st)->TimeZone_UTC ? 1 : hdpy_utc_offset(st, obj, micros);
}

/* A subclass may be a datetime in name only, as pandas' NaT is: ask it for its distance from the epoch. */
static int
subclass_micros(hdpy_dump_ctx *ctx, PyObject *obj, bool aware, int64_t *micros)
{
    PyDateTime_CAPI *api = hdpy_datetime(ctx->st);
    PyObject *epoch =
        api->DateTime_FromDateAndTime(2000, 1, 1, 0, 0, 0, 0, aware ? api->TimeZone_UTC : Py_None, api->DateTimeType);
    if (epoch == NULL)
        return -1;
    PyObject *delta = PyNumber_Subtract(obj, epoch);
    Py_DECREF(epoch);
    if (delta == NULL)
        return -1;
    /* what int64_t holds in microseconds, and then some years beyond what the server takes */
    enum { MOST_DAYS = 106751990 };
    bool ok = PyObject_TypeCheck(delta, api->DeltaType) && PyDateTime_DELTA_GET_DAYS(delta) < MOST_DAYS &&
              PyDateTime_DELTA_GET_DAYS(delta) > -MOST_DAYS;
    if (ok)
        *micros = hdpy_delta_micros(delta);
    else
        PyErr_Format(ctx->st->DataError, "cannot dump %R as a timestamp", obj);
    Py_DECREF(delta);
    return ok ? 0 : -1;
}

static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_TIMESTAMPTZ, HD_TEXT};
    if (!PyObject_TypeCheck(obj, hdpy_datetime(ctx->st)->DateTimeType))
        return hdpy_dump_infinity(ctx, obj, *param, dst);
    bool aware = PyDateTime_DATE_GET_TZINFO(obj) != Py_None;
    int64_t offset = 0;
    param->oid = aware ? HD_OID_TIMESTAMPTZ : HD_OID_TIMESTAMP;
    if (Py_TYPE(obj) != hdpy_datetime(ctx->st)->DateTimeType)
        return hdpy_dump_as_str(obj, dst);
    int known = aware ? offset_of(ctx->st, obj, &offset) : 1;
    if (known < 0)
        return -1;
    if (known == 0 || offset % HD_SECOND != 0)
        return hdpy_dump_as_str(obj, dst);
    if (aware)
        hd_timestamptz_to_text(dst, local_micros(obj) - offset, (int32_t)(offset / HD_SECOND));
    else
        hd_timestamp_to_text(dst, local_micros(obj));
    return 0;
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_TIMESTAMPTZ, HD_BINARY};
    if (!PyObject_TypeCheck(obj, hdpy_datetime(ctx->st)->DateTimeType))
        return hdpy_dump_infinity(ctx, obj, *param, dst);
    bool aware = PyDateTime_DATE_GET_TZINFO(obj) != Py_None;
    int64_t micros, offset = 0;
    param->oid = aware ? HD_OID_TIMESTAMPTZ : HD_OID_TIMESTAMP;
    if (self->oid != 0 && self->oid != param->oid)
        return hdpy_dump_wrong_zone(obj, aware);
    if (Py_TYPE(obj) == hdpy_datetime(ctx->st)->DateTimeType) {
        int known = aware ? offset_of(ctx->st, obj, &offset) : 1;
        if (known == 0)
            PyErr_Format(ctx->st->DataError, "cannot calculate the offset of tzinfo '%S'",
                         PyDateTime_DATE_GET_TZINFO(obj));
        if (known <= 0)
            return -1;
        micros = local_micros(obj) - offset;
    }
    else if (subclass_micros(ctx, obj, aware, &micros) < 0) {
        return -1;
    }
    hd_timestamp_to_binary(dst, micros);
    return 0;
}

const hdpy_dumper hdpy_dump_datetime_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_datetime_binary = {.dump = dump_binary};
