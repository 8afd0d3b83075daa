#include "wait/operation_parts.h"

#include "module/errors.h"
#include "objects/copying.h"
#include "objects/stream.h"
#include "wait/awaitable.h"
#include "wait/waiter.h"
#include "wait/watch.h"

enum { MOST_TURNS = 16 }; /* of the loop: a generator takes two to be closed, and so does each one around it */

PyObject *
hdpy_operation_new(hdpy_connection *conn, hdpy_cursor *cur, hdpy_submit submit, const hdpy_options *options)
{
    PyTypeObject *type = (PyTypeObject *)conn->st->Operation;
    hdpy_operation *op = (hdpy_operation *)type->tp_alloc(type, 0);
    if (op == NULL)
        return NULL;
    op->conn = (hdpy_connection *)Py_NewRef((PyObject *)conn);
    op->cursor = (hdpy_cursor *)Py_XNewRef((PyObject *)cur);
    op->lock = &conn->lock;
    op->submit = submit;
    op->options = *options;
    Py_XINCREF(op->options.query);
    Py_XINCREF(op->options.params);
    return (PyObject *)op;
}

PyObject *
hdpy_operation_of_copy(hdpy_copy *copy, hdpy_submit submit, const hdpy_options *options, bool first, bool cancel)
{
    PyObject *made = hdpy_operation_new(copy->conn, NULL, submit, options);
    if (made != NULL) {
        hdpy_operation *op = (hdpy_operation *)made;
        op->copy = (hdpy_copy *)Py_NewRef((PyObject *)copy);
        op->lock = first ? &copy->conn->lock : &copy->lock;
        op->cancel = cancel;
    }
    return made;
}

static bool
is_over(const hdpy_operation *op)
{
    return op->cancelling == NULL && hdpy_request_satisfied(op->conn, op->request);
}

/* ---- waiting */

/* Something new for the task to wait on. `direct`: the answer, for which every query waits, takes the short road where
 * there is one. */
static PyObject *
wait_anew(hdpy_operation *op, bool direct)
{
    PyObject *future = hdpy_future_new(op->conn->st, op->loop, direct && op->conn->watch->direct);
    if (future != NULL)
        Py_XSETREF(op->future, Py_NewRef(future));
    return future;
}

PyObject *
hdpy_operation_ready(const hdpy_operation *op)
{
    HDPY_GUARD(op->conn);
    return op->state == OP_RUNNING && is_over(op) ? Py_XNewRef(op->future) : NULL;
}

static int
wake(hdpy_operation *op)
{
    PyObject *future = hdpy_operation_ready(op);
    int rc = future ? hdpy_future_wake(op->conn->st, future, false) : 0;
    Py_XDECREF(future);
    return rc;
}

/* ---- timers */

static PyObject *
call_later(hdpy_operation *op, double seconds, const char *method)
{
    PyObject *callback = PyObject_GetAttrString((PyObject *)op, method);
    PyObject *timer = callback ? PyObject_CallMethod(op->loop, "call_later", "dO", seconds, callback) : NULL;
    Py_XDECREF(callback);
    return timer;
}

/* Until the deadline, if there is one. */
static int
watch_the_time(hdpy_operation *op)
{
    if (op->options.deadline == 0 || op->expiry != NULL)
        return 0;
    double seconds = hdpy_deadline_left(op->options.deadline, INT_MAX) / 1000.0;
    return (op->expiry = call_later(op, seconds, "_expire")) != NULL ? 0 : -1;
}

/* Keeps a current exception. */
static void
stop(hdpy_operation *op, PyObject **timer)
{
    PyObject *type, *value, *traceback;
    if (*timer == NULL)
        return;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *done = PyObject_CallMethodNoArgs(*timer, op->conn->st->str_cancel);
    if (done == NULL)
        PyErr_WriteUnraisable((PyObject *)op);
    Py_XDECREF(done);
    Py_CLEAR(*timer);
    PyErr_Restore(type, value, traceback);
}

/* ---- the end */

