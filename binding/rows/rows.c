#include "rows/rows.h"

#include "module/args.h"
#include "wire/backend.h"

static bool
are_distinct(PyObject *names)
{
    PyObject *set = PySet_New(names);
    bool distinct = set != NULL && PySet_GET_SIZE(set) == PyTuple_GET_SIZE(names);
    Py_XDECREF(set);
    return distinct;
}

/* args_row(), kwargs_row() and class_row(). Keywords that come twice are left to Python: the last one counts there. */
static int
setup_call(hdpy_row_maker *maker, PyObject *factory, hdpy_description *d)
{
    PyObject *by_name = PyObject_GetAttrString(factory, "by_name");
    int keywords = by_name ? PyObject_IsTrue(by_name) : -1;
    Py_XDECREF(by_name);
    if (keywords < 0 || (maker->callable = PyObject_GetAttrString(factory, "func")) == NULL)
        return -1;
    maker->kind = keywords ? HDPY_ROW_KWARGS : HDPY_ROW_ARGS;
    return 0;
}

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
    else if (Py_IS_TYPE(factory, (PyTypeObject *)st->call_factory) && are_distinct(d->names))
        return setup_call(maker, factory, d);
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

/* func(*values), or func(**row). */
static PyObject *
make_call(const hdpy_row_maker *maker, const hdpy_row_source *src, size_t i)
{
    const hdpy_description *d = src->description;
    Py_ssize_t n = Py_SIZE(d), made = 0;
    PyObject *few[32], **stack = n <= (Py_ssize_t)Py_ARRAY_LENGTH(few) ? few : PyMem_New(PyObject *, n);
    if (stack == NULL)
        return PyErr_NoMemory();
    hdpy_load_ctx ctx = src->ctx;
    hd_reader values = hd_result_row(&src->result->rows, i);
    while (made < n && (stack[made] = load_next(&d->columns[made], &ctx, &values)) != NULL)
        made++;
    PyObject *row = NULL;
    if (made == n && hd_reader_done(&values)) {
        bool by_name = maker->kind == HDPY_ROW_KWARGS;
        PyObject *callable = Py_NewRef(maker->callable); /* it may execute something else on the cursor */
        row = PyObject_Vectorcall(callable, stack, by_name ? 0 : (size_t)n, by_name ? d->names : NULL);
        Py_DECREF(callable);
    }
    else if (made == n)
        malformed(ctx.st);
    while (made > 0)
        Py_DECREF(stack[--made]);
    if (stack != few)
        PyMem_Free(stack);
    return row;
}

static PyObject *
call_maker(PyObject *callable, const hdpy_row_source *src, size_t i)
{
    PyObject *tuple = make_tuple(src, i);
    Py_INCREF(callable); /* it may execute something else on the cursor */
    PyObject *row = tuple ? PyObject_CallOneArg(callable, tuple) : NULL;
    Py_DECREF(callable);
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
    case HDPY_ROW_ARGS:
    case HDPY_ROW_KWARGS:
        return make_call(maker, src, i);
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
    static const char *const params[] = {
        "tuple_row", "dict_row", "namedtuple_row", "scalar_row", "namedtuple_class", "call_factory", NULL};
    static const hdpy_signature signature = {"register_row_factories", params, 6, 6};
    hdpy_state *st = hdpy_state_of_module(module);
    PyObject *given[6];
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    PyObject **slots[] = {&st->tuple_row,  &st->dict_row,         &st->namedtuple_row,
                          &st->scalar_row, &st->namedtuple_class, &st->call_factory};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(slots); i++)
        Py_XSETREF(*slots[i], Py_NewRef(given[i]));
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"register_row_factories", (PyCFunction)(void (*)(void))register_row_factories, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR(
         "register_row_factories($module, /, tuple_row, dict_row, namedtuple_row, scalar_row, namedtuple_class,\n"
         "                       call_factory)\n"
         "--\n\n"
         "Make the C row makers answer for these functions, recognised by identity.\n\n"
         "namedtuple_class(names) gives the class for a tuple of column names; instances of call_factory have\n"
         "`func`, called with the values of a row, and `by_name`: as keywords.")},
    {NULL},
};

int
hdpy_rows_init(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
