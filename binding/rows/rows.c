#include "rows/rows.h"

#include "module/args.h"
#include "rows/blueprint.h"
#include "wire/backend.h"

static bool
are_distinct(PyObject *names)
{
    PyObject *set = PySet_New(names);
    bool distinct = set != NULL && PySet_GET_SIZE(set) == PyTuple_GET_SIZE(names);
    Py_XDECREF(set);
    return distinct;
}

/* What the dicts of a result's rows are copied from: that is cheaper than to let each of them grow. */
static PyObject *
dict_of_names(PyObject *names)
{
    PyObject *dict = PyDict_New();
    for (Py_ssize_t i = 0; dict != NULL && i < PyTuple_GET_SIZE(names); i++) {
        if (PyDict_SetItem(dict, PyTuple_GET_ITEM(names, i), Py_None) < 0)
            Py_CLEAR(dict);
    }
    return dict;
}

/* args_row(), kwargs_row() and class_row(). Keywords that come twice are left to Python: the last one counts there. */
static int
setup_call(hdpy_row_maker *maker, hdpy_state *st, PyObject *factory, hdpy_description *d)
{
    PyObject *by_name = PyObject_GetAttrString(factory, "by_name");
    int keywords = by_name ? PyObject_IsTrue(by_name) : -1;
    Py_XDECREF(by_name);
    if (keywords < 0 || (maker->callable = PyObject_GetAttrString(factory, "func")) == NULL)
        return -1;
    maker->kind = keywords ? HDPY_ROW_KWARGS : HDPY_ROW_ARGS;
    if (!keywords || !PyType_Check(maker->callable))
        return 0;
    PyObject *assigns = PyObject_GetAttr(factory, st->str_assigns);
    maker->blueprint = assigns ? hdpy_blueprint_new(st, maker->callable, d->names, assigns) : NULL;
    Py_XDECREF(assigns);
    if (maker->blueprint == Py_None)
        Py_CLEAR(maker->blueprint);
    else if (maker->blueprint == NULL)
        return -1;
    else
        maker->kind = HDPY_ROW_CLASS;
    return 0;
}

void
hdpy_row_maker_clear(hdpy_row_maker *maker)
{
    Py_CLEAR(maker->callable);
    Py_CLEAR(maker->blueprint);
}