/* Gives the connection back, unless it stays with a stream. */
static void
leave(hdpy_operation *op)
{
    hdpy_connection *conn = op->conn;
    stop(op, &op->timer);
    stop(op, &op->reminder);
    stop(op, &op->expiry);
    op->state = OP_DONE;
    Py_CLEAR(op->future);
    if (conn->watch != NULL && conn->watch->operation == op) {
        conn->watch->operation = NULL;
        Py_DECREF((PyObject *)op); /* the caller holds one more */
    }
    if (op->lock != &conn->lock)
        hdpy_lock_release(conn->st, op->lock);
    else if (op->kind != OP_PLAIN && op->cursor->stream != NULL) {
        if (op->kind == OP_STREAM_END || (op->kind == OP_STREAM_START && op->failed))
            hdpy_stream_close(op->cursor);
    }
    else if (op->request == NULL || !op->request->copy.kept)
        hdpy_connection_release(conn);
}

/* What the caller of a stream's operation gets. */
static PySendResult
finish_stream(hdpy_operation *op, PyObject **result)
{
    int taken = op->kind == OP_STREAM_MORE ? hdpy_stream_take(op->cursor) : 0;
    if (taken < 0)
        return PYGEN_ERROR;
    *result = PyBool_FromLong(taken);
    return PYGEN_RETURN;
}

static PySendResult
finish(hdpy_operation *op, PyObject **result)
{
    hdpy_connection *conn = op->conn;
    op->failed = op->interruption != NULL;
    leave(op);
    hdpy_cursor_deliver(conn);
    *result = NULL;
    if (op->interruption != NULL) {
        hdpy_raise(op->interruption);
        op->interruption = NULL;
        return PYGEN_ERROR;
    }
    if (op->kind != OP_PLAIN)
        return finish_stream(op, result);
    bool begun =
        op->copy != NULL && op->lock == &conn->lock && op->request->copy.kept; /* an error is for whoever copies */
    if (!begun && (op->copy != NULL ? hdpy_copy_raise(op->copy) : hdpy_request_raise(conn, op->request)) < 0)
        return PYGEN_ERROR;
    if (op->request->pipelined && !op->queued && hdpy_raise_failure_by(conn, op->request) < 0)
        return PYGEN_ERROR;
    if (op->cursor != NULL && !op->request->pipelined && hdpy_cursor_adopt(op->cursor, op->request) < 0)
        return PYGEN_ERROR;
    *result = Py_NewRef(Py_None);
    return PYGEN_RETURN;
}

/* Has the server asked to cancel by a task of its own. -1: an exception. */
static int
ask_to_cancel(hdpy_operation *op)
{
    hdpy_state *st = op->conn->st;
    PyObject *left = PyFloat_FromDouble(hdpy_patience_left(op->conn, op->end));
    PyObject *coroutine = left ? PyObject_CallMethodOneArg((PyObject *)op->conn, st->str_on_cancel, left) : NULL;
    Py_XDECREF(left);
    if (coroutine != NULL)
        op->cancelling = PyObject_CallMethodOneArg(op->loop, st->str_create_task, coroutine);
    Py_XDECREF(coroutine);
    PyObject *over = op->cancelling ? PyObject_GetAttrString((PyObject *)op, "_cancel_over") : NULL;
    PyObject *done = over ? PyObject_CallMethodOneArg(op->cancelling, st->str_add_done_callback, over) : NULL;
    Py_XDECREF(over);
    Py_XDECREF(done);
    if (done == NULL)
        Py_CLEAR(op->cancelling);
    return done ? 0 : -1;
}

static void
request_cancel(hdpy_operation *op)
{
    op->end = hdpy_deadline_in(op->conn->cancel_grace);
    op->pause = hdpy_first_pause(op->conn);
    if (ask_to_cancel(op) == 0)
        op->timer = call_later(op, op->conn->cancel_grace, "_give_up");
    if (op->timer == NULL) {
        PyErr_WriteUnraisable((PyObject *)op);
        Py_CLEAR(op->cancelling);
        hdpy_connection_lose_because(op->conn, "the connection was closed: the query could not be cancelled");
    }
}

