#include "plan/result.h"

#include "module/args.h"
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
    r->error = NULL;
    r->cleared = false;
    r->first = r->shown = 0;
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
    Py_XDECREF(r->error);
    PyObject_Free(self);
    Py_DECREF(type);
}

/* What libpq shows of a result is empty once it was cleared, and of an error. */
static bool
is_shown(const hdpy_result *r)
{
    return r->error == NULL && !r->cleared;
}

static PyObject *
get_status(PyObject *self, void *closure)
{
    hdpy_result *r = (hdpy_result *)self;
    return PyLong_FromLong(r->cleared ? HDPY_FATAL_ERROR : r->status);
}

static size_t
n_rows(const hdpy_result *r)
{
    if (!is_shown(r))
        return 0;
    return r->status == HDPY_SINGLE_TUPLE ? r->shown : r->rows.n_rows;
}

static PyObject *
get_ntuples(PyObject *self, void *closure)
{
    return PyLong_FromSize_t(n_rows((hdpy_result *)self));
}

static PyObject *
get_nfields(PyObject *self, void *closure)
{
    hdpy_result *r = (hdpy_result *)self;
    return PyLong_FromLong(is_shown(r) ? r->rows.n_columns : 0);
}

static PyObject *
get_command_status(PyObject *self, void *closure)
{
    hdpy_result *r = (hdpy_result *)self;
    if (r->cleared)
        Py_RETURN_NONE;
    return PyBytes_FromStringAndSize(r->tag.text, r->tag.length);
}

static PyObject *
get_command_tuples(PyObject *self, void *closure)
{
    hdpy_result *r = (hdpy_result *)self;
    int64_t rows = is_shown(r) ? hd_command_tag_rows((hd_span){(const uint8_t *)r->tag.text, r->tag.length}) : -1;
    if (rows < 0)
        Py_RETURN_NONE;
    return PyLong_FromLongLong(rows);
}

static PyObject *
get_binary_tuples(PyObject *self, void *closure)
{
    hdpy_result *r = (hdpy_result *)self;
    long binary = is_shown(r) && r->description != NULL && Py_SIZE(r->description) > 0;
    for (Py_ssize_t i = 0; binary && i < Py_SIZE(r->description); i++)
        binary = r->description->columns[i].format;
    return PyLong_FromLong(binary);
}

static PyObject *
get_zero(PyObject *self, void *closure)
{
    return PyLong_FromLong(0);
}

static PyObject *
get_error_message(PyObject *self, void *closure)
{
    hdpy_result *r = (hdpy_result *)self;
    if (r->error == NULL || r->cleared)
        return PyBytes_FromStringAndSize(NULL, 0);
    return Py_NewRef(PyTuple_GET_ITEM(r->error, 0));
}

/* The column that a method was asked about. NULL without an exception: there is no such column, and libpq's answer is 0.
 */
static const hdpy_column *
column_of(hdpy_result *r, PyObject *arg)
{
    Py_ssize_t i = arg ? PyLong_AsSsize_t(arg) : -1;
    if ((i == -1 && PyErr_Occurred()) || !is_shown(r) || r->description == NULL || i < 0 ||
        i >= Py_SIZE(r->description))
        return NULL;
    return &r->description->columns[i];
}

static const char *const column_params[] = {"column_number", NULL};

static const hdpy_column *
column_asked(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const hdpy_signature signature = {"PGresult method", column_params, 1, 1};
    return column_of((hdpy_result *)self, hdpy_parse_arg(&signature, args, nargs, kwnames));
}

#define COLUMN_NUMBER(name, field)                                                                                   \
    static PyObject *name(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)                \
    {                                                                                                                \
        const hdpy_column *column = column_asked(self, args, nargs, kwnames);                                        \
        return PyErr_Occurred() ? NULL : PyLong_FromLongLong(column ? (long long)column->field : 0);                 \
    }

COLUMN_NUMBER(fformat, format)
COLUMN_NUMBER(ftype, type_oid)
COLUMN_NUMBER(fmod_, typmod)
COLUMN_NUMBER(fsize, typlen)
COLUMN_NUMBER(ftable, table_oid)
COLUMN_NUMBER(ftablecol, table_column)

static PyObject *
fname(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    hdpy_result *r = (hdpy_result *)self;
    const hdpy_column *column = column_asked(self, args, nargs, kwnames);
    if (PyErr_Occurred())
        return NULL;
    if (column == NULL)
        Py_RETURN_NONE;
    PyObject *name = PyTuple_GET_ITEM(r->description->names, column - r->description->columns);
    return PyUnicode_AsEncodedString(name, PyUnicode_AsUTF8(r->settings->encoding), "replace");
}

