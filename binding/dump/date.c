#include "types/date.h"

#include "dump/datetime.h"
#include "types/oid.h"

int
hdpy_dump_as_str(PyObject *obj, hd_writer *dst)
{
    PyObject *str = PyObject_Str(obj);
    if (str == NULL)
        return -1;
    Py_ssize_t n;
    const char *p = PyUnicode_AsUTF8AndSize(str, &n);
    if (p != NULL)
        hd_write_bytes(dst, p, (size_t)n);
    Py_DECREF(str);
    return p == NULL ? -1 : 0;
}

static int32_t
days_of(PyObject *obj)
{
    hd_civil c = {PyDateTime_GET_YEAR(obj), PyDateTime_GET_MONTH(obj), PyDateTime_GET_DAY(obj)};
    return (int32_t)hd_days_of_civil(c);
}

static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_DATE, HD_TEXT};
    if (!PyObject_TypeCheck(obj, hdpy_datetime(ctx->st)->DateType))
        return hdpy_dump_infinity(ctx, obj, *param, dst);
    if (Py_TYPE(obj) != hdpy_datetime(ctx->st)->DateType)
        return hdpy_dump_as_str(obj, dst);
    hd_date_to_text(dst, days_of(obj));
    return 0;
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_DATE, HD_BINARY};
    if (!PyObject_TypeCheck(obj, hdpy_datetime(ctx->st)->DateType))
        return hdpy_dump_infinity(ctx, obj, *param, dst);
    hd_date_to_binary(dst, days_of(obj));
    return 0;
}

const hdpy_dumper hdpy_dump_date_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_date_binary = {.dump = dump_binary};