/* Nobody wants the answer any more. */
static void
cancel_query(hdpy_operation *op)
{
    hdpy_request_abandon(op->conn, op->request);
    hdpy_copying_forsake(op->conn, op->request, HD_SPAN_LITERAL("interrupted"));
    if (hdpy_watch_flush(op->conn) < 0)
        PyErr_WriteUnraisable((PyObject *)op);
    if (!is_over(op) && op->timer == NULL)
        request_cancel(op);
}

/* ---- the beginning */

/* The messages are written: sends what the socket takes, and waits unless what is waited for is there. */
static PySendResult
wait(hdpy_operation *op, PyObject **result)
{
    hdpy_connection *conn = op->conn;
    if (!is_over(op) && conn->session.skipping)
        hdpy_dispatch(conn);
    if (is_over(op))
        return finish(op, result);
    op->state = OP_RUNNING;
    if (watch_the_time(op) == 0 && hdpy_watch_start(conn, op->loop, NULL) == 0) {
        conn->watch->operation = (hdpy_operation *)Py_NewRef((PyObject *)op);
        if (op->cancel)
            request_cancel(op);
        if (hdpy_watch_flush(conn) == 0 && (*result = wait_anew(op, !op->cancel)) != NULL) {
            if (wake(op) < 0)
                PyErr_WriteUnraisable((PyObject *)op);
            return PYGEN_NEXT;
        }
    }
    /* The loop failed us after the messages were sent: the answer must not reach anybody else. */
    hdpy_connection_lose_because(conn, "the connection was closed: the event loop refused to watch it");
    op->failed = true;
    leave(op);
    return PYGEN_ERROR;
}

/* The stream has the lock, and its query was sent: waits for rows, or for the end. */
static PySendResult
go_on(hdpy_operation *op, PyObject **result)
{
    hdpy_request *request = op->cursor->stream;
    if (request == NULL) { /* it never began */
        op->state = OP_DONE;
        *result = Py_NewRef(Py_False);
        return PYGEN_RETURN;
    }
    op->request = request;
    request->refs++;
    op->cancel = op->kind == OP_STREAM_END;
    if (op->cancel) {
        hdpy_stream_discard(request);
        Py_CLEAR(op->conn->streamer); /* whoever waits for it now waits for its end */
    }
    else
        request->until = HDPY_UNTIL_ROWS;
    return wait(op, result);
}

/* Whether the lock is held for a stream of this very task, which would wait forever. -1: an exception. */
static int
is_own_stream(hdpy_operation *op)
{
    hdpy_connection *conn = op->conn;
    if (conn->streamer == NULL)
        return 0;
    PyObject *task = hdpy_current_task(conn->st, op->loop);
    bool own = task == conn->streamer;
    Py_XDECREF(task);
    return task == NULL ? -1 : own;
}

/* The lock is ours: writes the messages. */
static PySendResult
begin(hdpy_operation *op, PyObject **result)
{
    hdpy_connection *conn = op->conn;
    bool nothing_sent = op->lock == &conn->lock;
    op->state = OP_DONE; /* for who sends to it again from an adapter */
    *result = NULL;
    if (nothing_sent && hdpy_deadline_passed(op->options.deadline))
        hdpy_raise_timeout(conn->st, NULL, false);
    else if (hdpy_check(conn) == 0)
        op->request = op->copy ? hdpy_copy_request(op->copy) : hdpy_request_new();
    bool stream = op->request != NULL && op->kind == OP_STREAM_START;
    PyObject *task = stream ? hdpy_current_task(conn->st, op->loop) : NULL;
    if (op->request == NULL || (stream && task == NULL) || op->submit(conn, op->request, &op->options) < 0) {
        Py_XDECREF(task);
        leave(op);
        return PYGEN_ERROR;
    }
    if (!op->request->done && op->lock == &conn->lock) {
        hdpy_connection_push(conn, op->request);
        if (conn->loop != op->loop)
            Py_XSETREF(conn->loop, Py_NewRef(op->loop));
    }
    if (stream)
        Py_XSETREF(conn->streamer, task);
    return wait(op, result);
}

