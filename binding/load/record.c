/* Anonymous records, as tuples; and values of composite types, made by what was registered for the type. */
#include "types/record.h"

#include "load/types.h"
#include "types/oid.h"

/* What composite_text and composite_binary have as `data`: a tuple of the fields' types, what to call with the values,
 * and None; or the CompositeInfo, which then goes with the tuple of the values as a second argument. */
enum { FIELD_TYPES, MAKE, INFO, ITEMS };

static bool
has_composite(const hdpy_loader *self)
{
    PyObject *data = self->data;
    if (data != NULL && PyTuple_CheckExact(data) && PyTuple_GET_SIZE(data) == ITEMS &&
        PyTuple_CheckExact(PyTuple_GET_ITEM(data, FIELD_TYPES)))
        return true;
    PyErr_SetString(PyExc_TypeError, "data must be the types of the fields, a callable, and an info or None");
    return false;
}

/* Takes over `values`, which may be NULL. */
static PyObject *
make(const hdpy_loader *self, PyObject *values)
{
    if (values == NULL)
        return NULL;
    PyObject *callable = PyTuple_GET_ITEM(self->data, MAKE), *info = PyTuple_GET_ITEM(self->data, INFO); // borrowed
    PyObject *obj = info == Py_None ? PyObject_Call(callable, values, NULL)
                                    : PyObject_CallFunctionObjArgs(callable, values, info, NULL);
    Py_DECREF(values);
    return obj;
}

/* The type was altered after it was registered. Who learned it from the server forgets it. */
static PyObject *
other_type(const hdpy_loader *self, hdpy_load_ctx *ctx, Py_ssize_t want, Py_ssize_t got)
{
    PyObject *info = PyTuple_GET_ITEM(self->data, INFO); // borrowed
    PyObject *none = info != Py_None ? PyObject_CallMethod(info, "_changed", NULL) : Py_NewRef(Py_None);
    if (none == NULL)
        return NULL;
    Py_DECREF(none);
    PyErr_Format(ctx->st->DataError, "the type is registered with %zd fields, and the value has %zd", want, got);
    return NULL;
}

static PyObject *
load_field(hdpy_load_ctx *ctx, uint32_t oid, hd_format format, hd_span field)
{
    const hdpy_loader *loader = hdpy_loader_for(ctx, oid, format);
    return loader ? loader->load(loader, ctx, field) : NULL;
}

/* ---- text */

/* Appends the values to a list: of the types given, or all as text. 0 or -1 with an exception. */
static int
scan_fields(hdpy_load_ctx *ctx, hd_span src, hd_record_scanner *s, PyObject *types, PyObject *values)
{
    hd_record_token token;
    hd_span field;
    while ((token = hd_record_next(s, &field)) < HD_RECORD_END) {
        PyObject *v = NULL;
        Py_ssize_t at = PyList_GET_SIZE(values);
        if (token == HD_RECORD_NULL || (types != NULL && at >= PyTuple_GET_SIZE(types))) {
            v = Py_NewRef(Py_None);
        }
        else {
            unsigned long oid = types ? PyLong_AsUnsignedLong(PyTuple_GET_ITEM(types, at)) : HD_OID_TEXT;
            if (oid != (unsigned long)-1 || !PyErr_Occurred())
                v = load_field(ctx, (uint32_t)oid, HD_TEXT, field);
        }
        if (v == NULL || PyList_Append(values, v) < 0) {
            Py_XDECREF(v);
            return -1;
        }
        Py_DECREF(v);
    }
    if (token == HD_RECORD_END)
        return 0;
    if (s->unquoted.rc != HD_OK)
        PyErr_NoMemory();
    else
        hdpy_load_error(ctx, "record", src);
    return -1;
}

static PyObject *
field_types(const hdpy_loader *composite)
{
    return composite ? PyTuple_GET_ITEM(composite->data, FIELD_TYPES) : NULL; // borrowed
}

/* A tuple. `composite`: whose fields these are; NULL for an anonymous record. */
static PyObject *
load_fields_text(const hdpy_loader *composite, hdpy_load_ctx *ctx, hd_span src)
{
    PyObject *types = field_types(composite);
    /* what a record of no fields and one of a NULL have in common */
    if (src.n == 2 && memcmp(src.p, "()", 2) == 0 && (types == NULL || PyTuple_GET_SIZE(types) == 0))
        return PyTuple_New(0);
    PyObject *values = PyList_New(0), *fields = NULL;
    if (values == NULL || !hdpy_load_enter(ctx)) {
        Py_XDECREF(values);
        return NULL;
    }
    hd_record_scanner s = hd_record_scanner_of(src, &hd_alloc_default);
    if (scan_fields(ctx, src, &s, types, values) == 0) {
        Py_ssize_t n = PyList_GET_SIZE(values);
        if (types != NULL && n != PyTuple_GET_SIZE(types))
            other_type(composite, ctx, PyTuple_GET_SIZE(types), n);
        else
            fields = PyList_AsTuple(values);
    }
    hd_record_scanner_fini(&s);
    hdpy_load_leave(ctx);
    Py_DECREF(values);
    return fields;
}

static PyObject *
load_record_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    if (HD_UNLIKELY(ctx->settings->in_utf8 != NULL))
        return hdpy_load_in_utf8(self, ctx, src);
    return load_fields_text(NULL, ctx, src);
}

static PyObject *
load_composite_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    if (HD_UNLIKELY(ctx->settings->in_utf8 != NULL))
        return hdpy_load_in_utf8(self, ctx, src);
    if (!has_composite(self))
        return NULL;
    return make(self, load_fields_text(self, ctx, src));
}

/* ---- binary, which names the type of every field */

/* The same. */
static PyObject *
load_fields_binary(const hdpy_loader *composite, hdpy_load_ctx *ctx, hd_span src)
{
    PyObject *types = field_types(composite);
    hd_reader r = hd_reader_of(src);
    uint32_t count;
    if (hd_record_read_count(&r, &count) != HD_OK)
        return hdpy_load_error(ctx, "record", src);
    if (types != NULL && PyTuple_GET_SIZE(types) != (Py_ssize_t)count)
        return other_type(composite, ctx, PyTuple_GET_SIZE(types), (Py_ssize_t)count);
    PyObject *values = PyTuple_New((Py_ssize_t)count);
    if (values == NULL || !hdpy_load_enter(ctx)) {
        Py_XDECREF(values);
        return NULL;
    }
    Py_ssize_t at = 0;
    while (at < (Py_ssize_t)count) {
        uint32_t oid;
        hd_span field;
        bool given = hd_record_read_field(&r, &oid, &field);
        if (r.bad)
            break;
        PyObject *v = given ? load_field(ctx, oid, HD_BINARY, field) : Py_NewRef(Py_None);
        if (v == NULL)
            break;
        PyTuple_SET_ITEM(values, at++, v);
    }
    hdpy_load_leave(ctx);
    if (at == (Py_ssize_t)count && hd_reader_done(&r))
        return values;
    Py_DECREF(values);
    return PyErr_Occurred() ? NULL : hdpy_load_error(ctx, "record", src);
}

static PyObject *
load_record_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    return load_fields_binary(NULL, ctx, src);
}

static PyObject *
load_composite_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    if (!has_composite(self))
        return NULL;
    return make(self, load_fields_binary(self, ctx, src));
}

const hdpy_loader hdpy_load_record_text = {.load = load_record_text};
const hdpy_loader hdpy_load_record_binary = {.load = load_record_binary};
const hdpy_loader hdpy_load_composite_text = {.load = load_composite_text};
const hdpy_loader hdpy_load_composite_binary = {.load = load_composite_binary};
