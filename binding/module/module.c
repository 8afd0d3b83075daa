#include "module/state.h"

#include "adapt/adapt.h"
#include "adapt/settings.h"
#include "module/errors.h"
#include "module/process.h"
#include "objects/block.h"
#include "objects/cancel.h"
#include "objects/copy.h"
#include "objects/lending.h"
#include "objects/stream.h"
#include "objects/lane.h"
#include "wait/operation.h"
#include "wait/waiter.h"
#include "wait/watch.h"

PyObject *
hdpy_import_once(PyObject **field, const char *module, const char *name)
{
    PyObject *kept = HDPY_LOAD(*field);
    if (kept != NULL)
        return kept;
    PyObject *imported = PyImport_ImportModule(module);
    PyObject *value = imported ? PyObject_GetAttrString(imported, name) : NULL;
    Py_XDECREF(imported);
    return hdpy_keep_first(field, value);
}

PyObject *
hdpy_keep_first(PyObject **field, PyObject *made)
{
    if (made == NULL)
        return NULL;
    PyObject *kept = NULL;
    /* An import runs Python code: another thread may have been faster. */
    if (__atomic_compare_exchange_n(field, &kept, made, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE))
        return made;
    Py_DECREF(made);
    return kept;
}

static int
intern_names(hdpy_state *st)
{
    static const struct {
        const char *text;
        size_t offset;
    } names[] = {
#define NAME(name) {#name, offsetof(hdpy_state, str_##name)},
        HDPY_STATE_NAMES(NAME)
#undef NAME
    };
    for (size_t i = 0; i < Py_ARRAY_LENGTH(names); i++) {
        PyObject *name = PyUnicode_InternFromString(names[i].text);
        if (name == NULL)
            return -1;
        *(PyObject **)((char *)st + names[i].offset) = name;
    }
    /* Not every attribute is named as a C identifier would be here. */
    static const struct {
        const char *text;
        size_t offset;
    } private_names[] = {
        {"_conn", offsetof(hdpy_state, str_conn)},
        {"_on_cancel", offsetof(hdpy_state, str_on_cancel)},
        {"_on_notice", offsetof(hdpy_state, str_on_notice)},
        {"_on_notification", offsetof(hdpy_state, str_on_notification)},
        {"__init__", offsetof(hdpy_state, str_init)},
        {"_core", offsetof(hdpy_state, str_core)},
        {"_named_cursor", offsetof(hdpy_state, str_named_cursor)},
        {"_discover", offsetof(hdpy_state, str_discover)},
        {"_of_snapshot", offsetof(hdpy_state, str_of_snapshot)},
        {"_asyncio_future_blocking", offsetof(hdpy_state, str_future_blocking)},
    };
    for (size_t i = 0; i < Py_ARRAY_LENGTH(private_names); i++) {
        PyObject *name = PyUnicode_InternFromString(private_names[i].text);
        if (name == NULL)
            return -1;
        Py_SETREF(*(PyObject **)((char *)st + private_names[i].offset), name);
    }
    return 0;
}

static PyObject *
register_column(PyObject *module, PyObject *column)
{
    Py_XSETREF(hdpy_state_of_module(module)->Column, Py_NewRef(column));
    Py_RETURN_NONE;
}

/* register_binding_mixins(client, raw) */
static PyObject *
register_binding_mixins(PyObject *module, PyObject *args)
{
    hdpy_state *st = hdpy_state_of_module(module);
    PyObject *client, *raw;
    if (!PyArg_ParseTuple(args, "O!O!:register_binding_mixins", &PyType_Type, &client, &PyType_Type, &raw))
        return NULL;
    Py_XSETREF(st->ClientCursorMixin, Py_NewRef(client));
    Py_XSETREF(st->RawCursorMixin, Py_NewRef(raw));
    Py_RETURN_NONE;
}

/* register_template(template, bind) */
static PyObject *
register_template(PyObject *module, PyObject *args)
{
    hdpy_state *st = hdpy_state_of_module(module);
    PyObject *template, *bind;
    if (!PyArg_ParseTuple(args, "O!O:register_template", &PyType_Type, &template, &bind))
        return NULL;
    Py_XSETREF(st->Template, Py_NewRef(template));
    Py_XSETREF(st->bind_template, Py_NewRef(bind));
    Py_RETURN_NONE;
}

static PyObject *
direct_wake(PyObject *module, PyObject *enabled)
{
    int yes = PyObject_IsTrue(enabled);
    if (yes < 0)
        return NULL;
    hdpy_state *st = hdpy_state_of_module(module);
    bool before = !st->futures_only;
    st->futures_only = !yes;
    return PyBool_FromLong(before);
}

static PyObject *
common_type(PyObject *module, PyObject *list)
{
    if (!PyList_Check(list)) {
        PyErr_SetString(PyExc_TypeError, "a list is needed");
        return NULL;
    }
    PyTypeObject *type = NULL;
    HDPY_GUARD(list);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(list); i++) {
        PyObject *item = PyList_GET_ITEM(list, i);
        if (item == Py_None || Py_TYPE(item) == type)
            continue;
        if (type != NULL)
            Py_RETURN_NONE;
        type = Py_TYPE(item);
    }
    return Py_NewRef(type ? (PyObject *)type : Py_None);
}

/* Whether it is the row of `n` values that it looks like, without Python code that could say otherwise. */
static bool
is_row_of(PyObject *row, Py_ssize_t n)
{
    return PyTuple_CheckExact(row) ? PyTuple_GET_SIZE(row) == n : PyList_CheckExact(row) && PyList_GET_SIZE(row) == n;
}