/* A loop can't wake a task of another one. Who uses the connection in another loop is waited for in vain: in one that has
 * ended he will never go on, so the connection ends, too. -1: an exception. */
static int
refuse_other_loop(hdpy_operation *op)
{
    static const char ended[] = "the connection was closed: the event loop that was using it has ended";
    hdpy_connection *conn = op->conn;
    if (conn->request == NULL || conn->loop == NULL || conn->loop == op->loop)
        return 0;
    PyObject *closed = PyObject_CallMethod(conn->loop, "is_closed", NULL);
    if (closed == Py_True) {
        hdpy_connection_lose_because(conn, ended);
        PyErr_SetString(conn->st->OperationalError, ended);
    }
    else if (closed != NULL)
        PyErr_SetString(conn->st->ProgrammingError, "the connection is being used in another event loop");
    Py_XDECREF(closed);
    return -1;
}

/* Takes the lock, or waits for it. A stream that was left by `break` is closed by a task that the loop makes in one of its
 * next turns: they are let pass before it counts as one that its task is still in the middle of. */
static PySendResult
acquire(hdpy_operation *op, PyObject **result)
{
    *result = NULL;
    if (hdpy_lock_try(op->lock))
        return begin(op, result);
    int own = is_own_stream(op);
    if (own == 1 && op->turns++ < MOST_TURNS) {
        op->state = OP_TURNING;
        *result = Py_NewRef(Py_None);
        return PYGEN_NEXT;
    }
    if (own == 1)
        PyErr_SetString(op->conn->st->ProgrammingError,
                        "the connection is streaming to this task: end the stream before, or use another connection");
    *result = own == 0 && refuse_other_loop(op) == 0 ? wait_anew(op, false) : NULL;
    if (*result == NULL || hdpy_lock_enqueue(op->lock, op->future) < 0) {
        op->state = OP_DONE;
        stop(op, &op->expiry);
        Py_CLEAR(*result);
        return PYGEN_ERROR;
    }
    op->state = OP_LOCKING;
    return PYGEN_NEXT;
}

static PySendResult
start(hdpy_operation *op, PyObject **result)
{
    *result = NULL;
    op->state = OP_DONE;
    bool within = op->kind == OP_STREAM_MORE || op->kind == OP_STREAM_END;
    if (!within && hdpy_check(op->conn) < 0)
        return PYGEN_ERROR;
    if ((op->loop = hdpy_running_loop(op->conn->st)) == NULL)
        return PYGEN_ERROR;
    if (within)
        return go_on(op, result);
    if (watch_the_time(op) < 0)
        return PYGEN_ERROR;
    return acquire(op, result);
}

static PySendResult
operation_send(PyObject *self, PyObject *value, PyObject **result)
{
    HDPY_GUARD(((hdpy_operation *)self)->conn);
    hdpy_operation *op = (hdpy_operation *)self;
    switch (op->state) {
    case OP_NEW:
        return start(op, result);
    case OP_TURNING:
        return acquire(op, result);
    case OP_LOCKING:
        if (!op->late) /* woken by something else, it waits on */
            return hdpy_lock_withdraw(op->lock, op->future) ? acquire(op, result) : begin(op, result);
        stop(op, &op->expiry);
        op->state = OP_DONE;
        *result = NULL;
        hdpy_raise_timeout(op->conn->st, NULL, false);
        return PYGEN_ERROR;
    case OP_RUNNING:
        if (is_over(op))
            return finish(op, result);
        *result = wait_anew(op, false);
        return *result ? PYGEN_NEXT : PYGEN_ERROR;
    case OP_DONE:
        break;
    }
    *result = NULL;
    PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited operation");
    return PYGEN_ERROR;
}

/* ---- interruption */

