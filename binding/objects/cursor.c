#include "objects/cursor.h"

#include "module/args.h"
#include "objects/stream.h"
#include "wait/operation.h"

#include <structmember.h>

/* ---- life */

/* A mixin class says how its cursors bind; others keep what they have. */
static int
binding_of(const hdpy_state *st, PyTypeObject *type, int otherwise)
{
    if (st->ClientCursorMixin && PyType_IsSubtype(type, (PyTypeObject *)st->ClientCursorMixin))
        return HDPY_BIND_CLIENT;
    if (st->RawCursorMixin && PyType_IsSubtype(type, (PyTypeObject *)st->RawCursorMixin))
        return HDPY_BIND_RAW;
    return otherwise;
}

static int
set_up(hdpy_cursor *cur, hdpy_state *st, hdpy_connection *conn, PyObject *row_factory)
{
    HDPY_GUARD(conn);
    if (cur->conn != NULL && cur->conn != conn) {
        PyErr_SetString(st->ProgrammingError, "a cursor can't change its connection");
        return -1;
    }
    if (row_factory == Py_None)
        row_factory = conn->row_factory;
    hdpy_context_clear(&cur->context);
    if (hdpy_context_init(&cur->context, st, &conn->context) < 0)
        return -1;
    Py_XSETREF(cur->conn, (hdpy_connection *)Py_NewRef((PyObject *)conn));
    Py_XSETREF(cur->row_factory, Py_NewRef(row_factory));
    cur->arraysize = 1;
    cur->rowcount = -1;
    cur->binding = binding_of(st, Py_TYPE((PyObject *)cur), cur->binding);
    return 0;
}

static int
cursor_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"connection", "row_factory", NULL};
    hdpy_state *st = hdpy_state_of_type(Py_TYPE(self));
    PyObject *connection, *row_factory = Py_None;
    PyObject *given =
        kwargs && PyDict_GET_SIZE(kwargs) == 1 ? PyDict_GetItemWithError(kwargs, st->str_row_factory) : NULL;
    if (given != NULL && PyTuple_GET_SIZE(args) == 1) { /* parsing would take longer than all the rest */
        connection = PyTuple_GET_ITEM(args, 0);
        row_factory = given;
    }
    else if (PyErr_Occurred() ||
             !PyArg_ParseTupleAndKeywords(args, kwargs, "O|$O:Cursor", keywords, &connection, &row_factory))
        return -1;
    if (!PyObject_TypeCheck(connection, (PyTypeObject *)st->BaseConnection)) {
        PyErr_Format(PyExc_TypeError, "a howdah connection is needed, got %.200s", Py_TYPE(connection)->tp_name);
        return -1;
    }
    return set_up((hdpy_cursor *)self, st, (hdpy_connection *)connection, row_factory);
}

PyObject *
hdpy_cursor_new(PyObject *factory, PyObject *connection, PyObject *row_factory)
{
    hdpy_state *st = ((hdpy_connection *)connection)->st;
    PyTypeObject *type = (PyTypeObject *)factory;
    if (Py_IS_TYPE(factory, &PyType_Type) && type->tp_init == cursor_init &&
        type->tp_new == PyBaseObject_Type.tp_new) {
        /* What a call of the class does, without a dictionary of its arguments. */
        PyObject *cur = type->tp_alloc(type, 0);
        if (cur != NULL && set_up((hdpy_cursor *)cur, st, (hdpy_connection *)connection, row_factory) < 0)
            Py_CLEAR(cur);
        return cur;
    }
    PyObject *call[] = {connection, row_factory};
    return PyObject_Vectorcall(factory, call, 1, st->kw_row_factory);
}

static int
cursor_traverse(PyObject *self, visitproc visit, void *arg)
{
    hdpy_cursor *cur = (hdpy_cursor *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)cur->conn);
    HDPY_CONTEXT_VISIT(&cur->context);
    Py_VISIT(cur->row_factory);
    Py_VISIT(cur->results);
    Py_VISIT(cur->maker.callable);
    Py_VISIT(cur->maker.blueprint);
    Py_VISIT(cur->maker_factory);
    Py_VISIT(cur->sent);
    Py_VISIT(cur->failure);
    return 0;
}

