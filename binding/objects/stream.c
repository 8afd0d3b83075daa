/* stream(): rows given out as they come. From start to end the connection is the stream's; the rows that have come are
 * the cursor's result until they have been given out, and the next ones replace them. */
#include "objects/stream.h"

#include "module/args.h"
#include "module/errors.h"
#include "wait/exchange.h"
#include "wait/operation.h"

typedef struct stream_rows {
    PyObject_HEAD
    hdpy_cursor *cur;
    size_t size; /* as asked for: what the cursor's pgresult shows at a time */
} stream_rows;

/* ---- from the request to the cursor */

/* The rows that have come become the cursor's result. */
static void
adopt(hdpy_cursor *cur, hdpy_result *rows)
{
    bool first = cur->result == NULL;
    rows->status = HDPY_SINGLE_TUPLE;
    rows->tag.length = 0;
    Py_XSETREF(cur->result, rows);
    if (first)
        Py_CLEAR(cur->maker_factory);
    cur->pos = 0;
}

/* The stream has ended: raises what was wrong with it. */
static int
judge(hdpy_cursor *cur, hdpy_request *request)
{
    hdpy_state *st = cur->conn->st;
    if (request->discard)
        hdpy_request_blame_deadline(cur->conn, request);
    if (hdpy_request_raise(cur->conn, request) < 0)
        return -1;
    hdpy_result *last = request->results ? (hdpy_result *)PyList_GET_ITEM(request->results, 0) : NULL;
    if (last == NULL || last->status == HDPY_TUPLES_OK || last->status == HDPY_SINGLE_TUPLE)
        return 0;
    if (last->status == HDPY_EMPTY_QUERY)
        PyErr_SetString(st->InternalError, "unexpected result status from query: EMPTY_QUERY");
    else
        PyErr_SetString(st->ProgrammingError, "the operation in stream() didn't produce a result");
    return -1;
}

int
hdpy_stream_take(hdpy_cursor *cur)
{
    hdpy_request *request = cur->stream;
    hdpy_result *rows = request->current;
    if (rows != NULL && rows->rows.n_rows != 0) {
        request->current = NULL;
        adopt(cur, rows);
        return 1;
    }
    if (!request->done)
        return 0;
    rows = request->results ? (hdpy_result *)PyList_GET_ITEM(request->results, 0) : NULL;
    if (request->error == NULL && rows != NULL && rows->status == HDPY_TUPLES_OK && rows->rows.n_rows != 0) {
        adopt(cur, (hdpy_result *)Py_NewRef((PyObject *)rows));
        return 1;
    }
    return judge(cur, request);
}

void
hdpy_stream_discard(hdpy_request *request)
{
    request->discard = true;
    request->until = HDPY_UNTIL_DONE;
    Py_CLEAR(request->current);
    Py_CLEAR(request->results);
}

void
hdpy_stream_close(hdpy_cursor *cur)
{
    hdpy_request *request = cur->stream;
    if (request == NULL)
        return;
    cur->stream = NULL;
    if (!request->done)
        hdpy_connection_lose_because(cur->conn, "the connection was closed: a stream was abandoned");
    hdpy_request_unref(request);
    Py_CLEAR(cur->conn->streamer);
    hdpy_connection_release(cur->conn);
}

/* ---- beginning */

int
hdpy_stream_submit(hdpy_connection *conn, hdpy_request *request, void *options)
{
    if (conn->pipelined) {
        PyErr_SetString(conn->st->ProgrammingError, "stream() cannot be used in pipeline mode");
        return -1;
    }
    hdpy_cursor *cur = (hdpy_cursor *)((hdpy_options *)options)->owner;
    if (hdpy_submit_execute(conn, request, options) < 0)
        return -1;
    request->streaming = true;
    request->until = HDPY_UNTIL_WRITTEN;
    Py_CLEAR(request->owner); /* the cursor owns the request, not the other way round */
    cur->stream = request;
    ((hdpy_options *)options)->begun = true;
    request->refs++;
    return 0;
}

int
hdpy_stream_arguments(hdpy_cursor *cur, PyObject *const *args, Py_ssize_t nargs, hdpy_options *options)
{
    double seconds;
    if (nargs != 5) {
        PyErr_SetString(PyExc_TypeError, "_stream_start() takes a query, its parameters, binary, size and timeout");
        return -1;
    }
    if (hdpy_cursor_begin(cur) < 0 || hdpy_cursor_options(cur, options, args[0], args[1], Py_False, args[2]) < 0)
        return -1;
    Py_ssize_t size = PyLong_AsSsize_t(args[3]);
    if (size == -1 && PyErr_Occurred())
        return -1;
    if (size < 1) {
        PyErr_SetString(PyExc_ValueError, "size must be >= 1");
        return -1;
    }
    if (hdpy_parse_timeout(args[4], &seconds) < 0)
        return -1;
    options->streaming = true;
    options->deadline = hdpy_deadline_in(seconds);
    return 0;
}