/* get_value(row, column): bytes, or None for NULL and for what does not exist */
static PyObject *
get_value(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"row_number", "column_number", NULL};
    static const hdpy_signature signature = {"get_value", params, 2, 2};
    hdpy_result *r = (hdpy_result *)self;
    PyObject *asked[2] = {NULL, NULL};
    if (hdpy_parse_args(&signature, args, nargs, kwnames, asked) < 0)
        return NULL;
    Py_ssize_t row = PyLong_AsSsize_t(asked[0]);
    if (row == -1 && PyErr_Occurred())
        return NULL;
    const hdpy_column *column = column_of(r, asked[1]);
    if (PyErr_Occurred())
        return NULL;
    if (column == NULL || row < 0 || (size_t)row >= n_rows(r))
        Py_RETURN_NONE;
    hd_reader values = hd_result_row(&r->rows, r->first + (size_t)row);
    hd_span value;
    bool given = false;
    for (Py_ssize_t c = column - r->description->columns; c >= 0; c--)
        given = hd_row_next(&values, &value);
    if (!given)
        Py_RETURN_NONE;
    return PyBytes_FromStringAndSize((const char *)value.p, (Py_ssize_t)value.n);
}

/* The same as text, in psycopg's way. */
static PyObject *
get_error_text(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"encoding", NULL};
    const char *encoding = "utf-8";
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|s:get_error_message", names, &encoding))
        return NULL;
    hdpy_result *r = (hdpy_result *)self;
    if (r->error == NULL || r->cleared)
        return PyUnicode_FromString("no error details available");
    return PyUnicode_FromEncodedObject(PyTuple_GET_ITEM(r->error, 0), encoding, "replace");
}

static PyObject *
set_attributes(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"descriptions", NULL};
    static const hdpy_signature signature = {"set_attributes", params, 1, 1};
    if (hdpy_parse_arg(&signature, args, nargs, kwnames) == NULL)
        return NULL;
    PyErr_SetString(hdpy_state_of_type(Py_TYPE(self))->NotSupportedError,
                    "PQsetResultAttrs() is a function of libpq, which howdah does without");
    return NULL;
}

static PyObject *
param_type(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"param_number", NULL};
    static const hdpy_signature signature = {"param_type", params, 1, 1};
    return hdpy_parse_arg(&signature, args, nargs, kwnames) ? PyLong_FromLong(0) : NULL;
}

/* error_field(code): bytes, or None */
static PyObject *
error_field(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"fieldcode", NULL};
    static const hdpy_signature signature = {"error_field", params, 1, 1};
    hdpy_result *r = (hdpy_result *)self;
    PyObject *arg = hdpy_parse_arg(&signature, args, nargs, kwnames);
    long code = arg ? PyLong_AsLong(arg) : -1;
    if (code == -1 && PyErr_Occurred())
        return NULL;
    if (r->error == NULL || r->cleared || code < 1 || code > 127)
        Py_RETURN_NONE;
    const char letter[] = {(char)code, '\0'};
    PyObject *value = PyDict_GetItemString(PyTuple_GET_ITEM(r->error, 1), letter);
    return Py_NewRef(value ? value : Py_None);
}

static PyObject *
clear(PyObject *self, PyObject *unused)
{
    ((hdpy_result *)self)->cleared = true;
    Py_RETURN_NONE;
}

const char *
hdpy_exec_status_name(hdpy_exec_status status)
{
    static const char *const names[] = {"EMPTY_QUERY", "COMMAND_OK",   "TUPLES_OK",      "COPY_OUT",
                                        "COPY_IN",     "BAD_RESPONSE", "NONFATAL_ERROR", "FATAL_ERROR",
                                        "COPY_BOTH",   "SINGLE_TUPLE", "PIPELINE_SYNC",  "PIPELINE_ABORTED",
                                        "TUPLES_CHUNK"};
    return names[status];
}

static PyObject *
result_repr(PyObject *self)
{
    hdpy_result *r = (hdpy_result *)self;
    return PyUnicode_FromFormat("<%s [%s] at %p>", Py_TYPE(self)->tp_name,
                                hdpy_exec_status_name(r->cleared ? HDPY_FATAL_ERROR : r->status), self);
}