static int
cursor_clear(PyObject *self)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    Py_CLEAR(cur->row_factory);
    Py_CLEAR(cur->results);
    hdpy_row_maker_clear(&cur->maker);
    Py_CLEAR(cur->maker_factory);
    Py_CLEAR(cur->sent);
    Py_CLEAR(cur->failure);
    return 0;
}

static void
cursor_dealloc(PyObject *self)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (PyObject_CallFinalizerFromDealloc(self) < 0)
        return;
    PyObject_GC_UnTrack(self);
    hdpy_stream_close(cur);
    cursor_clear(self);
    hdpy_context_clear(&cur->context);
    Py_XDECREF((PyObject *)cur->result);
    Py_XDECREF((PyObject *)cur->conn);
    type->tp_free(self);
    Py_DECREF(type);
}

int
hdpy_cursor_check(hdpy_cursor *cur)
{
    if (cur->conn == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "Cursor.__init__() was not called");
        return -1;
    }
    if (cur->closed) {
        PyErr_SetString(cur->conn->st->InterfaceError, "the cursor is closed");
        return -1;
    }
    return 0;
}

/* ---- results */

int
hdpy_cursor_settle_rows(hdpy_cursor *cur)
{
    /* A cursor on the server has results of the same columns, if the server is honest. */
    if (cur->maker_factory == cur->row_factory && cur->maker.n == Py_SIZE(cur->result->description))
        return 0;
    /* A factory in Python may do anything with the cursor: what it makes is for this result, and for no other. */
    PyObject *factory = Py_NewRef(cur->row_factory);
    hdpy_result *result = (hdpy_result *)Py_NewRef((PyObject *)cur->result);
    hdpy_description *description = (hdpy_description *)Py_NewRef((PyObject *)result->description);
    hdpy_row_maker maker = {.kind = HDPY_ROW_TUPLE};
    Py_CLEAR(cur->maker_factory);
    hdpy_row_maker_clear(&cur->maker);
    cur->maker.kind = HDPY_ROW_TUPLE;
    int rc = hdpy_row_maker_setup(&maker, cur->conn->st, factory, (PyObject *)cur, result);
    if (rc == 0 && cur->result == result && cur->row_factory == factory) {
        hdpy_row_maker_clear(&cur->maker);
        cur->maker = maker;
        Py_XSETREF(cur->maker_factory, Py_NewRef(factory));
    }
    else
        hdpy_row_maker_clear(&maker);
    Py_DECREF((PyObject *)description);
    Py_DECREF((PyObject *)result);
    Py_DECREF(factory);
    return rc;
}

/* A row factory is called when a result becomes the current one, as in psycopg. */
static int
set_result(hdpy_cursor *cur, Py_ssize_t i)
{
    cur->i_result = i;
    Py_XSETREF(cur->result, (hdpy_result *)Py_NewRef(PyList_GET_ITEM(cur->results, i)));
    if (!cur->same_rows)
        Py_CLEAR(cur->maker_factory);
    cur->pos = 0;
    cur->rowcount = cur->result->affected;
    cur->tag = cur->result->tag;
    return cur->result->status == HDPY_TUPLES_OK ? hdpy_cursor_settle_rows(cur) : 0;
}

void
hdpy_cursor_reset(hdpy_cursor *cur)
{
    Py_CLEAR(cur->results);
    Py_CLEAR(cur->result);
    if (!cur->same_rows)
        Py_CLEAR(cur->maker_factory);
    Py_CLEAR(cur->failure);
    cur->pending = NULL;
    cur->unlearned = false;
    cur->i_result = 0;
    cur->pos = 0;
    cur->rowcount = -1;
    cur->tag.length = 0;
}

int
hdpy_cursor_adopt(hdpy_cursor *cur, hdpy_request *request)
{
    cur->rowcount = request->affected;
    cur->tag = request->tag;
    if (request->results == NULL)
        return 0;
    Py_XSETREF(cur->results, request->results);
    request->results = NULL;
    return set_result(cur, 0);
}

