/* What asyncio connections and cursors ask the server for, as operations. */
#include "wait/operation_parts.h"

#include "module/args.h"
#include "objects/stream.h"

static int
submit_command(hdpy_connection *conn, hdpy_request *request, void *options)
{
    return hdpy_submit_command(conn, request, ((hdpy_options *)options)->query);
}

static int
submit_ending(hdpy_connection *conn, hdpy_request *request, void *options)
{
    return hdpy_submit_ending(conn, request, ((hdpy_options *)options)->query);
}

static PyObject *
command_operation(PyObject *self, hdpy_submit submit, PyObject *sql)
{
    hdpy_options options = {.query = PyUnicode_AsUTF8String(sql)};
    if (options.query == NULL)
        return NULL;
    PyObject *op = hdpy_operation_new((hdpy_connection *)self, NULL, submit, &options);
    Py_DECREF(options.query);
    if (op != NULL)
        ((hdpy_operation *)op)->queued = true;
    return op;
}

PyObject *
hdpy_async_command(PyObject *self, PyObject *sql)
{
    return command_operation(self, submit_command, sql);
}

PyObject *
hdpy_async_end_transaction(PyObject *self, PyObject *sql)
{
    return command_operation(self, submit_ending, sql);
}

/* No options but a deadline. -1: an exception. */
static int
limited(hdpy_options *options, PyObject *timeout)
{
    double seconds;
    if (hdpy_parse_timeout(timeout, &seconds) < 0)
        return -1;
    *options = (hdpy_options){.deadline = hdpy_deadline_in(seconds)};
    return 0;
}

PyObject *
hdpy_async_sync(PyObject *self, PyObject *timeout)
{
    hdpy_options options;
    if (limited(&options, timeout) < 0)
        return NULL;
    return hdpy_operation_new((hdpy_connection *)self, NULL, hdpy_submit_sync, &options);
}

static PyObject *
stream_operation(PyObject *self, op_kind kind, const hdpy_options *options)
{
    hdpy_cursor *cur = (hdpy_cursor *)self;
    PyObject *op = hdpy_operation_new(cur->conn, cur, hdpy_stream_submit, options);
    if (op != NULL)
        ((hdpy_operation *)op)->kind = kind;
    return op;
}

PyObject *
hdpy_async_stream_start(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_options options;
    if (hdpy_stream_arguments((hdpy_cursor *)self, args, nargs, &options) < 0)
        return NULL;
    return stream_operation(self, OP_STREAM_START, &options);
}

PyObject *
hdpy_async_stream_more(PyObject *self, PyObject *timeout)
{
    hdpy_options options;
    if (hdpy_cursor_check((hdpy_cursor *)self) < 0 || limited(&options, timeout) < 0)
        return NULL;
    return stream_operation(self, OP_STREAM_MORE, &options);
}

PyObject *
hdpy_async_stream_end(PyObject *self, PyObject *unused)
{
    hdpy_cursor *cur = (hdpy_cursor *)self;
    hdpy_options none = {0};
    if (cur->conn == NULL) /* a closed cursor's stream has to end, too */
        return hdpy_cursor_check(cur), NULL;
    return stream_operation(self, OP_STREAM_END, &none);
}
