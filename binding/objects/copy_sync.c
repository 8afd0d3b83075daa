/* The methods that wait in their thread. */
#include "objects/copy_steps.h"

#include "module/args.h"
#include "module/errors.h"
#include "wait/exchange.h"

static unsigned long
this_thread(const hdpy_copy *copy)
{
    return copy->conn != NULL ? hdpy_connection_thread(copy->conn) : 0;
}

static int
take_lock(hdpy_copy *copy, hdpy_deadline deadline)
{
    return hdpy_lock_acquire(copy->conn->st, &copy->lock, this_thread(copy), deadline);
}

static void
give_lock(hdpy_copy *copy)
{
    hdpy_lock_release(copy->conn->st, &copy->lock);
}

/* Runs a step; the copy's lock is held. -1: an exception, the request's error among them. */
static int
run_step(hdpy_copy *copy, hdpy_submit step, void *arg)
{
    hdpy_connection *conn = copy->conn;
    hdpy_request *request = hdpy_copy_request(copy);
    if (request == NULL)
        return -1;
    int rc = request->error == NULL ? hdpy_connection_check(conn) : 0;
    request->deadline = hdpy_copy_deadline(copy);
    if (rc == 0)
        rc = step(conn, request, arg);
    if (rc == 0)
        rc = hdpy_wait(conn, request);
    if (rc == 0 && request->error != NULL) {
        request->until = HDPY_UNTIL_DONE;
        rc = hdpy_wait(conn, request);
    }
    hdpy_request_unref(request);
    return rc == 0 ? hdpy_copy_raise(copy) : -1;
}