int
hdpy_cursor_show(hdpy_cursor *cur, hdpy_result *result)
{
    PyObject *results = PyList_New(1);
    if (results == NULL)
        return -1;
    PyList_SET_ITEM(results, 0, Py_NewRef((PyObject *)result));
    Py_XSETREF(cur->results, results);
    return set_result(cur, 0);
}

static PyObject *
nextset(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    if (!cur->closed && hdpy_cursor_check(cur) < 0)
        return NULL;
    if (cur->results == NULL || cur->i_result + 1 >= PyList_GET_SIZE(cur->results))
        Py_RETURN_NONE;
    if (set_result(cur, cur->i_result + 1) < 0)
        return NULL;
    Py_RETURN_TRUE;
}

/* set_result(index): negative counts from the end. */
static PyObject *
select_result(PyObject *self, PyObject *arg)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    Py_ssize_t i = PyLong_AsSsize_t(arg);
    if (i == -1 && PyErr_Occurred())
        return NULL;
    Py_ssize_t n = cur->results ? PyList_GET_SIZE(cur->results) : 0;
    if (i < -n || i >= n) {
        PyErr_Format(PyExc_IndexError, "index %zd out of range: %zd result(s) available", i, n);
        return NULL;
    }
    return set_result(cur, i < 0 ? i + n : i) < 0 ? NULL : Py_NewRef(self);
}

static PyObject *
close_cursor(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    int64_t rowcount = cur->rowcount;
    cur->closed = true;
    hdpy_cursor_reset(cur);
    cur->rowcount = rowcount; /* callers ask for it after an automatic close */
    Py_RETURN_NONE;
}

/* ---- attributes */

static PyObject *
get_description(PyObject *self, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    hdpy_description *d = cur->result ? cur->result->description : NULL;
    if (d == NULL)
        Py_RETURN_NONE;
    Py_INCREF((PyObject *)d); /* a signal handler, or a finalizer, may execute something else */
    PyObject *columns = PyList_New(Py_SIZE(d));
    for (Py_ssize_t i = 0; columns != NULL && i < Py_SIZE(d); i++) {
        const hdpy_column *c = &d->columns[i];
        PyObject *column = PyObject_CallFunction(cur->conn->st->Column, "OkiikiO", PyTuple_GET_ITEM(d->names, i),
                                                 (unsigned long)c->type_oid, (int)c->typmod, (int)c->typlen,
                                                 (unsigned long)c->table_oid, (int)c->table_column, self);
        if (column == NULL)
            Py_CLEAR(columns);
        else
            PyList_SET_ITEM(columns, i, column);
    }
    Py_DECREF((PyObject *)d);
    return columns;
}

static PyObject *
get_rownumber(PyObject *self, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    if (cur->result == NULL || cur->result->status != HDPY_TUPLES_OK)
        Py_RETURN_NONE;
    return PyLong_FromSsize_t(cur->pos);
}

static PyObject *
get_rowcount(PyObject *self, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    return PyLong_FromLongLong(((hdpy_cursor *)self)->rowcount);
}

static PyObject *
get_statusmessage(PyObject *self, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    if (cur->tag.length == 0)
        Py_RETURN_NONE;
    return PyUnicode_DecodeUTF8(cur->tag.text, cur->tag.length, "replace");
}

static PyObject *
get_pgresult(PyObject *self, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    return Py_NewRef(cur->result ? (PyObject *)cur->result : Py_None);
}

static PyObject *
get_n_results(PyObject *self, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    return PyLong_FromSsize_t(cur->results ? PyList_GET_SIZE(cur->results) : 0);
}

static PyObject *
get_format(PyObject *self, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    return PyLong_FromLong(((hdpy_cursor *)self)->format);
}

static int
set_format(PyObject *self, PyObject *value, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    long format = value ? PyLong_AsLong(value) : -1;
    if (format != HD_TEXT && format != HD_BINARY) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "the format should be pq.Format.TEXT or pq.Format.BINARY");
        return -1;
    }
    ((hdpy_cursor *)self)->format = (int)format;
    return 0;
}

