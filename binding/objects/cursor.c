#include "objects/cursor.h"

#include "module/args.h"
#include "wait/exchange.h"
#include "objects/stream.h"
#include "wait/operation.h"

#include <math.h>
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
cursor_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"connection", "row_factory", NULL};
    hdpy_cursor *cur = (hdpy_cursor *)self;
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
    HDPY_GUARD(connection);
    if (row_factory == Py_None)
        row_factory = ((hdpy_connection *)connection)->row_factory;
    hdpy_context_clear(&cur->context);
    if (hdpy_context_init(&cur->context, st, &((hdpy_connection *)connection)->context) < 0)
        return -1;
    Py_XSETREF(cur->conn, (hdpy_connection *)Py_NewRef(connection));
    Py_XSETREF(cur->row_factory, Py_NewRef(row_factory));
    cur->arraysize = 1;
    cur->rowcount = -1;
    cur->binding = binding_of(st, Py_TYPE(self), cur->binding);
    return 0;
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
    if (cur->maker_factory == cur->row_factory)
        return 0;
    Py_CLEAR(cur->maker_factory);
    if (hdpy_row_maker_setup(&cur->maker, cur->conn->st, cur->row_factory, (PyObject *)cur, cur->result) < 0)
        return -1;
    cur->maker_factory = Py_NewRef(cur->row_factory);
    return 0;
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
    {"_same_rows", T_BOOL, offsetof(hdpy_cursor, same_rows), 0, NULL},
    {"_binding", T_INT, offsetof(hdpy_cursor, binding), 0, NULL},
    {"_unlearned", T_BOOL, offsetof(hdpy_cursor, unlearned), 0, NULL},
    {NULL},
};

/* ---- execute */

int
hdpy_cursor_options(hdpy_cursor *cur, hdpy_options *options, PyObject *query, PyObject *params, PyObject *prepare,
                    PyObject *binary)
{
    *options = (hdpy_options){.query = query,
                              .params = params,
                              .prepare = -1,
                              .wanted = cur->format == HD_BINARY ? HDPY_ALL_BINARY : HDPY_ADAPTIVE,
                              .context = &cur->context,
                              .binding = (hdpy_binding)cur->binding,
                              .owner = (PyObject *)cur};
    if (prepare != NULL && prepare != Py_None && (options->prepare = PyObject_IsTrue(prepare)) < 0)
        return -1;
    if (binary != NULL && binary != Py_None) {
        int yes = PyObject_IsTrue(binary);
        if (yes < 0)
            return -1;
        options->wanted = yes ? HDPY_ALL_BINARY : HDPY_ALL_TEXT;
    }
    /* Types without a binary loader shall arrive as they do in text, and which they are is known by column. */
    if (options->wanted == HDPY_ALL_BINARY && cur->conn->discovery != Py_None)
        options->wanted = HDPY_ADAPTIVE;
    return 0;
}

int
hdpy_cursor_begin(hdpy_cursor *cur)
{
    if (hdpy_cursor_check(cur) < 0)
        return -1;
    if (cur->stream != NULL) {
        PyErr_SetString(cur->conn->st->ProgrammingError,
                        "the cursor is streaming: use another one, or end the stream before");
        return -1;
    }
    hdpy_cursor_reset(cur);
    Py_CLEAR(cur->sent);
    return 0;
}

static int
submit_execute(hdpy_connection *conn, hdpy_request *request, void *options)
{
    return hdpy_submit_execute(conn, request, options);
}

static int
submit_many(hdpy_connection *conn, hdpy_request *request, void *options)
{
    return hdpy_submit_many(conn, request, options, false);
}

static int
submit_many_returning(hdpy_connection *conn, hdpy_request *request, void *options)
{
    return hdpy_submit_many(conn, request, options, true);
}

static int
discover(hdpy_cursor *cur)
{
    cur->unlearned = false;
    PyObject *none = PyObject_CallMethodNoArgs((PyObject *)cur, cur->conn->st->str_discover);
    Py_XDECREF(none);
    return none ? 0 : -1;
}

