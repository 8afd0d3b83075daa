/* An operation to await: a request, sent when the coroutine first runs and finished when the server has answered.
 *
 * It waits on an exact asyncio.Future of the running loop, or on a waiter (wait/waiter.h) where that may be. When its
 * task is cancelled it asks the server to cancel, keeps the connection until the server has answered, and only then lets
 * the cancellation out, so that the connection is in step or closed. */
#ifndef HDPY_OPERATION_H
#define HDPY_OPERATION_H

#include "objects/copy.h"
#include "wait/exchange.h"

typedef struct hdpy_operation hdpy_operation;

/* `cur` may be NULL; the options' objects are kept. */
PyObject *hdpy_operation_new(hdpy_connection *conn, hdpy_cursor *cur, hdpy_submit submit,
                             const hdpy_options *options);

/* A step of a COPY; the first takes the connection's lock for all of them. `cancel`: the server is asked to cancel. */
PyObject *hdpy_operation_of_copy(hdpy_copy *copy, hdpy_submit submit, const hdpy_options *options, bool first,
                                 bool cancel);

/* The connection has news: what the task waits on (a new reference) if its wait is over, else NULL. Who wakes it need not
 * keep the operation, nor by it the connection, while the task runs on. */
PyObject *hdpy_operation_ready(const hdpy_operation *op);

/* AsyncConnectionBase._command(sql). */
PyObject *hdpy_async_command(PyObject *conn, PyObject *sql);

/* AsyncConnectionBase._end_transaction(sql): the same, unless there is none by then. */
PyObject *hdpy_async_end_transaction(PyObject *conn, PyObject *sql);

/* AsyncConnectionBase._sync(timeout). */
PyObject *hdpy_async_sync(PyObject *conn, PyObject *timeout);

/* AsyncCursorBase._stream_start(query, params, binary, size, timeout), _stream_more(timeout) and _stream_end(): operations that take,
 * have and give back the connection. */
PyObject *hdpy_async_stream_start(PyObject *cur, PyObject *const *args, Py_ssize_t nargs);
PyObject *hdpy_async_stream_more(PyObject *cur, PyObject *timeout);
PyObject *hdpy_async_stream_end(PyObject *cur, PyObject *unused);

int hdpy_operation_init(hdpy_state *st, PyObject *module);

#endif