static int
set_row_factory(PyObject *self, PyObject *value, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "row_factory cannot be deleted");
        return -1;
    }
    hdpy_cursor *cur = (hdpy_cursor *)self;
    Py_XSETREF(cur->row_factory, Py_NewRef(value));
    return cur->result && cur->result->status == HDPY_TUPLES_OK ? hdpy_cursor_settle_rows(cur) : 0;
}

static PyObject *
get_row_factory(PyObject *self, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    return Py_NewRef(cur->row_factory ? cur->row_factory : Py_None);
}

static PyObject *
get_adapters(PyObject *self, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    if (cur->conn == NULL)
        return hdpy_cursor_check(cur), NULL;
    return hdpy_context_map(&cur->context, cur->conn->st, cur->conn->context.map);
}

static PyObject *
get_pending(PyObject *self, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    return PyBool_FromLong((cur->pending != NULL && !cur->pending->discard) || cur->unlearned);
}

/* What was executed last, as it was sent: bytes, or None. */
static PyObject *
get_sent(PyObject *self, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    PyObject *sent = ((hdpy_cursor *)self)->sent;
    return Py_NewRef(sent ? sent : Py_None);
}

static int
set_sent(PyObject *self, PyObject *value, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    Py_XSETREF(((hdpy_cursor *)self)->sent, Py_XNewRef(value));
    return 0;
}

static PyGetSetDef getset[] = {
    {"_pending", get_pending, NULL, NULL, NULL},
    {"_has_foreign_types", hdpy_cursor_get_has_foreign_types, NULL, NULL, NULL},
    {"adapters", get_adapters, NULL, PyDoc_STR("The AdaptersMap of the cursor: what is registered in it is its own."),
     NULL},
    {"description", get_description, NULL, PyDoc_STR("Columns of the current result, or None (DB-API)."), NULL},
    {"rowcount", get_rowcount, NULL,
     PyDoc_STR("Rows returned or affected; -1: unknown (DB-API). Kept after close()."), NULL},
    {"rownumber", get_rownumber, NULL, PyDoc_STR("Index of the next row, or None without rows."), NULL},
    {"statusmessage", get_statusmessage, NULL, PyDoc_STR("Command tag of the current result, or None."), NULL},
    {"pgresult", get_pgresult, NULL, PyDoc_STR("The current result as it came, or None."), NULL},
    {"row_factory", get_row_factory, set_row_factory, PyDoc_STR("Makes the rows; may change between fetches."), NULL},
    {"format", get_format, set_format, PyDoc_STR("pq.Format asked of results, as an int."), NULL},
    {"_n_results", get_n_results, NULL, NULL, NULL},
    {"_sent", get_sent, set_sent, NULL, NULL},
    {NULL},
};

static PyMemberDef members[] = {
    {"connection", T_OBJECT, offsetof(hdpy_cursor, conn), READONLY, "The connection of the cursor."},
    {"closed", T_BOOL, offsetof(hdpy_cursor, closed), READONLY, "True after close()."},
    {"arraysize", T_LONG, offsetof(hdpy_cursor, arraysize), 0, "Rows that fetchmany() gets by default (DB-API)."},
    {"_bare", T_BOOL, offsetof(hdpy_cursor, bare), 0, NULL},
    {"_same_rows", T_BOOL, offsetof(hdpy_cursor, same_rows), 0, NULL},
    {"_binding", T_INT, offsetof(hdpy_cursor, binding), 0, NULL},
    {"_unlearned", T_BOOL, offsetof(hdpy_cursor, unlearned), 0, NULL},
    {NULL},
};

/* ---- types */

static PyMethodDef methods[] = {
    {"_foreign_types", hdpy_cursor_foreign_types, METH_NOARGS, NULL},
    {"nextset", nextset, METH_NOARGS,
     PyDoc_STR("nextset($self, /)\n--\n\nGo to the next result; True, or None if there is no other (DB-API).")},
    {"_set_result", select_result, METH_O, NULL},
    {"_close", close_cursor, METH_NOARGS, NULL},
    {NULL},
};