int
hdpy_row_maker_setup(hdpy_row_maker *maker, hdpy_state *st, PyObject *factory, PyObject *cursor, hdpy_result *result)
{
    hdpy_description *d = result->description;
    maker->n = Py_SIZE(d);
    if (factory == st->tuple_row)
        maker->kind = HDPY_ROW_TUPLE;
    else if (factory == st->dict_row) {
        maker->kind = HDPY_ROW_DICT;
        if (d->dict == NULL && result->rows.n_rows > 1)
            d->dict = dict_of_names(d->names);
        if (d->dict == NULL && PyErr_Occurred())
            return -1;
    }
    else if (factory == st->scalar_row) {
        if (Py_SIZE(d) == 0) {
            PyErr_SetString(st->ProgrammingError, "at least one column expected");
            return -1;
        }
        maker->kind = HDPY_ROW_SCALAR;
    }
    else if (factory == st->namedtuple_row) {
        if (d->namedtuple == NULL &&
            hdpy_keep_first(&d->namedtuple, PyObject_CallOneArg(st->namedtuple_class, d->names)) == NULL)
            return -1;
        maker->kind = HDPY_ROW_NAMEDTUPLE;
        maker->callable = Py_NewRef(d->namedtuple);
    }
    else if (Py_IS_TYPE(factory, (PyTypeObject *)st->call_factory) && are_distinct(d->names))
        return setup_call(maker, st, factory, d);
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
make_namedtuple(const hdpy_row_source *src, size_t i)
{
    PyTypeObject *type = (PyTypeObject *)src->maker.callable;
    bool held = hdpy_hold_collector(src->many);
    PyObject *tuple = type->tp_alloc(type, Py_SIZE(src->description));
    hdpy_release_collector(held);
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
    PyObject *dict = d->dict ? PyDict_Copy(d->dict) : PyDict_New();
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

/* The values of the row, in the order of the columns or at the places that a blueprint says. -1: none is left in them. */
static int
load_values(const hdpy_row_source *src, size_t i, PyObject **values, const hdpy_blueprint *print)
{
    const hdpy_description *d = src->description;
    Py_ssize_t n = Py_SIZE(d), made = 0;
    hdpy_load_ctx ctx = src->ctx;
    hd_reader row = hd_result_row(&src->result->rows, i);
    for (; made < n; made++) {
        PyObject *value = load_next(&d->columns[made], &ctx, &row);
        if (value == NULL)
            break;
        values[print ? print->at[made].place : made] = value;
    }
    if (made == n && hd_reader_done(&row))
        return 0;
    if (made == n)
        malformed(ctx.st);
    while (made-- > 0)
        Py_DECREF(values[print ? print->at[made].place : made]);
    return -1;
}

/* func(*values), or func(**row). */
static PyObject *
make_call(const hdpy_row_source *src, size_t i)
{
    const hdpy_row_maker *maker = &src->maker;
    Py_ssize_t n = Py_SIZE(src->description);
    PyObject *few[32], **stack = n < (Py_ssize_t)Py_ARRAY_LENGTH(few) ? few : PyMem_New(PyObject *, n + 1);
    if (stack == NULL)
        return PyErr_NoMemory();
    PyObject **values = stack + 1, *row = NULL;
    const hdpy_blueprint *print = (hdpy_blueprint *)maker->blueprint;
    if (print != NULL && !hdpy_blueprint_holds(print))
        print = NULL;
    if (load_values(src, i, values, print) == 0) {
        if (print != NULL)
            row = hdpy_blueprint_make(print, values, src->many);
        else {
            bool by_name = maker->kind != HDPY_ROW_ARGS;
            PyObject *names = by_name ? src->description->names : NULL;
            row = PyObject_Vectorcall(maker->callable, values, by_name ? 0 : (size_t)n, names);
        }
        while (n > 0)
            Py_XDECREF(values[--n]);
    }
    if (stack != few)
        PyMem_Free(stack);
    return row;
}

static PyObject *
call_maker(const hdpy_row_source *src, size_t i)
{
    PyObject *tuple = make_tuple(src, i);
    PyObject *row = tuple ? PyObject_CallOneArg(src->maker.callable, tuple) : NULL;
    Py_XDECREF(tuple);
    return row;
}

PyObject *
hdpy_make_row(const hdpy_row_source *src, size_t i)
{
    switch (src->maker.kind) {
    case HDPY_ROW_TUPLE:
        return make_tuple(src, i);
    case HDPY_ROW_DICT:
        return make_dict(src, i);
    case HDPY_ROW_NAMEDTUPLE:
        return make_namedtuple(src, i);
    case HDPY_ROW_SCALAR:
        return make_scalar(src, i);
    case HDPY_ROW_ARGS:
    case HDPY_ROW_KWARGS:
    case HDPY_ROW_CLASS:
        return make_call(src, i);
    case HDPY_ROW_CALL:
        break;
    }
    return call_maker(src, i);
}

PyObject *
hdpy_make_rows(const hdpy_row_source *src, size_t from, size_t to)
{
    PyObject *rows = PyList_New((Py_ssize_t)(to - from));
    for (size_t i = from; rows != NULL && i < to; i++) {
        PyObject *row = hdpy_make_row(src, i);
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
         "`func`, called with the values of a row, `by_name`: as keywords, and `assigns`: None, or if func is a "
         "class,\n"
         "the code of an __init__ that assigns each parameter to the attribute of its name and does nothing else.")},
    {NULL},
};

int
hdpy_rows_init(hdpy_state *st, PyObject *module)
{
    return hdpy_blueprint_init(st, module) < 0 ? -1 : PyModule_AddFunctions(module, methods);
}
