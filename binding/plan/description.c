#include "plan/description.h"

#include "module/errors.h"
#include "wire/backend.h"

static hdpy_description *
allocate(hdpy_state *st, hdpy_settings *settings, hdpy_adapters *adapters, Py_ssize_t n)
{
    PyTypeObject *type = (PyTypeObject *)st->Description;
    Py_INCREF(
        (PyObject *)settings); /* before the collector can run, and with it a finalizer that registers an adapter */
    Py_INCREF((PyObject *)adapters);
    hdpy_description *d = (hdpy_description *)type->tp_alloc(type, n);
    if (d == NULL) {
        Py_DECREF((PyObject *)settings);
        Py_DECREF((PyObject *)adapters);
        return NULL;
    }
    d->settings = settings;
    d->adapters = adapters;
    return d;
}

static uint16_t
choose_format(const hdpy_description *d, const hdpy_column *column, hdpy_formats formats)
{
    switch (formats) {
    case HDPY_ALL_TEXT:
        return HD_TEXT;
    case HDPY_ALL_BINARY:
        return HD_BINARY;
    case HDPY_ADAPTIVE:
        return hdpy_adapters_binary_is_exact(d->adapters, column->type_oid, d->settings) ? HD_BINARY : HD_TEXT;
    case HDPY_AS_DESCRIBED:
        break;
    }
    return column->format;
}

static int
settle(hdpy_state *st, hdpy_description *d, hdpy_column *column, hdpy_formats formats)
{
    column->format = choose_format(d, column, formats);
    column->loader = hdpy_adapters_loader(st, d->adapters, column->type_oid, (hd_format)column->format);
    return column->loader ? 0 : -1;
}

static int
fill(hdpy_state *st, hdpy_description *d, hd_row_description *message, hdpy_formats formats)
{
    hd_field field;
    for (Py_ssize_t i = 0; hd_row_description_next(message, &field); i++) {
        PyObject *name = hdpy_decode_name(d->settings, field.name);
        if (name == NULL)
            return -1;
        PyUnicode_InternInPlace(&name);
        PyTuple_SET_ITEM(d->names, i, name);
        hdpy_column *column = &d->columns[i];
        column->table_oid = field.table_oid;
        column->table_column = field.attnum;
        column->type_oid = field.type_oid;
        column->typlen = field.typlen;
        column->typmod = field.typmod;
        column->format = (uint16_t)field.format;
        d->foreign = d->foreign || !hdpy_is_built_in(field.type_oid);
        if (settle(st, d, column, formats) < 0)
            return -1;
    }
    return 0;
}

hdpy_description *
hdpy_description_new(hdpy_state *st, hdpy_settings *settings, hdpy_adapters *adapters, hd_span body,
                     hdpy_formats formats)
{
    hd_row_description message;
    if (hd_decode_row_description(&message, body) != HD_OK) {
        PyErr_SetString(st->OperationalError, "the server sent a malformed RowDescription");
        return NULL;
    }
    hdpy_description *d = allocate(st, settings, adapters, message.count);
    if (d == NULL)
        return NULL;
    d->names = PyTuple_New(message.count);
    d->source = PyBytes_FromStringAndSize((const char *)body.p, (Py_ssize_t)body.n);
    if (d->names == NULL || d->source == NULL || fill(st, d, &message, formats) < 0) {
        Py_DECREF(d);
        return NULL;
    }
    return d;
}

hdpy_description *
hdpy_description_in(hdpy_state *st, hdpy_settings *settings, hdpy_adapters *adapters, const hdpy_description *from,
                    hdpy_formats formats)
{
    Py_ssize_t n = Py_SIZE(from);
    hdpy_description *d = allocate(st, settings, adapters, n);
    if (d == NULL)
        return NULL;
    d->names = Py_NewRef(from->names);
    d->source = Py_NewRef(from->source);
    d->foreign = from->foreign;
    memcpy(d->columns, from->columns, (size_t)n * sizeof(hdpy_column));
    for (Py_ssize_t i = 0; i < n; i++) {
        if (settle(st, d, &d->columns[i], formats) < 0) {
            Py_DECREF(d);
            return NULL;
        }
    }
    return d;
}

bool
hdpy_description_matches(const hdpy_description *d, const hdpy_settings *settings, const hdpy_adapters *adapters,
                         hd_span body)
{
    return d->settings == settings && d->adapters == adapters && (size_t)PyBytes_GET_SIZE(d->source) == body.n &&
           memcmp(PyBytes_AS_STRING(d->source), body.p, body.n) == 0;
}

static int
description_traverse(PyObject *self, visitproc visit, void *arg)
{
    hdpy_description *d = (hdpy_description *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(d->namedtuple);
    Py_VISIT((PyObject *)d->adapters);
    return 0;
}

static int
description_clear(PyObject *self)
{
    hdpy_description *d = (hdpy_description *)self;
    Py_CLEAR(d->namedtuple);
    return 0;
}

static void
description_dealloc(PyObject *self)
{
    hdpy_description *d = (hdpy_description *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    description_clear(self);
    Py_XDECREF(d->names);
    Py_XDECREF(d->dict);
    Py_XDECREF(d->source);
#ifdef Py_GIL_DISABLED
    Py_XDECREF((PyObject *)d->before);
#endif
    Py_XDECREF((PyObject *)d->settings);
    Py_XDECREF((PyObject *)d->adapters);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot slots[] = {
    {Py_tp_dealloc, description_dealloc},
    {Py_tp_traverse, description_traverse},
    {Py_tp_clear, description_clear},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.Description",
    .basicsize = offsetof(hdpy_description, columns),
    .itemsize = sizeof(hdpy_column),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int
hdpy_description_init(hdpy_state *st, PyObject *module)
{
    st->Description = PyType_FromModuleAndSpec(module, &spec, NULL);
    return st->Description ? 0 : -1;
}
