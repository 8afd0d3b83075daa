#include "objects/lane.h"

#include "module/args.h"
#include "module/errors.h"
#include "objects/batch.h"
#include "wait/awaitable.h"
#include "wait/exchange.h"
#include "wait/watch.h"

enum { SPARE_CURSORS = 256 };

struct hdpy_lane {
    PyObject_HEAD
    hdpy_connection *conn; /* whose lock is the lane's for life */
    PyObject *loop;
    PyObject *make_cursor; /* callable */
    PyObject *row_factory;
    PyObject *on_slow; /* callable(queries, seconds) */
    PyObject *flush;   /* our own method, for call_soon() */
    PyObject *spare;   /* list of cursors */
    size_t depth;      /* most reads sent and unanswered; others wait in `queue` */
    int64_t patience;  /* ns that a batch may take before it is reported */
    size_t unanswered;
    hdpy_batch *open; /* not ended by a Sync yet; NULL, or without reads: nothing was written for it */
    hdpy_batch *first, *last;
    hdpy_read_list queue;
    int64_t ready;    /* when the server was last known to be ready */
    uint32_t version; /* of the server's parameters when last looked at */
    bool scheduled;   /* the loop will flush */
    bool handing_out; /* hdpy_lane_arrived() will */
    bool submitting;  /* a read's parameters are being adapted, maybe by Python code */
};

PyObject *
hdpy_lane_guard(const hdpy_lane *lane)
{
    return (PyObject *)lane->conn;
}

/* ---- cursors, which are used again: they know their adapters */

static hdpy_cursor *
take_cursor(hdpy_lane *lane, hdpy_read_kind kind)
{
    Py_ssize_t n = PyList_GET_SIZE(lane->spare);
    PyObject *cursor;
    if (n != 0) {
        cursor = Py_NewRef(PyList_GET_ITEM(lane->spare, n - 1));
        if (PyList_SetSlice(lane->spare, n - 1, n, NULL) < 0)
            Py_CLEAR(cursor);
    }
    else {
        cursor = PyObject_CallNoArgs(lane->make_cursor);
        if (cursor != NULL && !PyObject_TypeCheck(cursor, (PyTypeObject *)lane->conn->st->BaseCursor)) {
            PyErr_Format(PyExc_TypeError, "a howdah cursor is needed, got %.200s", Py_TYPE(cursor)->tp_name);
            Py_CLEAR(cursor);
        }
    }
    hdpy_cursor *cur = (hdpy_cursor *)cursor;
    if (cur != NULL)
        Py_XSETREF(cur->row_factory,
                   Py_NewRef(kind == HDPY_READ_VALUE ? lane->conn->st->scalar_row : lane->row_factory));
    return cur;
}

void
hdpy_lane_give_cursor(hdpy_lane *lane, hdpy_cursor *cur)
{
    hdpy_cursor_reset(cur);
    if (PyList_GET_SIZE(lane->spare) < SPARE_CURSORS && PyList_Append(lane->spare, (PyObject *)cur) < 0)
        PyErr_Clear();
    Py_DECREF((PyObject *)cur);
}

/* ---- sending */

/* `end` (stolen) is the last that the batch asks for. */
static void
end_batch(hdpy_lane *lane, hdpy_batch *batch, hdpy_request *end)
{
    hdpy_connection_push(lane->conn, end);
    batch->end = end;
    batch->sent = hdpy_now_ns();
    batch->next = NULL;
    if (lane->first == NULL)
        lane->first = batch;
    else
        lane->last->next = batch;
    lane->last = batch;
}

/* Ends the open batch, if there is one, by a Sync. */
static int
seal(hdpy_lane *lane)
{
    if (lane->open == NULL || lane->open->reads.first == NULL)
        return 0;
    hdpy_request *sync = hdpy_request_new();
    if (sync == NULL || hdpy_submit_sync(lane->conn, sync, NULL) < 0) {
        hdpy_request_unref(sync);
        return -1;
    }
    end_batch(lane, lane->open, sync);
    lane->open = NULL;
    return 0;
}

