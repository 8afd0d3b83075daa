#include "plan/result.h"

#include "module/errors.h"
#include "wire/backend.h"

hdpy_result *
hdpy_result_new(hdpy_state *st, hdpy_settings *settings, hdpy_description *description)
{
    hdpy_result *r = PyObject_New(hdpy_result, (PyTypeObject *)st->Result);
    if (r == NULL)
        return NULL;
    hd_result_init(&r->rows, &hd_alloc_default, description ? (uint16_t)Py_SIZE(description) : 0);
    r->description = (hdpy_description *)Py_XNewRef((PyObject *)description);
    r->settings = (hdpy_settings *)Py_NewRef((PyObject *)settings);
    r->status = HDPY_EMPTY_QUERY;
    r->affected = -1;
    r->tag.length = 0;
    return r;
}

int
hdpy_result_complete(hdpy_result *r, hdpy_exec_status status, hd_span tag)
{
    r->status = status;
    r->tag = hdpy_tag_of(tag);
    /* SHOW and EXPLAIN give rows too, and a tag that does not count them. */
    r->affected = status == HDPY_TUPLES_OK ? (int64_t)r->rows.n_rows : hd_command_tag_rows(tag);
    if (hd_result_seal(&r->rows) != HD_OK) {
        PyErr_NoMemory();
        return -1;
    }
    return 0;
}

static void
result_dealloc(PyObject *self)
{
    hdpy_result *r = (hdpy_result *)self;
    PyTypeObject *type = Py_TYPE(self);
    hd_result_fini(&r->rows);
    Py_XDECREF((PyObject *)r->description);
    Py_XDECREF((PyObject *)r->settings);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyObject *
get_status(PyObject *self, void *closure)
{
    return PyLong_FromLong(((hdpy_result *)self)->status);
}

static PyObject *
get_ntuples(PyObject *self, void *closure)
{
    return PyLong_FromSize_t(((hdpy_result *)self)->rows.n_rows);
}

static PyObject *
get_nfields(PyObject *self, void *closure)
{
    return PyLong_FromLong(((hdpy_result *)self)->rows.n_columns);
}

/* The column that a method was asked about, or NULL with IndexError. */
static const hdpy_column *
column_of(hdpy_result *r, PyObject *arg)
{
    Py_ssize_t i = PyLong_AsSsize_t(arg);
    if (i == -1 && PyErr_Occurred())
        return NULL;
    if (r->description == NULL || i < 0 || i >= Py_SIZE(r->description)) {
        PyErr_SetString(PyExc_IndexError, "no such column");
        return NULL;
    }
    return &r->description->columns[i];
}

static PyObject *
fformat(PyObject *self, PyObject *arg)
{
    const hdpy_column *column = column_of((hdpy_result *)self, arg);
    return column ? PyLong_FromLong(column->format) : NULL;
}

static PyObject *
ftype(PyObject *self, PyObject *arg)
{
    const hdpy_column *column = column_of((hdpy_result *)self, arg);
    return column ? PyLong_FromUnsignedLong(column->type_oid) : NULL;
}

/* get_value(row, column): bytes, or None for NULL */
static PyObject *
get_value(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    hdpy_result *r = (hdpy_result *)self;
    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "get_value() takes a row and a column");
        return NULL;
    }
    Py_ssize_t row = PyLong_AsSsize_t(args[0]);
    if ((row == -1 && PyErr_Occurred()) || column_of(r, args[1]) == NULL)
        return NULL;
    if (row < 0 || (size_t)row >= r->rows.n_rows) {
        PyErr_SetString(PyExc_IndexError, "no such row");
        return NULL;
    }
    hd_reader values = hd_result_row(&r->rows, (size_t)row);
    hd_span value;
    bool given = false;
    for (Py_ssize_t c = PyLong_AsSsize_t(args[1]); c >= 0; c--)
        given = hd_row_next(&values, &value);
    if (!given)
        Py_RETURN_NONE;
    return PyBytes_FromStringAndSize((const char *)value.p, (Py_ssize_t)value.n);
}

static PyGetSetDef getset[] = {
    {"status", get_status, NULL, PyDoc_STR("ExecStatus of the result, as an int."), NULL},
    {"ntuples", get_ntuples, NULL, PyDoc_STR("Number of rows."), NULL},
    {"nfields", get_nfields, NULL, PyDoc_STR("Number of columns."), NULL},
    {NULL},
};

static PyMethodDef methods[] = {
    {"fformat", fformat, METH_O,
     PyDoc_STR("fformat($self, column, /)\n--\n\nFormat in which the column arrived: 0 text, 1 binary.")},
    {"get_value", (PyCFunction)(void (*)(void))get_value, METH_FASTCALL,
     PyDoc_STR("get_value($self, row, column, /)\n--\n\nThe bytes of a value as they arrived, or None for NULL.")},
    {"ftype", ftype, METH_O, PyDoc_STR("ftype($self, column, /)\n--\n\nType oid of the column.")},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, result_dealloc},
    {Py_tp_getset, getset},
    {Py_tp_methods, methods},
    {Py_tp_doc, (void *)PyDoc_STR("A result as it came from the server (psycopg's PGresult, as far as it is used).")},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.Result",
    .basicsize = sizeof(hdpy_result),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int
hdpy_result_init(hdpy_state *st, PyObject *module)
{
    st->Result = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (st->Result == NULL)
        return -1;
    return PyModule_AddObjectRef(module, "Result", st->Result);
}
