/* Calls of execute() and executemany(), blocking and to await: from their arguments to what the cursor has of them. */
#include "objects/cursor.h"

#include "module/args.h"
#include "wait/exchange.h"
#include "wait/operation.h"

/* ---- from a call to options */

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
                              .bare = cur->bare,
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
    double seconds;
    if (timeout == NULL || timeout == Py_None)
        return 0;
    if (hdpy_parse_timeout(timeout, &seconds) < 0)
        return -1;
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
    hdpy_cursor *cur = (hdpy_cursor *)self;
    hdpy_options none = {0};
    return hdpy_cursor_check(cur) < 0 ? NULL : hdpy_operation_new(cur->conn, NULL, hdpy_submit_flush, &none);
}

/* _mogrify(query, params): the text that a cursor which binds on the client would send. It needs no lock. */
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
    options.binding = HDPY_BIND_CLIENT;
    return hdpy_mogrify(cur->conn, &options);
}

/* ---- methods */

#define FAST(f) (PyCFunction)(void (*)(void)) f, METH_FASTCALL | METH_KEYWORDS

PyMethodDef hdpy_execute_methods[] = {
    {"_mogrify", (PyCFunction)(void (*)(void))mogrify, METH_FASTCALL, NULL},
    {NULL},
};

PyMethodDef hdpy_sync_execute_methods[] = {
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
    {NULL},
};

PyMethodDef hdpy_async_execute_methods[] = {
    {"_execute", FAST(async_execute), NULL},
    {"_executemany", FAST(async_executemany), NULL},
    {"_await", async_await, METH_NOARGS, NULL},
    {NULL},
};
