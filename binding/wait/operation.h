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

/* The connection has news: wakes the task if the request is done. `here`: this is the tail of the loop's callback and no
 * more has come, so the task may run within it. -1: an exception. */
int hdpy_operation_wake(hdpy_operation *op, bool here);

/* AsyncConnectionBase._command(sql). */
PyObject *hdpy_async_command(PyObject *conn, PyObject *sql);

/* AsyncConnectionBase._sync(). */
PyObject *hdpy_async_sync(PyObject *conn, PyObject *unused);

/* AsyncCursorBase._stream_start(query, params, binary, size), _stream_more() and _stream_end(): operations that take,
 * have and give back the connection. */
PyObject *hdpy_async_stream_start(PyObject *cur, PyObject *const *args, Py_ssize_t nargs);
PyObject *hdpy_async_stream_more(PyObject *cur, PyObject *unused);
PyObject *hdpy_async_stream_end(PyObject *cur, PyObject *unused);

int hdpy_operation_init(hdpy_state *st, PyObject *module);

#endif