/* The task that asked for the cancel is over: a late cancel can hit nobody else now. */
static PyObject *
operation_cancel_over(PyObject *self, PyObject *task)
{
    HDPY_GUARD(((hdpy_operation *)self)->conn);
    hdpy_operation *op = (hdpy_operation *)self;
    PyObject *error = PyObject_CallMethodNoArgs(task, op->conn->st->str_exception);
    if (error == NULL)
        PyErr_Clear(); /* the task itself was cancelled, at the end of the loop */
    Py_XDECREF(error);
    Py_CLEAR(op->cancelling);
    if (op->state == OP_RUNNING && !is_over(op) && (op->reminder = call_later(op, op->pause, "_remind")) == NULL)
        return NULL;
    if (wake(op) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* The query goes on: the request to cancel may have come before it. */
static PyObject *
operation_remind(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_operation *)self)->conn);
    hdpy_operation *op = (hdpy_operation *)self;
    op->pause *= 2;
    Py_CLEAR(op->reminder);
    if (op->state == OP_RUNNING && op->cancelling == NULL && !is_over(op) && ask_to_cancel(op) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *
operation_give_up(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_operation *)self)->conn);
    hdpy_operation *op = (hdpy_operation *)self;
    if (op->state == OP_RUNNING) {
        stop(op, &op->cancelling);
        hdpy_connection_lose_because(op->conn, "the connection was closed: the cancelled query did not end");
        if (wake(op) < 0)
            return NULL;
    }
    Py_RETURN_NONE;
}

/* The deadline has come. */
static PyObject *
operation_expire(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_operation *)self)->conn);
    hdpy_operation *op = (hdpy_operation *)self;
    int rc = 0;
    if (op->state == OP_LOCKING && hdpy_lock_withdraw(op->lock, op->future)) {
        op->late = true;
        rc = hdpy_future_wake(op->conn->st, op->future, false);
    }
    else if (op->state == OP_RUNNING && op->interruption == NULL && !is_over(op)) {
        op->request->expired = true;
        cancel_query(op);
        rc = wake(op);
    }
    return rc < 0 ? NULL : Py_NewRef(Py_None);
}

/* An exception thrown into the wait (stolen): raises it now, or goes on waiting and raises it later. */
static PyObject *
interrupt(hdpy_operation *op, PyObject *exception)
{
    Py_INCREF((PyObject *)op); /* leave() may drop the last other reference */
    PyObject *next = NULL;
    switch (op->state) {
    case OP_LOCKING:
        if (!op->late)
            hdpy_lock_abandon(op->conn->st, op->lock, op->future);
        stop(op, &op->expiry);
        op->state = OP_DONE;
        break;
    case OP_RUNNING:
        if (PyErr_GivenExceptionMatches(exception, PyExc_GeneratorExit)) {
            /* Nobody will wait for the end, nor for a cancel on its way, which might hit a later query. */
            if (!is_over(op))
                hdpy_connection_lose_because(op->conn, "the connection was closed: an operation was abandoned");
            Py_CLEAR(op->cancelling);
        }
        if (is_over(op)) {
            op->failed = true;
            leave(op);
            hdpy_cursor_deliver(op->conn);
            break;
        }
        if (op->interruption == NULL) {
            op->interruption = Py_NewRef(exception);
            cancel_query(op);
        }
        next = wait_anew(op, false);
        if (next != NULL && wake(op) < 0)
            Py_CLEAR(next);
        break;
    case OP_NEW:
    case OP_TURNING:
    case OP_DONE:
        stop(op, &op->expiry);
        op->state = OP_DONE;
        break;
    }
    if (next == NULL && !PyErr_Occurred())
        hdpy_raise(exception);
    else
        Py_DECREF(exception);
    Py_DECREF((PyObject *)op);
    return next;
}

static PyObject *
operation_throw(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    HDPY_GUARD(((hdpy_operation *)self)->conn);
    PyObject *exception = hdpy_thrown(args, nargs);
    return exception ? interrupt((hdpy_operation *)self, exception) : NULL;
}