/* transposed(rows, n) */
static PyObject *
transposed(PyObject *module, PyObject *args)
{
    PyObject *rows;
    Py_ssize_t n;
    if (!PyArg_ParseTuple(args, "O!n:transposed", &PyList_Type, &rows, &n))
        return NULL;
    Py_ssize_t n_rows = PyList_GET_SIZE(rows);
    PyObject *columns = PyList_New(n);
    for (Py_ssize_t c = 0; columns != NULL && c < n; c++) {
        PyObject *column = PyList_New(n_rows);
        if (column == NULL)
            Py_CLEAR(columns);
        else
            PyList_SET_ITEM(columns, c, column);
    }
    for (Py_ssize_t r = 0; columns != NULL && r < n_rows; r++) {
        PyObject *row = PySequence_GetItem(rows, r);
        if (row == NULL || !is_row_of(row, n)) {
            Py_CLEAR(columns);
            if (row != NULL)
                columns = Py_NewRef(Py_None);
            Py_XDECREF(row);
            break;
        }
        bool is_tuple = PyTuple_CheckExact(row);
        for (Py_ssize_t c = 0; columns != NULL && c < n; c++) {
            PyObject *value = is_tuple ? Py_NewRef(PyTuple_GET_ITEM(row, c)) : PySequence_GetItem(row, c);
            if (value == NULL)
                Py_CLEAR(columns);
            else
                PyList_SET_ITEM(PyList_GET_ITEM(columns, c), r, value);
        }
        Py_DECREF(row);
    }
    return columns;
}

static PyMethodDef methods[] = {
    {"common_type", common_type, METH_O,
     PyDoc_STR("common_type($module, items, /)\n--\n\n"
               "The type of all items of a list that are not None; None if it isn't the same, or there are none.")},
    {"direct_wake", direct_wake, METH_O,
     PyDoc_STR("direct_wake($module, enabled, /)\n--\n\n"
               "Whether answers may wake their task within the event loop's callback; returns what held before.\n\n"
               "It holds for connections that an event loop starts to watch afterwards.")},
    {"register_binding_mixins", register_binding_mixins, METH_VARARGS,
     PyDoc_STR("register_binding_mixins($module, client, raw, /)\n--\n\n"
               "Take the classes from which cursors derive that bind on the client, and that take $1.")},
    {"register_template", register_template, METH_VARARGS,
     PyDoc_STR("register_template($module, template, bind, /)\n--\n\n"
               "Take the class of template strings, and what makes a query and its parameters of one:\n"
               "bind(template, params, cursor).")},
    {"register_column", register_column, METH_O,
     PyDoc_STR("register_column($module, column, /)\n--\n\n"
               "Take the class of cursor.description's items, called as\n"
               "column(name, type_code, typmod, typlen, table_oid, table_column, cursor).")},
    {"transposed", transposed, METH_VARARGS,
     PyDoc_STR("transposed($module, rows, n, /)\n--\n\n"
               "The columns of a list of rows, each a list; None unless all rows are tuples or lists of n values.")},
    {NULL},
};

static int
module_exec(PyObject *module)
{
    hdpy_state *st = hdpy_state_of_module(module);
    if (hdpy_process_init() < 0) {
        PyErr_SetFromErrno(PyExc_OSError);
        return -1;
    }
    if (intern_names(st) < 0 || hdpy_settings_init(st, module) < 0 || hdpy_adapt_init(st, module) < 0 ||
        hdpy_errors_init(module) < 0 || hdpy_description_init(st, module) < 0 || hdpy_result_init(st, module) < 0 ||
        hdpy_query_init(st, module) < 0 || hdpy_rows_init(st, module) < 0 || hdpy_waiter_init(st, module) < 0 ||
        hdpy_watch_init(st, module) < 0 || hdpy_operation_init(st, module) < 0 || hdpy_lane_init(st, module) < 0 ||
        hdpy_stream_init(st, module) < 0 || hdpy_connection_init(st, module) < 0 ||
        hdpy_cursor_init(st, module) < 0 || hdpy_copy_init(st, module) < 0 || hdpy_block_init(module) < 0 ||
        hdpy_cancel_init(st, module) < 0 || hdpy_lending_init(module) < 0)
        return -1;
    return 0;
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    hdpy_state *st = hdpy_state_of_module(module);
    if (st == NULL)
        return 0;
#define VISIT(name) Py_VISIT(st->name);
    HDPY_STATE_OBJECTS(VISIT)
#undef VISIT
    return 0;
}

static int
module_clear(PyObject *module)
{
    hdpy_state *st = hdpy_state_of_module(module);
    if (st == NULL)
        return 0;
#define CLEAR(name) Py_CLEAR(st->name);
    HDPY_STATE_OBJECTS(CLEAR)
#undef CLEAR
#define CLEAR_NAME(name) Py_CLEAR(st->str_##name);
    HDPY_STATE_NAMES(CLEAR_NAME)
#undef CLEAR_NAME
    return 0;
}

static void
module_free(void *module)
{
    module_clear((PyObject *)module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters
/* 3.12's _datetime and _decimal refuse an interpreter with its own GIL. */
#if PY_VERSION_HEX >= 0x030d0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#else
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED},
#endif
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

struct PyModuleDef hdpy_module_def = {
    PyModuleDef_HEAD_INIT,         .m_name = "_howdah",     .m_doc = "The C core of howdah.",
    .m_size = sizeof(hdpy_state),  .m_methods = methods,    .m_slots = module_slots,
    .m_traverse = module_traverse, .m_clear = module_clear, .m_free = module_free,
};

PyMODINIT_FUNC
PyInit__howdah(void)
{
    return PyModuleDef_Init(&hdpy_module_def);
}