/* The read waits until its statement is described, for which the first of those who wait asks. */
static int
await_description(hdpy_lane *lane, hdpy_read *read, hdpy_request *request)
{
    hdpy_statement *stmt = request->step->stmt;
    for (hdpy_batch *batch = lane->first; batch != NULL; batch = batch->next) {
        if (batch->describes == stmt && !batch->end->done) {
            hdpy_reads_append(&batch->reads, (hdpy_read *)Py_NewRef((PyObject *)read));
            hdpy_request_unref(request);
            return 0;
        }
    }
    hdpy_batch *batch = seal(lane) < 0 ? NULL : hdpy_batch_new();
    if (batch == NULL || hdpy_submit_describe(lane->conn, request) < 0) {
        PyMem_Free(batch);
        hdpy_request_unref(request);
        return -1;
    }
    batch->describes = stmt;
    stmt->refs++;
    hdpy_reads_append(&batch->reads, (hdpy_read *)Py_NewRef((PyObject *)read));
    end_batch(lane, batch, request);
    return 0;
}

/* The read travels with the open batch. */
static void
join_batch(hdpy_lane *lane, hdpy_read *read, hdpy_request *request)
{
    hdpy_connection_push(lane->conn, request);
    read->request = request;
    hdpy_reads_append(&lane->open->reads, (hdpy_read *)Py_NewRef((PyObject *)read));
}

/* An adapter that uses the lane for whose read it adapts would write into the midst of that. */
static int
check_submitting(const hdpy_lane *lane)
{
    if (!lane->submitting)
        return 0;
    PyErr_SetString(lane->conn->st->ProgrammingError, "the read lane is adapting the parameters of a read");
    return -1;
}

/* Writes what the read asks for. -1 with an exception: nothing of it was written. */
static int
submit(hdpy_lane *lane, hdpy_read *read)
{
    hdpy_connection *conn = lane->conn;
    hdpy_options options;
    if (hdpy_connection_check(conn) < 0 || check_submitting(lane) < 0)
        return -1;
    if (read->cursor == NULL && (read->cursor = take_cursor(lane, read->kind)) == NULL)
        return -1;
    if (hdpy_cursor_options(read->cursor, &options, read->query, read->params, Py_True, NULL) < 0)
        return -1;
    /* Before anything is written, since nobody takes the answer of a read that is in no batch. */
    if (lane->open == NULL && (lane->open = hdpy_batch_new()) == NULL)
        return -1;
    hdpy_request *request = hdpy_request_new();
    if (request == NULL)
        return -1;
    read->attempts++;
    lane->submitting = true;
    int rc = hdpy_submit_read(conn, request, &options);
    lane->submitting = false;
    if (rc < 0) {
        hdpy_request_unref(request);
        return -1;
    }
    if (request->owed != 0)
        join_batch(lane, read, request);
    else if (await_description(lane, read, request) < 0)
        return -1;
    lane->unanswered++;
    return 0;
}

static int
flush(hdpy_lane *lane)
{
    lane->scheduled = false;
    if (seal(lane) < 0) {
        PyErr_Clear(); /* who waits is told, by the loss */
        hdpy_connection_lose_because(lane->conn, "the connection was closed: no memory");
        return hdpy_lane_arrived(lane, false);
    }
    return hdpy_watch_flush(lane->conn);
}

static int
schedule(hdpy_lane *lane)
{
    if (lane->scheduled || lane->handing_out)
        return 0;
    PyObject *handle = PyObject_CallMethodOneArg(lane->loop, lane->conn->st->str_call_soon, lane->flush);
    Py_XDECREF(handle);
    lane->scheduled = handle != NULL;
    return handle ? 0 : -1;
}

/* ---- what has arrived */

/* Every read keeps its own request. */
static void
drop_arrived(hdpy_connection *conn)
{
    hdpy_request *request;
    while ((request = conn->arrived) != NULL) {
        conn->arrived = request->next;
        hdpy_request_unref(request);
    }
}

/* Whether the connection is still one for reading only. */
static void
judge(hdpy_lane *lane, bool strayed)
{
    hdpy_connection *conn = lane->conn;
    const hd_parameters *parameters = &conn->session.parameters;
    if (conn->fd < 0)
        return;
    if (strayed)
        hdpy_connection_lose_because(conn, "the read lane was closed: something else than a read was executed");
    else if (conn->session.transaction_status != 'I')
        hdpy_connection_lose_because(conn, "the read lane was closed: a transaction was begun on it");
    else if (parameters->version != lane->version) {
        const char *value = hd_parameters_get(parameters, "default_transaction_read_only");
        lane->version = parameters->version;
        if (value != NULL && strcmp(value, "on") != 0)
            hdpy_connection_lose_because(conn, "the read lane was closed: it was no longer read-only");
    }
}