static PyMethodDef sync_methods[] = {
    {"close", close_cursor, METH_NOARGS, PyDoc_STR("close($self, /)\n--\n\nClose the cursor; idempotent.")},
    {NULL},
};

static PyMethodDef async_methods[] = {
    {"_stream_start", (PyCFunction)(void (*)(void))hdpy_async_stream_start, METH_FASTCALL, NULL},
    {"_stream_more", hdpy_async_stream_more, METH_O, NULL},
    {"_stream_end", hdpy_async_stream_end, METH_NOARGS, NULL},
    {NULL},
};

static PyType_Slot base_slots[] = {
    {Py_tp_init, cursor_init},         {Py_tp_dealloc, cursor_dealloc},
    {Py_tp_traverse, cursor_traverse}, {Py_tp_clear, cursor_clear},
    {Py_tp_methods, methods},          {Py_tp_getset, getset},
    {Py_tp_members, members},          {0, NULL},
};

static PyType_Spec base_spec = {
    .name = "howdah._howdah.BaseCursor",
    .basicsize = sizeof(hdpy_cursor),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = base_slots,
};

static PyType_Slot sync_slots[] = {
    {Py_tp_doc, PyDoc_STR("CursorBase(connection, *, row_factory=None)\n--\n\n")},
    {Py_tp_methods, sync_methods},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, hdpy_cursor_next},
    {0, NULL},
};

static PyType_Spec sync_spec = {
    .name = "howdah._howdah.CursorBase",
    .basicsize = sizeof(hdpy_cursor),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = sync_slots,
};

static PyType_Slot async_slots[] = {
    {Py_tp_doc, PyDoc_STR("AsyncCursorBase(connection, *, row_factory=None)\n--\n\n")},
    {Py_tp_methods, async_methods},
    {0, NULL},
};

static PyType_Spec async_spec = {
    .name = "howdah._howdah.AsyncCursorBase",
    .basicsize = sizeof(hdpy_cursor),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = async_slots,
};

static int
add_methods(PyObject *type, PyMethodDef *const *tables)
{
    int rc = 0;
    for (; rc == 0 && *tables != NULL; tables++)
        rc = hdpy_add_methods((PyTypeObject *)type, *tables);
    return rc;
}

static int
add_type(PyObject *module, const char *name, PyType_Spec *spec, PyObject *base, struct wrapperbase *init,
         PyMethodDef *const *tables)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, base);
    int rc = type ? PyModule_AddObjectRef(module, name, type) : -1;
    if (rc == 0)
        rc = hdpy_document_init((PyTypeObject *)type, init,
                                "__init__($self, connection, *, row_factory=None)\n--\n\n"
                                "row_factory: None takes the connection's.");
    if (rc == 0)
        rc = add_methods(type, tables);
    Py_XDECREF(type);
    return rc;
}

int
hdpy_cursor_init(hdpy_state *st, PyObject *module)
{
    static struct wrapperbase base_init, sync_init, async_init;
    static PyMethodDef *const base_tables[] = {hdpy_execute_methods, hdpy_fetch_methods, hdpy_stream_methods, NULL};
    static PyMethodDef *const sync_tables[] = {hdpy_sync_execute_methods, hdpy_sync_fetch_methods,
                                               hdpy_sync_stream_methods, NULL};
    static PyMethodDef *const async_tables[] = {hdpy_async_execute_methods, NULL};
    st->BaseCursor = PyType_FromModuleAndSpec(module, &base_spec, NULL);
    if (st->BaseCursor == NULL || PyModule_AddObjectRef(module, "BaseCursor", st->BaseCursor) < 0 ||
        add_methods(st->BaseCursor, base_tables) < 0 ||
        hdpy_document_init((PyTypeObject *)st->BaseCursor, &base_init, "__init__($self, connection)\n--\n\n") < 0)
        return -1;
    if (add_type(module, "CursorBase", &sync_spec, st->BaseCursor, &sync_init, sync_tables) < 0)
        return -1;
    return add_type(module, "AsyncCursorBase", &async_spec, st->BaseCursor, &async_init, async_tables);
}