static int
run(hdpy_cursor *cur, hdpy_submit submit, hdpy_options *options)
{
    hdpy_request *request = hdpy_run_until(cur->conn, submit, options, options->deadline);
    if (request == NULL)
        return -1;
    int rc = request->pipelined ? hdpy_raise_failure(cur->conn) : hdpy_cursor_adopt(cur, request);
    hdpy_request_unref(request);
    return rc < 0 || !hdpy_cursor_has_foreign_types(cur) ? rc : discover(cur);
}

int
hdpy_cursor_await(hdpy_cursor *cur)
{
    if (cur->pending != NULL && !cur->pending->discard) {
        hdpy_request *request = hdpy_run(cur->conn, hdpy_submit_flush, NULL);
        if (request == NULL)
            return -1;
        hdpy_request_unref(request);
        if (hdpy_raise_failure(cur->conn) < 0)
            return -1;
    }
    return cur->unlearned ? discover(cur) : 0;
}

static const char *const execute_params[] = {"query", "params", "prepare", "binary", "timeout", NULL};
static const char *const executemany_params[] = {"query", "params_seq", "returning", "timeout", NULL};

/* Seconds, or None, as a deadline. */
static int
take_timeout(hdpy_cursor *cur, hdpy_options *options, PyObject *timeout)
{
    if (timeout == NULL || timeout == Py_None)
        return 0;
    double seconds = PyFloat_AsDouble(timeout);
    if (seconds == -1.0 && PyErr_Occurred())
        return -1;
    if (isnan(seconds)) {
        PyErr_SetString(PyExc_ValueError, "a timeout is a number of seconds, not NaN");
        return -1;
    }
    if (cur->conn->pipelined) {
        PyErr_SetString(cur->conn->st->ProgrammingError,
                        "timeout= cannot be used in pipeline mode, where a statement doesn't wait for its answer");
        return -1;
    }
    options->deadline = hdpy_deadline_in(seconds);
    return 0;
}

/* The query and the parameters that a template string stands for; NULL, without an exception, for any other query. */
static PyObject *
bind_template(hdpy_cursor *cur, PyObject *query, PyObject *params)
{
    const hdpy_state *st = cur->conn->st;
    if (st->Template == NULL || !Py_IS_TYPE(query, (PyTypeObject *)st->Template))
        return NULL;
    PyObject *bound = PyObject_CallFunctionObjArgs(st->bind_template, query, params ? params : Py_None, cur, NULL);
    if (bound != NULL && (!PyTuple_Check(bound) || PyTuple_GET_SIZE(bound) != 2)) {
        PyErr_SetString(PyExc_TypeError, "a template string becomes a query and its parameters");
        Py_CLEAR(bound);
    }
    return bound;
}

/* From a call of execute(), sync or async, to its options. `*bound` is what they borrow from: to be released, or NULL. */
static int
execute_arguments(hdpy_cursor *cur, const hdpy_signature *signature, PyObject *const *args, Py_ssize_t nargs,
                  PyObject *kwnames, hdpy_options *options, PyObject **bound)
{
    PyObject *given[5] = {NULL, NULL, NULL, NULL, NULL};
    *bound = NULL;
    if (hdpy_parse_args(signature, args, nargs, kwnames, given) < 0 || hdpy_cursor_begin(cur) < 0)
        return -1;
    if ((*bound = bind_template(cur, given[0], given[1])) != NULL) {
        given[0] = PyTuple_GET_ITEM(*bound, 0);
        given[1] = PyTuple_GET_ITEM(*bound, 1);
    }
    else if (PyErr_Occurred())
        return -1;
    if (hdpy_cursor_options(cur, options, given[0], given[1], given[2], given[3]) == 0 &&
        take_timeout(cur, options, given[4]) == 0)
        return 0;
    Py_CLEAR(*bound);
    return -1;
}

