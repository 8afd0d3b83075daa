#include "rows/rows.h"

#include "module/args.h"
#include "wire/backend.h"

int
hdpy_row_maker_setup(hdpy_row_maker *maker, hdpy_state *st, PyObject *factory, PyObject *cursor, hdpy_result *result)
{
    hdpy_description *d = result->description;
    Py_CLEAR(maker->callable);
    if (factory == st->tuple_row)
        maker->kind = HDPY_ROW_TUPLE;
    else if (factory == st->dict_row)
        maker->kind = HDPY_ROW_DICT;
    else if (factory == st->scalar_row) {
        if (Py_SIZE(d) == 0) {
            PyErr_SetString(st->ProgrammingError, "at least one column expected");
            return -1;
        }
        maker->kind = HDPY_ROW_SCALAR;
    }
    else if (factory == st->namedtuple_row) {
        if (d->namedtuple == NULL)
            d->namedtuple = PyObject_CallOneArg(st->namedtuple_class, d->names);
        if (d->namedtuple == NULL)
            return -1;
        maker->kind = HDPY_ROW_NAMEDTUPLE;
        maker->callable = Py_NewRef(d->namedtuple);
    }
    else {
        maker->kind = HDPY_ROW_CALL;
        maker->callable = PyObject_CallOneArg(factory, cursor);
        if (maker->callable == NULL)
            return -1;
    }
    return 0;
}

static PyObject *
malformed(hdpy_state *st)
{
    PyErr_SetString(st->DataError, "the server sent a malformed row");
    return NULL;
}

/* The next value of the row: a new reference. */
static inline PyObject *
load_next(const hdpy_column *column, hdpy_load_ctx *ctx, hd_reader *values)
{
    hd_span value;
    if (hd_row_next(values, &value))
        return column->loader->load(column->loader, ctx, value);
    if (values->bad)
        return malformed(ctx->st);
    return Py_NewRef(Py_None);
}

/* Fills a tuple (or an instance of a tuple's subclass) whose items are still NULL. */
static int
fill_tuple(PyObject *tuple, const hdpy_row_source *src, size_t i)
{
    const hdpy_description *d = src->description;
    hdpy_load_ctx ctx = src->ctx;
    hd_reader values = hd_result_row(&src->result->rows, i);
    Py_ssize_t n = Py_SIZE(d);
    for (Py_ssize_t c = 0; c < n; c++) {
        PyObject *value = load_next(&d->columns[c], &ctx, &values);
        if (value == NULL)
            return -1;
        PyTuple_SET_ITEM(tuple, c, value);
    }
    if (!hd_reader_done(&values)) {
        malformed(ctx.st);
        return -1;
    }
    return 0;
}

static PyObject *
make_tuple(const hdpy_row_source *src, size_t i)
{
    PyObject *tuple = PyTuple_New(Py_SIZE(src->description));
    if (tuple != NULL && fill_tuple(tuple, src, i) < 0)
        Py_CLEAR(tuple);
    return tuple;
}

static PyObject *
make_namedtuple(PyObject *cls, const hdpy_row_source *src, size_t i)
{
    PyTypeObject *type = (PyTypeObject *)cls;
    PyObject *tuple = type->tp_alloc(type, Py_SIZE(src->description));
    if (tuple != NULL && fill_tuple(tuple, src, i) < 0)
        Py_CLEAR(tuple);
    return tuple;
}

static PyObject *
make_dict(const hdpy_row_source *src, size_t i)
{
    const hdpy_description *d = src->description;
    hdpy_load_ctx ctx = src->ctx;
    hd_reader values = hd_result_row(&src->result->rows, i);
    PyObject *dict = PyDict_New();
    for (Py_ssize_t c = 0; dict != NULL && c < Py_SIZE(d); c++) {
        PyObject *value = load_next(&d->columns[c], &ctx, &values);
        if (value == NULL || PyDict_SetItem(dict, PyTuple_GET_ITEM(d->names, c), value) < 0)
            Py_CLEAR(dict);
        Py_XDECREF(value);
    }
    if (dict != NULL && !hd_reader_done(&values)) {
        Py_CLEAR(dict);
        return malformed(ctx.st);
    }
    return dict;
}

static PyObject *
make_scalar(const hdpy_row_source *src, size_t i)
{
    hdpy_load_ctx ctx = src->ctx;
    hd_reader values = hd_result_row(&src->result->rows, i);
    return load_next(&src->description->columns[0], &ctx, &values);
}

static PyObject *
call_maker(PyObject *callable, const hdpy_row_source *src, size_t i)
{
    PyObject *tuple = make_tuple(src, i);
    PyObject *row = tuple ? PyObject_CallOneArg(callable, tuple) : NULL;
    Py_XDECREF(tuple);
    return row;
}

PyObject *
hdpy_make_row(const hdpy_row_maker *maker, const hdpy_row_source *src, size_t i)
{
    switch (maker->kind) {
    case HDPY_ROW_TUPLE:
        return make_tuple(src, i);
    case HDPY_ROW_DICT:
        return make_dict(src, i);
    case HDPY_ROW_NAMEDTUPLE:
        return make_namedtuple(maker->callable, src, i);
    case HDPY_ROW_SCALAR:
        return make_scalar(src, i);
    case HDPY_ROW_CALL:
        break;
    }
    return call_maker(maker->callable, src, i);
}

PyObject *
hdpy_make_rows(const hdpy_row_maker *maker, const hdpy_row_source *src, size_t from, size_t to)
{
    PyObject *rows = PyList_New((Py_ssize_t)(to - from));
    for (size_t i = from; rows != NULL && i < to; i++) {
        PyObject *row = hdpy_make_row(maker, src, i);
        if (row == NULL)
            Py_CLEAR(rows);
        else
            PyList_SET_ITEM(rows, (Py_ssize_t)(i - from), row);
    }
    return rows;
}

/* ---- registration */

static PyObject *
register_row_factories(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"tuple_row",  "dict_row",         "namedtuple_row",
                                         "scalar_row", "namedtuple_class", NULL};
    static const hdpy_signature signature = {"register_row_factories", params, 5, 5};
    hdpy_state *st = hdpy_state_of_module(module);
    PyObject *given[5];
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    PyObject **slots[] = {&st->tuple_row, &st->dict_row, &st->namedtuple_row, &st->scalar_row, &st->namedtuple_class};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(slots); i++)
        Py_XSETREF(*slots[i], Py_NewRef(given[i]));
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"register_row_factories", (PyCFunction)(void (*)(void))register_row_factories, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR(
         "register_row_factories($module, /, tuple_row, dict_row, namedtuple_row, scalar_row, namedtuple_class)\n"
         "--\n\n"
         "Make the C row makers answer for these functions, recognised by identity.\n\n"
         "namedtuple_class(names) gives the class for a tuple of column names.")},
    {NULL},
};

int
hdpy_rows_init(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