/* _howdah.bare_result(status, message, fields): a result without rows, which shows an error */
static PyObject *
bare_result(PyObject *module, PyObject *args)
{
    hdpy_state *st = PyModule_GetState(module);
    int status;
    PyObject *message, *fields;
    if (!PyArg_ParseTuple(args, "iSO!:bare_result", &status, &message, &PyDict_Type, &fields))
        return NULL;
    if (status < 0 || status > HDPY_TUPLES_CHUNK) {
        PyErr_SetString(PyExc_ValueError, "there is no such status");
        return NULL;
    }
    hdpy_settings *settings = hdpy_settings_new(st, NULL, NULL, NULL, NULL);
    hdpy_result *r = settings ? hdpy_result_new(st, settings, NULL) : NULL;
    Py_XDECREF((PyObject *)settings);
    if (r == NULL)
        return NULL;
    r->status = (hdpy_exec_status)status;
    r->error = PyTuple_Pack(2, message, fields);
    if (r->error == NULL)
        Py_CLEAR(r);
    return (PyObject *)r;
}

static PyGetSetDef getset[] = {
    {"status", get_status, NULL, PyDoc_STR("ExecStatus of the result, as an int."), NULL},
    {"ntuples", get_ntuples, NULL, PyDoc_STR("Number of rows."), NULL},
    {"nfields", get_nfields, NULL, PyDoc_STR("Number of columns."), NULL},
    {"command_status", get_command_status, NULL, PyDoc_STR("The command tag, as bytes."), NULL},
    {"command_tuples", get_command_tuples, NULL, PyDoc_STR("The number of rows in the command tag, or None."), NULL},
    {"binary_tuples", get_binary_tuples, NULL, PyDoc_STR("1 if all columns arrived in binary, else 0."), NULL},
    {"nparams", get_zero, NULL, PyDoc_STR("Number of parameters of a statement described: 0."), NULL},
    {"oid_value", get_zero, NULL, PyDoc_STR("Oid of the row inserted: 0, since PostgreSQL 12 has none."), NULL},
    {"error_message", get_error_message, NULL, PyDoc_STR("The text of the error, as bytes."), NULL},
    {NULL},
};

#define COLUMN_METHOD(name, doc) PyDoc_STR(name "($self, column_number)\n--\n\n" doc)

#define FAST(f) (PyCFunction)(void (*)(void)) f, METH_FASTCALL | METH_KEYWORDS

static PyMethodDef methods[] = {
    {"fname", FAST(fname), COLUMN_METHOD("fname", "Name of the column, as bytes.")},
    {"fformat", FAST(fformat), COLUMN_METHOD("fformat", "Format in which the column arrived: 0 text, 1 binary.")},
    {"ftype", FAST(ftype), COLUMN_METHOD("ftype", "Type oid of the column.")},
    {"fmod", FAST(fmod_), COLUMN_METHOD("fmod", "Type modifier of the column.")},
    {"fsize", FAST(fsize), COLUMN_METHOD("fsize", "Size of the column's type, negative if it varies.")},
    {"ftable", FAST(ftable), COLUMN_METHOD("ftable", "Oid of the table that the column is of, or 0.")},
    {"ftablecol", FAST(ftablecol), COLUMN_METHOD("ftablecol", "Number of the column in its table, or 0.")},
    {"get_value", FAST(get_value),
     PyDoc_STR("get_value($self, row_number, column_number)\n--\n\n"
               "The bytes of a value as they arrived, or None for NULL.")},
    {"param_type", FAST(param_type),
     PyDoc_STR("param_type($self, param_number)\n--\n\nType oid of a parameter of a statement described: 0.")},
    {"error_field", FAST(error_field),
     PyDoc_STR("error_field($self, fieldcode)\n--\n\nA field of the error by its pq.DiagnosticField, or None.")},
    {"get_error_message", (PyCFunction)(void (*)(void))get_error_text, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("get_error_message($self, encoding='utf-8')\n--\n\nThe text of the error.")},
    {"set_attributes", FAST(set_attributes),
     PyDoc_STR("set_attributes($self, descriptions)\n--\n\nRaises NotSupportedError.")},
    {"clear", clear, METH_NOARGS, PyDoc_STR("clear($self)\n--\n\nHave the result show nothing any more.")},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, result_dealloc},
    {Py_tp_repr, result_repr},
    {Py_tp_getset, getset},
    {Py_tp_methods, methods},
    {Py_tp_doc, (void *)PyDoc_STR("A result as it came from the server (psycopg's PGresult).")},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.Result",
    .basicsize = sizeof(hdpy_result),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

static PyMethodDef functions[] = {
    {"bare_result", bare_result, METH_VARARGS, PyDoc_STR("bare_result($module, status, message, fields, /)\n--\n\n")},
    {NULL},
};

int
hdpy_result_init(hdpy_state *st, PyObject *module)
{
    st->Result = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (st->Result == NULL)
        return -1;
    if (PyModule_AddFunctions(module, functions) < 0)
        return -1;
    return PyModule_AddObjectRef(module, "Result", st->Result);
}