/* _stream_start(query, params, binary, size, timeout) */
static PyObject *
start(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    hdpy_options options;
    if (hdpy_stream_arguments(cur, args, nargs, &options) < 0)
        return NULL;
    hdpy_request *request = hdpy_run_and_keep(cur->conn, hdpy_stream_submit, &options, options.deadline);
    if (request == NULL) {
        if (options.begun) { /* interrupted, it is over */
            hdpy_request_unref(cur->stream);
            cur->stream = NULL;
        }
        return NULL;
    }
    hdpy_request_unref(request);
    Py_RETURN_NONE;
}

/* ---- going on, blocking */

/* _stream_more(timeout): whether there are rows */
static PyObject *
more(PyObject *self, PyObject *timeout)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    double seconds;
    if (hdpy_cursor_check(cur) < 0 || hdpy_parse_timeout(timeout, &seconds) < 0)
        return NULL;
    if (cur->stream == NULL)
        Py_RETURN_FALSE;
    int taken = hdpy_stream_take(cur);
    if (taken == 0 && !cur->stream->done) {
        cur->stream->until = HDPY_UNTIL_ROWS;
        cur->stream->deadline = hdpy_deadline_in(seconds);
        taken = hdpy_wait(cur->conn, cur->stream) < 0 ? -1 : hdpy_stream_take(cur);
    }
    return taken < 0 ? NULL : PyBool_FromLong(taken);
}

/* _stream_end(): the rest is cancelled, and the connection is given back */
static PyObject *
end(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    if (cur->stream == NULL)
        Py_RETURN_NONE;
    int rc = 0;
    if (!cur->stream->done) {
        hdpy_stream_discard(cur->stream);
        cur->stream->deadline = 0;
        rc = hdpy_cancel_and_wait(cur->conn, cur->stream);
    }
    hdpy_stream_close(cur);
    return rc < 0 ? NULL : Py_NewRef(Py_None);
}

/* ---- the rows that have come */

/* _stream_rows(size): an iterator over the rows that have come, which goes on when more have */
static PyObject *
rows(PyObject *self, PyObject *size)
{
    hdpy_cursor *cur = (hdpy_cursor *)self;
    Py_ssize_t n = PyLong_AsSsize_t(size);
    if ((n == -1 && PyErr_Occurred()) || hdpy_cursor_check(cur) < 0)
        return NULL;
    if (n < 1) {
        PyErr_SetString(PyExc_ValueError, "size must be >= 1");
        return NULL;
    }
    stream_rows *it = PyObject_GC_New(stream_rows, (PyTypeObject *)cur->conn->st->StreamRows);
    if (it == NULL)
        return NULL;
    it->cur = (hdpy_cursor *)Py_NewRef(self);
    it->size = (size_t)n;
    PyObject_GC_Track((PyObject *)it);
    return (PyObject *)it;
}

static PyObject *
next_row(PyObject *self)
{
    stream_rows *it = (stream_rows *)self;
    hdpy_cursor *cur = it->cur;
    HDPY_GUARD(cur->conn);
    if (hdpy_cursor_check(cur) < 0)
        return NULL;
    if (hdpy_connection_check(cur->conn) < 0) {
        if (cur->stream != NULL && cur->stream->error != NULL) { /* why it is closed */
            PyErr_Clear();
            hdpy_request_raise(cur->conn, cur->stream);
        }
        return NULL;
    }
    hdpy_result *result = cur->result;
    if (result == NULL || (size_t)cur->pos >= result->rows.n_rows)
        return NULL;
    size_t first = (size_t)cur->pos - (size_t)cur->pos % it->size, left = result->rows.n_rows - first;
    result->first = first;
    result->shown = it->size < left ? it->size : left;
    return hdpy_cursor_row(cur);
}

static int
rows_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)((stream_rows *)self)->cur);
    return 0;
}

static void
rows_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_DECREF((PyObject *)((stream_rows *)self)->cur);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyType_Slot slots[] = {
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, next_row},
    {Py_tp_dealloc, rows_dealloc},
    {Py_tp_traverse, rows_traverse},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.StreamRows",
    .basicsize = sizeof(stream_rows),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

PyMethodDef hdpy_stream_methods[] = {
    {"_stream_rows", rows, METH_O, NULL},
    {NULL},
};

PyMethodDef hdpy_sync_stream_methods[] = {
    {"_stream_start", (PyCFunction)(void (*)(void))start, METH_FASTCALL, NULL},
    {"_stream_more", more, METH_O, NULL},
    {"_stream_end", end, METH_NOARGS, NULL},
    {NULL},
};

int
hdpy_stream_init(hdpy_state *st, PyObject *module)
{
    st->StreamRows = PyType_FromModuleAndSpec(module, &spec, NULL);
    return st->StreamRows ? 0 : -1;
}