static PyObject *
start(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    hdpy_connection *conn = copy->conn;
    hdpy_options options;
    if (hdpy_copy_prepare_start(copy, args, nargs, &options) < 0 || hdpy_connection_check(conn) < 0 ||
        hdpy_lock_acquire(conn->st, &conn->lock, this_thread(copy), options.deadline) < 0)
        return NULL;
    hdpy_request *request = copy->request;
    int rc = hdpy_connection_check(conn); /* it may have been closed while we waited */
    if (rc == 0 && hdpy_deadline_passed(request->deadline = options.deadline)) {
        hdpy_raise_timeout(conn->st, NULL, false);
        rc = -1;
    }
    if (rc == 0 && (rc = hdpy_copying_start(conn, request, &options)) == 0) {
        hdpy_connection_push(conn, request);
        rc = hdpy_wait(conn, request);
    }
    if (!request->copy.kept)
        hdpy_connection_release(conn);
    if (rc == 0 && !request->copy.kept)
        rc = hdpy_copy_raise(copy);
    if (rc < 0 || hdpy_copy_began(copy) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* Sends the rows that have come together, and waits if the server is slower than we. */
static int
send_and_catch_up(hdpy_copy *copy)
{
    hd_span nothing = {NULL, 0};
    if (hdpy_copy_send_rows(copy) < 0)
        return -1;
    return hdpy_copy_has_to_wait(copy) ? run_step(copy, hdpy_copying_send, &nothing) : 0;
}

static inline int
write_one(hdpy_copy *copy, PyObject *row, unsigned long me)
{
    if (hdpy_copy_check_writing(copy) < 0 ||
        hdpy_lock_acquire(copy->conn->st, &copy->lock, me, hdpy_copy_deadline(copy)) < 0)
        return -1;
    PyObject *bytes = NULL;
    int rc = hdpy_copy_format_row(copy, row);
    if (rc == 0 && hdpy_copy_is_time_to_send(copy)) {
        if (copy->writer == NULL)
            rc = send_and_catch_up(copy);
        else if ((bytes = hdpy_copy_take_rows(copy)) == NULL && PyErr_Occurred())
            rc = -1;
    }
    give_lock(copy);
    if (bytes != NULL) {
        PyObject *done = PyObject_CallMethodOneArg(copy->writer, copy->conn->st->str_write, bytes);
        rc = done ? 0 : -1;
        Py_XDECREF(done);
        Py_DECREF(bytes);
    }
    return rc;
}

static PyObject *
write_row(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    static const char *const params[] = {"row", NULL};
    static const hdpy_signature signature = {"write_row", params, 1, 1};
    PyObject *row = hdpy_parse_arg(&signature, args, nargs, kwnames);
    if (row == NULL || write_one((hdpy_copy *)self, row, this_thread((hdpy_copy *)self)) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *
write_rows(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    Py_ssize_t n = 0, most;
    if (hdpy_copy_rows_given(args, nargs, &most) < 0)
        return NULL;
    unsigned long me = this_thread((hdpy_copy *)self);
    PyObject *row;
    for (; n < most && (row = hdpy_copy_next_row(args[0])) != NULL; n++) {
        int rc = write_one((hdpy_copy *)self, row, me);
        Py_DECREF(row);
        if (rc < 0)
            return NULL;
    }
    return PyErr_Occurred() ? NULL : PyLong_FromSsize_t(n);
}

/* A block to the server, behind what was written before. */
static int
send_block(hdpy_copy *copy, hd_span data)
{
    if (copy->writer == NULL && data.n < HDPY_COPY_BATCH) {
        if (hdpy_copy_append(copy, data) < 0)
            return -1;
        return hdpy_copy_is_time_to_send(copy) ? send_and_catch_up(copy) : 0;
    }
    copy->begun = true;
    if (copy->writer == NULL && hdpy_copy_pass_rows(copy) < 0)
        return -1;
    return run_step(copy, hdpy_copying_send, &data);
}

static PyObject *
put(PyObject *self, PyObject *given)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    Py_buffer bytes;
    if (hdpy_copy_check_writing(copy) < 0)
        return NULL;
    PyObject *data = hdpy_copy_encoded(self, given);
    int rc = data ? PyObject_GetBuffer(data, &bytes, PyBUF_SIMPLE) : -1;
    if (rc == 0) {
        rc = take_lock(copy, hdpy_copy_deadline(copy));
        if (rc == 0) {
            rc = send_block(copy, (hd_span){bytes.buf, (size_t)bytes.len});
            give_lock(copy);
        }
        PyBuffer_Release(&bytes);
    }
    Py_XDECREF(data);
    if (rc < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* As hdpy_copy_take_next(), but waiting. */
static PyObject *
read_next(hdpy_copy *copy, PyObject *(*make)(hdpy_copy *copy, hd_span data))
{
    if (hdpy_copy_check_reading(copy) < 0 || take_lock(copy, hdpy_copy_deadline(copy)) < 0)
        return NULL;
    PyObject *made = NULL;
    if (!hdpy_copy_is_behind(copy) || run_step(copy, hdpy_copying_await_data, NULL) == 0)
        made = hdpy_copy_take_next(copy, make);
    give_lock(copy);
    return made;
}

static PyObject *
read_block(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    return hdpy_copy_or_empty((hdpy_copy *)self, read_next((hdpy_copy *)self, hdpy_copy_take_view));
}

PyObject *
hdpy_copy_iterate(PyObject *self)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    return read_next((hdpy_copy *)self, hdpy_copy_take_view);
}

static PyObject *
read_row(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    PyObject *row = read_next((hdpy_copy *)self, hdpy_copy_load_row);
    while (row == Py_None) { /* the trailer: on to the end */
        Py_DECREF(row);
        row = read_next((hdpy_copy *)self, hdpy_copy_load_row);
    }
    return hdpy_copy_or_none(row);
}

static int
run_end(hdpy_copy *copy, PyObject *reason)
{
    switch (hdpy_copy_prepare_end(copy, reason)) {
    case HDPY_COPY_END_FAILED:
        return -1;
    case HDPY_COPY_END_WAIT:
        return run_step(copy, hdpy_copying_end, NULL);
    case HDPY_COPY_END_CANCEL:
        copy->request->until = HDPY_UNTIL_DONE;
        copy->request->deadline = 0;
        if (hdpy_cancel_and_wait(copy->conn, copy->request) < 0)
            return -1;
        break;
    case HDPY_COPY_END_NOTHING:
        break;
    }
    return hdpy_copy_raise_at_end(copy);
}

static PyObject *
end(PyObject *self, PyObject *reason)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    if (hdpy_copy_check(copy) < 0 || take_lock(copy, 0) < 0)
        return NULL;
    int rc = run_end(copy, reason);
    give_lock(copy);
    if (rc < 0)
        return NULL;
    Py_RETURN_NONE;
}

PyMethodDef hdpy_copy_sync_methods[] = {
    {"_start", FAST(start), METH_FASTCALL, NULL},
    {"_put", put, METH_O, NULL},
    {"_end", end, METH_O, NULL},
    {"_write_rows", FAST(write_rows), METH_FASTCALL, NULL},
    {"write_row", FAST(write_row), METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR(
         "write_row($self, row)\n--\n\n"
         "Write a row of values to a COPY FROM STDIN, adapted as parameters of a query are.\n\n"
         "row: a sequence of values. Rows are sent when some have come together, so that an error of the server\n"
         "may come with a later row, or at the end of the block. Raises ProgrammingError for a value that can't\n"
         "be adapted, DataError for one that can't be sent; then nothing of the row was written.")},
    {"read", read_block, METH_NOARGS,
     PyDoc_STR("read($self, /)\n--\n\n"
               "The next block of data of a COPY TO STDOUT, as the server sent it; an empty one at the end.")},
    {"read_row", read_row, METH_NOARGS,
     PyDoc_STR("read_row($self, /)\n--\n\n"
               "The next row of a COPY TO STDOUT, as a tuple; None at the end.\n\n"
               "The values are str (from text) or bytes (from binary), unless set_types() told their types. Raises\n"
               "DataError for what is no row in PostgreSQL's own format, or can't be decoded.")},
    {NULL},
};
