#include "types/numeric.h"

#include "types/oid.h"

#include "dump/types.h"

/* str() of a Decimal; not of a subclass that writes itself in another way. */
static PyObject *
str_of(hdpy_state *st, PyObject *obj)
{
    PyObject *decimal = hdpy_import_once(&st->Decimal, "decimal", "Decimal");
    return decimal ? ((PyTypeObject *)decimal)->tp_str(obj) : NULL;
}

static int
write_number(hdpy_dump_ctx *ctx, hd_span text, hd_format format, hd_writer *dst)
{
    /* quiet or signaling, with a sign or diagnostic digits: the server has one NaN */
    if (memchr(text.p, 'N', text.n) != NULL)
        text = HD_SPAN_LITERAL("NaN");
    if (format == HD_TEXT) {
        hd_write_span(dst, text);
        return 0;
    }
    hd_rc rc = hd_numeric_text_to_binary(dst, text);
    if (rc == HD_OK)
        return 0;
    PyErr_SetString(ctx->st->DataError, "the number has more digits than PostgreSQL's numeric can hold");
    return -1;
}

static int
dump_decimal(hdpy_dump_ctx *ctx, PyObject *obj, hd_format format, hd_writer *dst, hdpy_param *param)
{
    PyObject *str = str_of(ctx->st, obj);
    if (str == NULL)
        return -1;
    *param = (hdpy_param){HD_OID_NUMERIC, format};
    Py_ssize_t n;
    const char *p = PyUnicode_AsUTF8AndSize(str, &n);
    int rc = p == NULL ? -1 : write_number(ctx, (hd_span){(const uint8_t *)p, (size_t)n}, format, dst);
    Py_DECREF(str);
    return rc;
}

/* A Decimal, or an int of any size. */
static int
dump(hdpy_dump_ctx *ctx, PyObject *obj, hd_format format, hd_writer *dst, hdpy_param *param)
{
    PyObject *decimal = hdpy_import_once(&ctx->st->Decimal, "decimal", "Decimal");
    if (decimal == NULL)
        return -1;
    if (PyObject_TypeCheck(obj, (PyTypeObject *)decimal))
        return dump_decimal(ctx, obj, format, dst, param);
    return hdpy_dump_takes(PyIndex_Check(obj), obj, "numeric") ? hdpy_dump_big_int(ctx, obj, format, dst, param) : -1;
}

static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump(ctx, obj, HD_TEXT, dst, param);
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump(ctx, obj, HD_BINARY, dst, param);
}

/* By way of Decimal, whose str() has no limit of digits, unlike that of int, and is not quadratic. */
int
hdpy_dump_big_int(hdpy_dump_ctx *ctx, PyObject *obj, hd_format format, hd_writer *dst, hdpy_param *param)
{
    PyObject *decimal_type = hdpy_import_once(&ctx->st->Decimal, "decimal", "Decimal");
    PyObject *number = decimal_type ? PyNumber_Index(obj) : NULL; /* others than Python's own have one */
    PyObject *decimal = number ? PyObject_CallOneArg(decimal_type, number) : NULL;
    Py_XDECREF(number);
    if (decimal == NULL)
        return -1;
    int rc = dump_decimal(ctx, decimal, format, dst, param);
    Py_DECREF(decimal);
    return rc;
}

const hdpy_dumper hdpy_dump_numeric_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_numeric_binary = {.dump = dump_binary};
