/* The methods of asyncio: what they return is None, or is left to be awaited. */
#include "objects/copy_steps.h"
#include "wait/operation.h"

static PyObject *
step_of(hdpy_copy *copy, hdpy_submit step, PyObject *params, bool cancel)
{
    hdpy_options options = {
        .params = params, .owner = (PyObject *)copy, .deadline = cancel ? 0 : hdpy_copy_deadline(copy)};
    return hdpy_operation_of_copy(copy, step, &options, false, cancel);
}

static PyObject *
async_start(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    hdpy_options options;
    if (hdpy_copy_prepare_start(copy, args, nargs, &options) < 0)
        return NULL;
    return hdpy_operation_of_copy(copy, hdpy_copying_start, &options, true, false);
}

static PyObject *
async_began(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    if (hdpy_copy_began((hdpy_copy *)self) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* The copy's lock is held: sends the rows, then a block (a memoryview) if there is one. */
static int
submit_block(hdpy_connection *conn, hdpy_request *request, void *arg)
{
    const hdpy_options *options = arg;
    hdpy_copy *copy = (hdpy_copy *)options->owner;
    hd_span data = {NULL, 0};
    if (options->params != NULL) {
        const Py_buffer *bytes = PyMemoryView_GET_BUFFER(options->params);
        data = (hd_span){bytes->buf, (size_t)bytes->len};
    }
    if (copy->writer == NULL && request->error == NULL && hdpy_copy_pass_rows(copy) < 0)
        return -1;
    return hdpy_copying_send(conn, request, &data);
}

/* For a row that found another step under way. */
static int
submit_row(hdpy_connection *conn, hdpy_request *request, void *arg)
{
    const hdpy_options *options = arg;
    hd_span nothing = {NULL, 0};
    hdpy_copy *copy = (hdpy_copy *)options->owner;
    if (hdpy_copy_format_row(copy, options->params) < 0 ||
        (hdpy_copy_is_time_to_send(copy) && hdpy_copy_pass_rows(copy) < 0))
        return -1;
    return hdpy_copying_send(conn, request, &nothing);
}

static PyObject *
async_write_row(PyObject *self, PyObject *row)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    if (hdpy_copy_check_writing(copy) < 0)
        return NULL;
    if (!hdpy_lock_try(&copy->lock))
        return step_of(copy, submit_row, row, false);
    PyObject *left = NULL, *bytes = NULL;
    int rc = hdpy_copy_format_row(copy, row);
    if (rc == 0 && hdpy_copy_is_time_to_send(copy)) {
        if (copy->writer != NULL)
            bytes = hdpy_copy_take_rows(copy);
        else if (hdpy_copy_send_rows(copy) == 0 && hdpy_copy_has_to_wait(copy))
            left = step_of(copy, submit_block, NULL, false);
    }
    hdpy_lock_release(copy->conn->st, &copy->lock);
    if (bytes != NULL)
        left = PyObject_CallMethodOneArg(copy->writer, copy->conn->st->str_write, bytes);
    Py_XDECREF(bytes);
    return hdpy_copy_or_none(left);
}

/* How many rows it were, and what is left to be awaited before the next ones, or None. */
static PyObject *
async_write_rows(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    Py_ssize_t n = 0, most;
    if (hdpy_copy_rows_given(args, nargs, &most) < 0)
        return NULL;
    PyObject *row, *left = Py_NewRef(Py_None);
    while (left == Py_None && n < most && (row = hdpy_copy_next_row(args[0])) != NULL) {
        Py_SETREF(left, async_write_row(self, row));
        Py_DECREF(row);
        n++;
    }
    if (PyErr_Occurred())
        Py_CLEAR(left);
    return left ? Py_BuildValue("nN", n, left) : NULL;
}

static PyObject *
async_put(PyObject *self, PyObject *given)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    if (hdpy_copy_check_writing(copy) < 0)
        return NULL;
    PyObject *data = hdpy_copy_encoded(self, given), *left = NULL;
    PyObject *bytes = data ? PyMemoryView_GetContiguous(data, PyBUF_READ, 'C') : NULL;
    Py_XDECREF(data);
    if (bytes == NULL)
        return NULL;
    const Py_buffer *buffer = PyMemoryView_GET_BUFFER(bytes);
    bool small = copy->writer == NULL && buffer->len < HDPY_COPY_BATCH;
    if (!small || !hdpy_lock_try(&copy->lock)) {
        copy->begun = true;
        left = step_of(copy, submit_block, bytes, false);
    }
    else {
        if (hdpy_copy_append(copy, (hd_span){buffer->buf, (size_t)buffer->len}) == 0 &&
            hdpy_copy_is_time_to_send(copy) && hdpy_copy_send_rows(copy) == 0 && hdpy_copy_has_to_wait(copy))
            left = step_of(copy, submit_block, NULL, false);
        hdpy_lock_release(copy->conn->st, &copy->lock);
    }
    Py_DECREF(bytes);
    return hdpy_copy_or_none(left);
}

/* _more(): for data to read, or its end. */
static PyObject *
async_more(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    if (hdpy_copy_check_reading(copy) < 0)
        return NULL;
    return hdpy_copy_is_behind(copy) ? step_of(copy, hdpy_copying_await_data, NULL, false) : Py_NewRef(Py_None);
}

static PyObject *
async_take(hdpy_copy *copy, PyObject *(*make)(hdpy_copy *copy, hd_span data))
{
    if (hdpy_copy_check_reading(copy) < 0)
        return NULL;
    if (!hdpy_lock_try(&copy->lock)) {
        PyErr_SetString(copy->conn->st->ProgrammingError, "another task is reading from this COPY");
        return NULL;
    }
    PyObject *made = hdpy_copy_take_next(copy, make);
    hdpy_lock_release(copy->conn->st, &copy->lock);
    return made;
}

static PyObject *
async_read_block(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    return hdpy_copy_or_empty((hdpy_copy *)self, async_take((hdpy_copy *)self, hdpy_copy_take_view));
}

static PyObject *
async_read_row(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    return hdpy_copy_or_none(async_take((hdpy_copy *)self, hdpy_copy_load_row));
}

static int
submit_end(hdpy_connection *conn, hdpy_request *request, void *arg)
{
    const hdpy_options *options = arg;
    hdpy_copy_ending e = hdpy_copy_prepare_end((hdpy_copy *)options->owner, options->params);
    if (e == HDPY_COPY_END_FAILED)
        return -1;
    return e == HDPY_COPY_END_NOTHING ? 0 : hdpy_copying_end(conn, request, NULL);
}

static PyObject *
async_end(PyObject *self, PyObject *reason)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    if (copy->request == NULL)
        return hdpy_copy_no_copy(copy, "sending copy end"), NULL;
    if (hdpy_copy_is_over(copy))
        return hdpy_copy_raise_at_end(copy) < 0 ? NULL : Py_NewRef(Py_None);
    return step_of(copy, submit_end, reason, copy->out && reason != Py_None);
}

PyMethodDef hdpy_copy_async_methods[] = {
    {"_start", FAST(async_start), METH_FASTCALL, NULL},
    {"_began", async_began, METH_NOARGS, NULL},
    {"_write_row", async_write_row, METH_O, NULL},
    {"_write_rows", FAST(async_write_rows), METH_FASTCALL, NULL},
    {"_put", async_put, METH_O, NULL},
    {"_more", async_more, METH_NOARGS, NULL},
    {"_read", async_read_block, METH_NOARGS, NULL},
    {"_read_row", async_read_row, METH_NOARGS, NULL},
    {"_end", async_end, METH_O, NULL},
    {NULL},
};
