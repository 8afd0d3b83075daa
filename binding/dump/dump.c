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
        *param = (hdpy_param){(uint32_t)ctx->adapters->none_oid, HD_TEXT};
        hd_write_null(dst);
        return ctx->adapters->none_oid < 0 ? no_dumper(ctx->st, obj, format) : 0;
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

int
hdpy_write_as_sent(const hdpy_settings *settings, hd_writer *dst, hd_span text)
{
    if (HD_LIKELY(settings->client_encoding == NULL)) {
        hd_write_span(dst, text);
        return 0;
    }
    PyObject *utf8 = hdpy_transcode(PyUnicode_AsUTF8(settings->client_encoding), "utf-8", text);
    if (utf8 == NULL)
        return -1;
    hd_write_bytes(dst, PyBytes_AS_STRING(utf8), (size_t)PyBytes_GET_SIZE(utf8));
    Py_DECREF(utf8);
    return 0;
}

int
hdpy_dump_in_utf8(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    hd_writer utf8 = hd_writer_of(&hd_alloc_default);
    hdpy_dump_ctx inner = *ctx;
    inner.settings = ctx->settings->in_utf8;
    int rc = self->dump(self, &inner, obj, &utf8, param);
    if (rc == 0 && utf8.rc != HD_OK)
        dst->rc = utf8.rc;
    else if (rc == 0 && param->format == HD_BINARY)
        hd_write_span(dst, hd_writer_span(&utf8));
    else if (rc == 0) {
        PyObject *text = hdpy_transcode("utf-8", PyUnicode_AsUTF8(ctx->settings->encoding), hd_writer_span(&utf8));
        if (text != NULL)
            hd_write_bytes(dst, PyBytes_AS_STRING(text), (size_t)PyBytes_GET_SIZE(text));
        rc = text ? 0 : -1;
        Py_XDECREF(text);
    }
    hd_writer_fini(&utf8);
    return rc;
}
