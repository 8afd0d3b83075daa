/* Statements of the connection's own, and what has come unasked. */
#include "objects/connection.h"

#include "module/args.h"
#include "wait/exchange.h"
#include "wait/waiter.h"

enum { AT_ONCE = 64 }; /* receives, until Python looks at its limits of time again */

static int
submit_command(hdpy_connection *conn, hdpy_request *request, void *arg)
{
    return hdpy_submit_command(conn, request, arg);
}

static int
submit_ending(hdpy_connection *conn, hdpy_request *request, void *arg)
{
    return hdpy_submit_ending(conn, request, arg);
}

static PyObject *
run_command(PyObject *self, hdpy_submit submit, PyObject *sql)
{
    PyObject *bytes = PyUnicode_AsUTF8String(sql);
    if (bytes == NULL)
        return NULL;
    hdpy_request *request = hdpy_run((hdpy_connection *)self, submit, bytes);
    Py_DECREF(bytes);
    if (request == NULL)
        return NULL;
    hdpy_request_unref(request);
    Py_RETURN_NONE;
}

static PyObject *
connection_command(PyObject *self, PyObject *sql)
{
    HDPY_GUARD(self);
    return run_command(self, submit_command, sql);
}

static PyObject *
connection_end_transaction(PyObject *self, PyObject *sql)
{
    HDPY_GUARD(self);
    return run_command(self, submit_ending, sql);
}

/* _sync(timeout) */
static PyObject *
connection_sync(PyObject *self, PyObject *timeout)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    double seconds;
    if (hdpy_parse_timeout(timeout, &seconds) < 0)
        return NULL;
    hdpy_request *request = hdpy_run_until(conn, hdpy_submit_sync, NULL, hdpy_deadline_in(seconds));
    if (request == NULL)
        return NULL;
    int rc = hdpy_raise_failure_by(conn, request);
    hdpy_request_unref(request);
    return rc < 0 ? NULL : Py_NewRef(Py_None);
}

static int
submit_copy_or_command(hdpy_connection *conn, hdpy_request *request, void *sql)
{
    if (!conn->pipelined) {
        request->copy.phase = HDPY_COPY_ASKED;
        request->until = HDPY_UNTIL_STEP;
    }
    return hdpy_submit_command(conn, request, sql);
}

/* _exec(sql): the results of a simple Query, waiting in this thread even where the connection is an asyncio one. COPY is
 * begun, and goes on until the connection is closed. */
static PyObject *
connection_exec(PyObject *self, PyObject *sql)
{
    HDPY_GUARD(self);
    if (!PyBytes_Check(sql)) {
        PyErr_Format(PyExc_TypeError, "the query must be bytes, not %.100s", Py_TYPE(sql)->tp_name);
        return NULL;
    }
    hdpy_connection *conn = (hdpy_connection *)self;
    hdpy_request *request = hdpy_run_and_keep(conn, submit_copy_or_command, sql, 0);
    if (request == NULL)
        return NULL;
    PyObject *results = NULL;
    if (request->copy.kept && !request->done) {
        results = PyList_New(1);
        if (results != NULL)
            PyList_SET_ITEM(results, 0, Py_NewRef((PyObject *)request->copy.result));
        /* A task that uses the connection again would wait for itself. */
        PyObject *task = hdpy_current_task(conn->st, Py_None);
        if (task == NULL)
            PyErr_Clear(); /* there is no event loop */
        Py_XSETREF(conn->streamer, task);
    }
    else {
        hdpy_connection_release(conn);
        if (hdpy_request_raise(conn, request) == 0)
            results = request->results ? Py_NewRef(request->results) : PyList_New(0);
    }
    hdpy_request_unref(request);
    return results;
}

/* _drain(block): takes what has arrived while nobody waits for an answer, but not without end: a server could talk for
 * ever. Who waits takes it himself: `block` waits for him, else nothing is done. */
static PyObject *
connection_drain(PyObject *self, PyObject *block)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    unsigned long me = hdpy_connection_thread(conn);
    if (hdpy_connection_check(conn) < 0)
        return NULL;
    if (block != Py_True && conn->lock.held)
        Py_RETURN_NONE;
    if (hdpy_lock_acquire(conn->st, &conn->lock, me, 0) < 0)
        return NULL;
    for (int i = 0; i < AT_ONCE && conn->fd >= 0 && !conn->closed && hdpy_receive(conn); i++) {}
    hdpy_connection_release(conn);
    if (hdpy_raise_interruption(conn) < 0) /* a handler's */
        return NULL;
    return hdpy_connection_check(conn) < 0 ? NULL : Py_NewRef(Py_None);
}

PyMethodDef hdpy_connection_command_methods[] = {
    {"_exec", connection_exec, METH_O, NULL},
    {"_drain", connection_drain, METH_O, NULL},
    {NULL},
};

PyMethodDef hdpy_sync_command_methods[] = {
    {"_command", connection_command, METH_O, NULL},
    {"_end_transaction", connection_end_transaction, METH_O, NULL},
    {"_sync", connection_sync, METH_O, NULL},
    {NULL},
};
