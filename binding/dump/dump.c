#include "adapt/core.h"

/* Without the module, which is there for classes made in C. */
static const char *
name_of(PyTypeObject *type)
{
    const char *dot = strrchr(type->tp_name, '.');
    return dot ? dot + 1 : type->tp_name;
}

static int
no_dumper(hdpy_state *st, PyObject *obj, hdpy_pyformat format)
{
    const char *name = format == HDPY_AUTO ? "AUTO" : format == HDPY_AS_TEXT ? "TEXT" : "BINARY";
    PyErr_Format(st->ProgrammingError, "cannot adapt type '%s' using placeholder '%%%c' (format: %s)",
                 name_of(Py_TYPE(obj)), (int)format, name);
    return -1;
}

bool
hdpy_dump_takes(bool fits, PyObject *obj, const char *type)
{
    if (!fits)
        PyErr_Format(PyExc_TypeError, "cannot dump %s as %s", name_of(Py_TYPE(obj)), type);
    return fits;
}

int
hdpy_dump_value(hdpy_dump_ctx *ctx, PyObject *obj, hdpy_pyformat format, hd_writer *dst, hdpy_param *param)
{
    if (obj == Py_None) {
        *param = (hdpy_param){0, HD_TEXT};
        hd_write_null(dst);
        return 0;
    }
    PyObject *found = hdpy_adapters_dumper(ctx->st, ctx->adapters, Py_TYPE(obj), format);
    if (found == NULL)
        return PyErr_Occurred() ? -1 : no_dumper(ctx->st, obj, format);
    if (!Py_IS_TYPE(found, (PyTypeObject *)ctx->st->DumperCore))
        return hdpy_dump_by_python(ctx, obj, format, dst, param);
    const hdpy_dumper *dumper = &((hdpy_dumper_core *)found)->record;
    size_t at = hd_write_value_begin(dst);
    ctx->asked = format;
    if (dumper->dump(dumper, ctx, obj, dst, param) < 0)
        return -1;
    if (dumper->oid != 0)
        param->oid = dumper->oid;
    hd_write_value_end(dst, at);
    return 0;
}