/* The same for executemany(); `submit` is what its `returning` asks for. */
static int
executemany_arguments(hdpy_cursor *cur, const hdpy_signature *signature, PyObject *const *args, Py_ssize_t nargs,
                      PyObject *kwnames, hdpy_options *options, hdpy_submit *submit)
{
    PyObject *given[4] = {NULL, NULL, Py_False, NULL};
    if (hdpy_parse_args(signature, args, nargs, kwnames, given) < 0 || hdpy_cursor_begin(cur) < 0)
        return -1;
    int returning = PyObject_IsTrue(given[2]);
    if (returning < 0)
        return -1;
    *submit = returning ? submit_many_returning : submit_many;
    if (hdpy_cursor_options(cur, options, given[0], given[1], NULL, NULL) < 0)
        return -1;
    return take_timeout(cur, options, given[3]);
}

static PyObject *
execute(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    static const hdpy_signature signature = {"execute", execute_params, 2, 1};
    hdpy_options options;
    PyObject *bound;
    if (execute_arguments((hdpy_cursor *)self, &signature, args, nargs, kwnames, &options, &bound) < 0)
        return NULL;
    int rc = run((hdpy_cursor *)self, submit_execute, &options);
    Py_XDECREF(bound);
    return rc < 0 ? NULL : Py_NewRef(self);
}

static PyObject *
executemany(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    static const hdpy_signature signature = {"executemany", executemany_params, 2, 2};
    hdpy_options options;
    hdpy_submit submit;
    if (executemany_arguments((hdpy_cursor *)self, &signature, args, nargs, kwnames, &options, &submit) < 0 ||
        run((hdpy_cursor *)self, submit, &options) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ---- the same as operations to await */

static PyObject *
async_execute(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    static const hdpy_signature signature = {"_execute", execute_params, 5, 1};
    hdpy_cursor *cur = (hdpy_cursor *)self;
    hdpy_options options;
    PyObject *bound;
    if (execute_arguments(cur, &signature, args, nargs, kwnames, &options, &bound) < 0)
        return NULL;
    PyObject *operation = hdpy_operation_new(cur->conn, cur, submit_execute, &options);
    Py_XDECREF(bound);
    return operation;
}

static PyObject *
async_executemany(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    static const hdpy_signature signature = {"_executemany", executemany_params, 4, 2};
    hdpy_cursor *cur = (hdpy_cursor *)self;
    hdpy_options options;
    hdpy_submit submit;
    if (executemany_arguments(cur, &signature, args, nargs, kwnames, &options, &submit) < 0)
        return NULL;
    return hdpy_operation_new(cur->conn, cur, submit, &options);
}

/* _await(): in a pipeline, until the cursor has its results */
static PyObject *
async_await(PyObject *self, PyObject *unused)
{
    hdpy_options none = {0};
    return hdpy_operation_new(((hdpy_cursor *)self)->conn, NULL, hdpy_submit_flush, &none);
}

/* ---- types */

#define FAST(f) (PyCFunction)(void (*)(void)) f, METH_FASTCALL | METH_KEYWORDS

/* _mogrify(query, params): the text that a cursor which binds on the client would send */
static PyObject *
mogrify(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    hdpy_options options;
    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "_mogrify() takes a query and its parameters");
        return NULL;
    }
    if (hdpy_cursor_check(cur) < 0 || hdpy_cursor_options(cur, &options, args[0], args[1], NULL, NULL) < 0)
        return NULL;
    return hdpy_mogrify(cur->conn, &options);
}

static PyMethodDef methods[] = {
    {"_mogrify", (PyCFunction)(void (*)(void))mogrify, METH_FASTCALL, NULL},
    {"_foreign_types", hdpy_cursor_foreign_types, METH_NOARGS, NULL},
    {"nextset", nextset, METH_NOARGS,
     PyDoc_STR("nextset($self, /)\n--\n\nGo to the next result; True, or None if there is no other (DB-API).")},
    {"_set_result", select_result, METH_O, NULL},
    {"_close", close_cursor, METH_NOARGS, NULL},
    {NULL},
};