static PyObject *
operation_close(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_operation *)self)->conn);
    PyObject *exception = PyObject_CallNoArgs(PyExc_GeneratorExit);
    if (exception == NULL)
        return NULL;
    PyObject *next = interrupt((hdpy_operation *)self, exception);
    if (next != NULL) {
        Py_DECREF(next);
        PyErr_SetString(PyExc_RuntimeError, "operation ignored GeneratorExit");
        return NULL;
    }
    if (!PyErr_ExceptionMatches(PyExc_GeneratorExit))
        return NULL;
    PyErr_Clear();
    Py_RETURN_NONE;
}

/* ---- the iterator that await drives */

static PyObject *
operation_iternext(PyObject *self)
{
    PyObject *result;
    PySendResult outcome = operation_send(self, Py_None, &result);
    return hdpy_iternext(outcome, result);
}

static PyObject *
operation_send_method(PyObject *self, PyObject *value)
{
    return operation_iternext(self);
}

static int
operation_traverse(PyObject *self, visitproc visit, void *arg)
{
    hdpy_operation *op = (hdpy_operation *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)op->conn);
    Py_VISIT((PyObject *)op->cursor);
    Py_VISIT((PyObject *)op->copy);
    Py_VISIT(op->options.query);
    Py_VISIT(op->options.params);
    Py_VISIT(op->loop);
    Py_VISIT(op->future);
    Py_VISIT(op->interruption);
    Py_VISIT(op->cancelling);
    Py_VISIT(op->timer);
    Py_VISIT(op->reminder);
    Py_VISIT(op->expiry);
    return 0;
}

static int
operation_clear(PyObject *self)
{
    HDPY_GUARD(((hdpy_operation *)self)->conn);
    hdpy_operation *op = (hdpy_operation *)self;
    Py_CLEAR(op->cursor);
    Py_CLEAR(op->options.query);
    Py_CLEAR(op->options.params);
    Py_CLEAR(op->loop);
    Py_CLEAR(op->future);
    Py_CLEAR(op->interruption);
    Py_CLEAR(op->cancelling);
    Py_CLEAR(op->timer);
    Py_CLEAR(op->reminder);
    Py_CLEAR(op->expiry);
    return 0;
}

static void
operation_dealloc(PyObject *self)
{
    HDPY_GUARD(((hdpy_operation *)self)->conn);
    hdpy_operation *op = (hdpy_operation *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (op->state == OP_RUNNING) {
        /* Its loop is gone, and the answer with it: nobody else may get that. */
        hdpy_connection_lose_because(op->conn, "the connection was closed: an operation was abandoned");
    }
    operation_clear(self);
    hdpy_request_unref(op->request);
    Py_XDECREF((PyObject *)op->copy);
    Py_XDECREF((PyObject *)op->conn);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"send", operation_send_method, METH_O, NULL},
    {"throw", (PyCFunction)(void (*)(void))operation_throw, METH_FASTCALL, NULL},
    {"close", operation_close, METH_NOARGS, NULL},
    {"_cancel_over", operation_cancel_over, METH_O, NULL},
    {"_give_up", operation_give_up, METH_NOARGS, NULL},
    {"_remind", operation_remind, METH_NOARGS, NULL},
    {"_expire", operation_expire, METH_NOARGS, NULL},
    {NULL},
};

/* await uses am_send on 3.11 and tp_iternext on 3.12 and later. */
static PyType_Slot slots[] = {
    {Py_am_await, PyObject_SelfIter},     {Py_am_send, operation_send},       {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, operation_iternext}, {Py_tp_dealloc, operation_dealloc}, {Py_tp_traverse, operation_traverse},
    {Py_tp_clear, operation_clear},       {Py_tp_methods, methods},           {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.Operation",
    .basicsize = sizeof(hdpy_operation),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int
hdpy_operation_init(hdpy_state *st, PyObject *module)
{
    st->Operation = PyType_FromModuleAndSpec(module, &spec, NULL);
    return st->Operation ? 0 : -1;
}