/* Tells on_slow() which queries were in a batch that took long. */
static void
report_slow(hdpy_lane *lane, const hdpy_batch *batch, int64_t took)
{
    PyObject *queries = PyList_New(0);
    int rc = queries ? 0 : -1;
    for (hdpy_read *read = batch->reads.first; rc == 0 && read != NULL; read = read->next)
        rc = PyList_Append(queries, read->query);
    PyObject *done = rc == 0 ? PyObject_CallFunction(lane->on_slow, "Od", queries, (double)took / 1e9) : NULL;
    if (done == NULL)
        PyErr_WriteUnraisable((PyObject *)lane);
    Py_XDECREF(done);
    Py_XDECREF(queries);
}

/* A complete batch: its reads go to those that are answered, or to those that are to be asked again. */
static void
take_batch(hdpy_lane *lane, hdpy_batch *batch, hdpy_read_list *answered, hdpy_read_list *again)
{
    hdpy_read *read;
    bool strayed = false;
    int64_t now = hdpy_now_ns(), began = batch->sent > lane->ready ? batch->sent : lane->ready;
    lane->ready = now;
    /* A deep batch takes its time without any of its queries being slow. */
    if (batch->describes == NULL && now - began > lane->patience + (int64_t)batch->reads.n * lane->patience / 100)
        report_slow(lane, batch, now - began);
    while ((read = hdpy_reads_take(&batch->reads)) != NULL) {
        lane->unanswered--;
        strayed |= hdpy_read_has_strayed(read);
        bool settled = read->state == HDPY_READ_OVER || hdpy_batch_conclude(lane->conn->st, batch, read);
        hdpy_reads_append(settled ? answered : again, read);
    }
    judge(lane, strayed);
    hdpy_batch_free(batch);
}

static void
take_batches(hdpy_lane *lane, hdpy_read_list *answered, hdpy_read_list *again)
{
    hdpy_batch *batch;
    drop_arrived(lane->conn);
    while ((batch = lane->first) != NULL && batch->end->done) {
        lane->first = batch->next;
        take_batch(lane, batch, answered, again);
        drop_arrived(lane->conn);
    }
    if (lane->conn->fd < 0 && lane->open != NULL) { /* its requests have ended with the connection */
        while (lane->open->reads.first != NULL) {
            hdpy_read *read = hdpy_reads_take(&lane->open->reads);
            lane->unanswered--;
            read->error = Py_XNewRef(read->request->error);
            hdpy_reads_append(answered, read);
        }
        hdpy_batch_free(lane->open);
        lane->open = NULL;
    }
}

/* What may go now, each with a Sync of its own if `alone`, so that no other's error can hit it again. */
static void
resubmit(hdpy_lane *lane, hdpy_read_list *list, bool alone, hdpy_read_list *answered)
{
    hdpy_read *read;
    while ((alone || lane->unanswered < lane->depth) && (read = hdpy_reads_take(list)) != NULL) {
        hdpy_request_unref(read->request);
        read->request = NULL;
        if (read->state == HDPY_READ_OVER) {
            Py_DECREF((PyObject *)read);
            continue;
        }
        if ((alone && seal(lane) < 0) || submit(lane, read) < 0) {
            read->error = hdpy_take_exception();
            hdpy_reads_append(answered, read);
            continue;
        }
        Py_DECREF((PyObject *)read); /* its batch has it */
        if (alone && seal(lane) < 0)
            PyErr_Clear(); /* flush() tries again */
    }
}

/* Runs the tasks that were waiting, or tells the loop to. */
static int
wake(hdpy_lane *lane, hdpy_read_list *answered, bool here)
{
    PyObject *error = NULL;
    hdpy_read *read;
    while ((read = hdpy_reads_take(answered)) != NULL) {
        if (read->state == HDPY_READ_WAITING) {
            read->state = HDPY_READ_ANSWERED;
            if (hdpy_future_wake(lane->conn->st, read->future, here && error == NULL) < 0) {
                PyObject *raised = hdpy_take_exception();
                if (error == NULL)
                    error = raised;
                else
                    Py_XDECREF(raised);
            }
        }
        Py_DECREF((PyObject *)read);
    }
    if (error == NULL)
        return 0;
    hdpy_raise(error);
    return -1;
}