static PyMethodDef sync_methods[] = {
    {"execute", FAST(execute),
     PyDoc_STR(
         "execute($self, /, query, params=None, *, prepare=None, binary=None, timeout=None)\n--\n\n"
         "Execute a query, with parameters bound on the server; return the cursor.\n\n"
         "query: str or bytes with %s or %(name)s placeholders. params: sequence or mapping.\n"
         "prepare: True, False, or None to prepare after connection.prepare_threshold uses.\n"
         "binary: format of the result; None inherits the cursor's.\n"
         "timeout: seconds, None for no limit; then the server is asked to cancel, and the connection is closed\n"
         "if it doesn't end within connection.cancel_grace seconds more.\n"
         "Raises a subclass of Error for what the server refuses (see howdah.errors), ProgrammingError for\n"
         "parameters that don't fit the placeholders, DataError for values that can't be sent, errors.QueryTimeout\n"
         "when the timeout has expired.\n"
         "Behaviour: psycopg 3's Cursor.execute().")},
    {"executemany", FAST(executemany),
     PyDoc_STR(
         "executemany($self, /, query, params_seq, *, returning=False, timeout=None)\n--\n\n"
         "Execute a query once for each row of parameters, in one batch.\n\n"
         "In autocommit the batch is all or nothing. returning=True keeps every result, for nextset().\n"
         "timeout: seconds for all of them. Raises as execute(). Behaviour: psycopg 3's Cursor.executemany().")},
    {"close", close_cursor, METH_NOARGS, PyDoc_STR("close($self, /)\n--\n\nClose the cursor; idempotent.")},
    {NULL},
};

static PyMethodDef async_methods[] = {
    {"_execute", FAST(async_execute), NULL},
    {"_executemany", FAST(async_executemany), NULL},
    {"_await", async_await, METH_NOARGS, NULL},
    {"_stream_start", (PyCFunction)(void (*)(void))hdpy_async_stream_start, METH_FASTCALL, NULL},
    {"_stream_more", hdpy_async_stream_more, METH_NOARGS, NULL},
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
add_type(PyObject *module, const char *name, PyType_Spec *spec, PyObject *base, struct wrapperbase *init,
         PyMethodDef *more, PyMethodDef *and_more)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, base);
    int rc = type ? PyModule_AddObjectRef(module, name, type) : -1;
    if (rc == 0)
        rc = hdpy_document_init((PyTypeObject *)type, init,
                                "__init__($self, connection, *, row_factory=None)\n--\n\n"
                                "row_factory: None takes the connection's.");
    if (rc == 0 && more != NULL)
        rc = hdpy_add_methods((PyTypeObject *)type, more);
    if (rc == 0 && and_more != NULL)
        rc = hdpy_add_methods((PyTypeObject *)type, and_more);
    Py_XDECREF(type);
    return rc;
}

int
hdpy_cursor_init(hdpy_state *st, PyObject *module)
{
    static struct wrapperbase base_init, sync_init, async_init;
    st->BaseCursor = PyType_FromModuleAndSpec(module, &base_spec, NULL);
    if (st->BaseCursor == NULL || PyModule_AddObjectRef(module, "BaseCursor", st->BaseCursor) < 0 ||
        hdpy_add_methods((PyTypeObject *)st->BaseCursor, hdpy_fetch_methods) < 0 ||
        hdpy_add_methods((PyTypeObject *)st->BaseCursor, hdpy_stream_methods) < 0 ||
        hdpy_document_init((PyTypeObject *)st->BaseCursor, &base_init, "__init__($self, connection)\n--\n\n") < 0)
        return -1;
    if (add_type(module, "CursorBase", &sync_spec, st->BaseCursor, &sync_init, hdpy_sync_fetch_methods,
                 hdpy_sync_stream_methods) < 0)
        return -1;
    return add_type(module, "AsyncCursorBase", &async_spec, st->BaseCursor, &async_init, NULL, NULL);
}