int
hdpy_lane_arrived(hdpy_lane *lane, bool here)
{
    HDPY_GUARD(lane->conn);
    hdpy_read_list answered = {0}, again = {0};
    bool outermost = !lane->handing_out;
    Py_INCREF((PyObject *)lane); /* a task may let go of it */
    lane->handing_out = true;
    take_batches(lane, &answered, &again);
    resubmit(lane, &again, true, &answered);
    resubmit(lane, &lane->queue, false, &answered);
    int rc = wake(lane, &answered, here);
    lane->handing_out = !outermost;
    if (outermost) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        if (lane->conn->fd >= 0 && flush(lane) < 0 && rc == 0)
            return Py_DECREF((PyObject *)lane), -1;
        PyErr_Restore(type, value, traceback);
    }
    Py_DECREF((PyObject *)lane);
    return rc;
}

/* ---- what reads need of the lane */

PyObject *
hdpy_lane_wait_on(hdpy_lane *lane, hdpy_read *read)
{
    PyObject *future = hdpy_future_new(lane->conn->st, lane->loop, lane->conn->watch && lane->conn->watch->direct);
    if (future != NULL)
        Py_XSETREF(read->future, Py_NewRef(future));
    return future;
}

int
hdpy_lane_ask(hdpy_lane *lane, hdpy_read *read)
{
    PyObject *loop = hdpy_running_loop(lane->conn->st);
    Py_XDECREF(loop);
    if (loop != lane->loop) {
        if (loop != NULL)
            PyErr_SetString(lane->conn->st->ProgrammingError, "the read lane belongs to another event loop");
        return -1;
    }
    if (hdpy_connection_check(lane->conn) < 0)
        return -1;
    if (lane->conn->lane != lane) {
        PyErr_SetString(lane->conn->st->OperationalError, "the read lane is closed");
        return -1;
    }
    PyObject *future = hdpy_lane_wait_on(lane, read);
    if (future == NULL)
        return -1;
    Py_DECREF(future);
    if (lane->unanswered >= lane->depth)
        hdpy_reads_append(&lane->queue, (hdpy_read *)Py_NewRef((PyObject *)read));
    else if (submit(lane, read) < 0)
        return -1;
    return schedule(lane);
}

/* ---- the type */

/* Lane(connection, make_cursor, row_factory, depth, patience, on_slow): of an idle connection in autocommit, which has
 * the running loop and is read-only. patience: seconds. */
static PyObject *
lane_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    hdpy_state *st = hdpy_state_of_type(type);
    PyObject *conn, *make_cursor, *row_factory, *on_slow;
    Py_ssize_t depth;
    double patience;
    if (!PyArg_ParseTuple(args, "O!OOndO:Lane", st->BaseConnection, &conn, &make_cursor, &row_factory, &depth,
                          &patience, &on_slow))
        return NULL;
    hdpy_connection *c = (hdpy_connection *)conn;
    HDPY_GUARD(conn);
    if (hdpy_check(c) < 0)
        return NULL;
    if (depth < 1 || !(patience > 0 && patience < 1e6)) {
        PyErr_SetString(PyExc_ValueError, "depth and patience must be positive");
        return NULL;
    }
    if (!c->autocommit || c->pipelined || c->session.transaction_status != 'I' || !hdpy_lock_try(&c->lock)) {
        PyErr_SetString(st->ProgrammingError, "a read lane needs an idle connection in autocommit");
        return NULL;
    }
    hdpy_lane *lane = (hdpy_lane *)type->tp_alloc(type, 0);
    if (lane == NULL) {
        hdpy_connection_release(c);
        return NULL;
    }
    hdpy_allow_try_ref((PyObject *)lane);
    lane->conn = (hdpy_connection *)Py_NewRef(conn);
    c->lane = lane;
    c->pipelined = true;
    lane->make_cursor = Py_NewRef(make_cursor);
    lane->row_factory = Py_NewRef(row_factory);
    lane->on_slow = Py_NewRef(on_slow);
    lane->depth = (size_t)depth;
    lane->patience = (int64_t)(patience * 1e9);
    lane->version = c->session.parameters.version;
    lane->spare = PyList_New(0);
    lane->flush = PyObject_GetAttrString((PyObject *)lane, "_flush");
    lane->loop = hdpy_running_loop(st);
    if (lane->spare == NULL || lane->flush == NULL || lane->loop == NULL ||
        hdpy_watch_start(c, lane->loop, NULL) < 0) {
        Py_DECREF((PyObject *)lane);
        return NULL;
    }
    return (PyObject *)lane;
}

/* read(query, params, kind): an awaitable. */
static PyObject *
lane_read(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    long kind = nargs == 3 ? PyLong_AsLong(args[2]) : -1;
    if (kind < HDPY_READ_CURSOR || kind > HDPY_READ_VALUE) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "read() takes a query, its parameters and a kind");
        return NULL;
    }
    return hdpy_read_new((hdpy_lane *)self, args[0], args[1], (hdpy_read_kind)kind);
}

static PyObject *
lane_flush(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_lane *)self)->conn);
    hdpy_lane *lane = (hdpy_lane *)self;
    return check_submitting(lane) < 0 || flush(lane) < 0 ? NULL : Py_NewRef(Py_None);
}

/* Gives the connection back; what is unanswered ends with an error. */
static void
leave(hdpy_lane *lane)
{
    hdpy_connection *conn = lane->conn;
    if (conn->lane != lane)
        return;
    if (lane->unanswered != 0 || !hd_session_is_idle(&conn->session))
        hdpy_connection_lose_because(conn, "the read lane was closed");
    conn->pipelined = false;
    conn->lane = NULL;
    hdpy_connection_release(conn);
}

static PyObject *
lane_close(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_lane *)self)->conn);
    hdpy_lane *lane = (hdpy_lane *)self;
    if (check_submitting(lane) < 0)
        return NULL;
    leave(lane);
    return hdpy_lane_arrived(lane, false) < 0 ? NULL : Py_NewRef(Py_None);
}

static int
lane_traverse(PyObject *self, visitproc visit, void *arg)
{
    hdpy_lane *lane = (hdpy_lane *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)lane->conn);
    Py_VISIT(lane->loop);
    Py_VISIT(lane->make_cursor);
    Py_VISIT(lane->row_factory);
    Py_VISIT(lane->on_slow);
    Py_VISIT(lane->flush);
    Py_VISIT(lane->spare);
    int rc = hdpy_reads_visit(&lane->queue, visit, arg);
    if (rc == 0 && lane->open != NULL)
        rc = hdpy_reads_visit(&lane->open->reads, visit, arg);
    for (hdpy_batch *batch = lane->first; rc == 0 && batch != NULL; batch = batch->next)
        rc = hdpy_reads_visit(&batch->reads, visit, arg);
    return rc;
}

static int
lane_clear(PyObject *self)
{
    HDPY_GUARD(((hdpy_lane *)self)->conn);
    hdpy_lane *lane = (hdpy_lane *)self;
    leave(lane); /* nobody can be waiting any more: the answers are for nobody */
    Py_CLEAR(lane->loop);
    Py_CLEAR(lane->make_cursor);
    Py_CLEAR(lane->row_factory);
    Py_CLEAR(lane->on_slow);
    Py_CLEAR(lane->flush);
    Py_CLEAR(lane->spare);
    hdpy_reads_drop(&lane->queue);
    hdpy_batch *batch;
    while ((batch = lane->first) != NULL) {
        lane->first = batch->next;
        hdpy_batch_free(batch);
    }
    if ((batch = lane->open) != NULL) {
        lane->open = NULL;
        hdpy_batch_free(batch);
    }
    return 0;
}

static void
lane_dealloc(PyObject *self)
{
    hdpy_lane *lane = (hdpy_lane *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (lane->conn != NULL)
        lane_clear(self);
    Py_XDECREF((PyObject *)lane->conn);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"read", (PyCFunction)(void (*)(void))lane_read, METH_FASTCALL, NULL},
    {"close", lane_close, METH_NOARGS, NULL},
    {"_flush", lane_flush, METH_NOARGS, NULL},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_new, lane_new},     {Py_tp_dealloc, lane_dealloc}, {Py_tp_traverse, lane_traverse},
    {Py_tp_clear, lane_clear}, {Py_tp_methods, methods},      {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.Lane",
    .basicsize = sizeof(hdpy_lane),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = slots,
};

int
hdpy_lane_init(hdpy_state *st, PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    int rc = type ? PyModule_AddObjectRef(module, "Lane", type) : -1;
    Py_XDECREF(type);
    return rc < 0 ? -1 : hdpy_read_init(st, module);
}
