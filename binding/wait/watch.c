#include "wait/watch.h"

#include "module/errors.h"
#include "objects/copying.h"
#include "objects/lane.h"
#include "wait/awaitable.h"
#include "wait/exchange.h"
#include "wait/face.h"
#include "wait/operation.h"
#include "wait/tls.h"

#include <structmember.h>
#include <unistd.h>

enum { FAIR_SHARE = 1024 * 1024 }; /* bytes taken per wake, so that one large result doesn't starve the loop */

/* ---- registration */

static int
call(PyObject *loop, PyObject *method, int fd, PyObject *callback)
{
    PyObject *number = PyLong_FromLong(fd);
    PyObject *done = number ? PyObject_CallMethodObjArgs(loop, method, number, callback, NULL) : NULL;
    Py_XDECREF(number);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

static bool
is_closed(hdpy_state *st, PyObject *loop)
{
    PyObject *closed = PyObject_CallMethodNoArgs(loop, st->str_is_closed);
    /* One that is being collected together with its connections has nothing left to say it with. */
    bool yes = closed == NULL || closed == Py_True;
    Py_XDECREF(closed);
    if (closed == NULL)
        PyErr_Clear();
    return yes;
}

/* True: bytes that a transport had taken were not sent. Keeps a current exception. */
static bool
stop(hdpy_connection *conn)
{
    hdpy_watch *watch = conn->watch;
    PyObject *type, *value, *traceback;
    if (watch == NULL || watch->loop == NULL)
        return false;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *loop = watch->loop;
    bool dropped = false;
    watch->loop = NULL;
    /* A forked child shares the loop's epoll with its parent: taking a reader out would take it out there. */
    if (hdpy_connection_is_inherited(conn))
        Py_CLEAR(watch->face);
    else if (watch->face != NULL)
        dropped = hdpy_face_close(watch);
    else if (!is_closed(conn->st, loop)) {
        if (call(loop, conn->st->str_remove_reader, watch->fd, NULL) < 0)
            PyErr_WriteUnraisable((PyObject *)watch);
        if (watch->writing && call(loop, conn->st->str_remove_writer, watch->fd, NULL) < 0)
            PyErr_WriteUnraisable((PyObject *)watch);
    }
    watch->writing = false;
    Py_DECREF(loop);
    PyErr_Restore(type, value, traceback);
    return dropped;
}

void
hdpy_watch_stop(hdpy_connection *conn)
{
    stop(conn);
}

void
hdpy_watch_leave(hdpy_connection *conn)
{
    if (hdpy_has_face(conn) && stop(conn))
        hdpy_connection_lose_because(conn, "the connection was closed: its event loop has left something unsent");
}

static void
forget_connection(hdpy_watch *watch)
{
    HDPY_GUARD(watch);
    watch->conn = NULL;
}

hdpy_connection *
hdpy_watch_connection(hdpy_watch *watch)
{
    HDPY_GUARD(watch);
    hdpy_connection *conn = watch->conn;
    return conn != NULL && hdpy_try_ref((PyObject *)conn) ? conn : NULL;
}

void
hdpy_watch_free(hdpy_connection *conn)
{
    if (conn->watch == NULL)
        return;
    hdpy_watch_stop(conn);
    forget_connection(conn->watch);
    Py_CLEAR(conn->watch);
}

static hdpy_watch *
watch_new(hdpy_connection *conn)
{
    hdpy_watch *watch = PyObject_GC_New(hdpy_watch, (PyTypeObject *)conn->st->Watch);
    if (watch == NULL)
        return NULL;
    watch->conn = conn;
    watch->loop = NULL;
    watch->fd = -1;
    watch->writing = watch->direct = watch->forgetful = false;
    watch->operation = NULL;
    watch->face = watch->failure = NULL;
    watch->opened = watch->paused = watch->stuffed = false;
    watch->chunk = NULL;
    watch->at = NULL;
    watch->room = watch->arrived = 0;
    PyObject_GC_Track((PyObject *)watch);
    return watch;
}

/* What may be expected of this loop. Tasks may run within our callback in a plain asyncio loop: under uvloop nothing would
 * be gained; a loop that we don't know may count on its own order; debug mode measures each callback. */
static void
judge_loop(hdpy_watch *watch, hdpy_state *st, PyObject *loop)
{
    PyObject *module = PyObject_GetAttrString((PyObject *)Py_TYPE(loop), "__module__");
    PyObject *debug = PyObject_CallMethodNoArgs(loop, st->str_get_debug);
    bool plain = module != NULL && PyUnicode_Check(module) &&
                 PyUnicode_CompareWithASCIIString(module, "asyncio.unix_events") == 0;
    watch->direct = plain && !st->futures_only && debug == Py_False;
    watch->forgetful = !plain;
    if (PyErr_Occurred())
        PyErr_Clear();
    Py_XDECREF(module);
    Py_XDECREF(debug);
}

/* A stream's rows wait to be asked for: more of them shall wait in the server, not here. */
static bool
is_sated(const hdpy_connection *conn)
{
    const hdpy_request *request = conn->request;
    return request != NULL && request->streaming && hdpy_request_satisfied(conn, request);
}

int
hdpy_watch_start(hdpy_connection *conn, PyObject *loop, PyObject *sock)
{
    if (conn->watch == NULL && (conn->watch = watch_new(conn)) == NULL)
        return -1;
    hdpy_watch *watch = conn->watch;
    if (watch->loop == loop) {
        if (watch->face != NULL)
            hdpy_face_pause(watch, false);
        return 0;
    }
    hdpy_watch_leave(conn);
    hdpy_watch_stop(conn);
    if (hdpy_connection_check(conn) < 0)
        return -1;
    watch->fd = conn->fd;
    if (call(loop, conn->st->str_add_reader, watch->fd, (PyObject *)watch) < 0) {
        if (!PyErr_ExceptionMatches(PyExc_NotImplementedError))
            return -1;
        PyErr_Clear();
        if (hdpy_face_open(conn, loop, sock) < 0)
            return -1;
    }
    watch->loop = Py_NewRef(loop);
    judge_loop(watch, conn->st, loop);
    return 0;
}

int
hdpy_watch_flush(hdpy_connection *conn)
{
    hdpy_watch *watch = conn->watch;
    hdpy_flush(conn);
    if (hdpy_raise_interruption(conn) < 0 || hdpy_face_raise(conn) < 0)
        return -1;
    bool pending = conn->fd >= 0 && hdpy_has_unsent(conn);
    if (watch == NULL || watch->loop == NULL || watch->face != NULL || pending == watch->writing)
        return 0;
    PyObject *writable = pending ? PyObject_GetAttrString((PyObject *)watch, "writable") : NULL;
    int rc = -1;
    if (writable != NULL)
        rc = call(watch->loop, conn->st->str_add_writer, watch->fd, writable);
    else if (!pending)
        rc = call(watch->loop, conn->st->str_remove_writer, watch->fd, NULL);
    Py_XDECREF(writable);
    if (rc == 0)
        watch->writing = pending;
    return rc;
}

/* ---- callbacks of the loop */

PyObject *
hdpy_watch_report(hdpy_watch *watch, hdpy_connection *conn)
{
    hdpy_state *st = conn->st;
    PyObject *failure;
    int rc = 0;
    bool all_read;
    hdpy_lane *lane;
    hdpy_operation *op;
    { /* and no longer: the task may be at it for long */
        HDPY_GUARD(conn);
        failure = hdpy_watch_flush(conn) < 0 ? hdpy_take_exception() : NULL;
        all_read = hd_inbox_pending(&conn->session.in) == 0;
        lane = conn->lane != NULL && hdpy_try_ref((PyObject *)conn->lane) ? conn->lane : NULL;
        op = (hdpy_operation *)Py_XNewRef((PyObject *)watch->operation);
    }
    Py_DECREF((PyObject *)conn);
    if (lane != NULL)
        rc = hdpy_lane_arrived(lane, all_read);
    PyObject *future = rc == 0 && op != NULL ? hdpy_operation_ready(op) : NULL;
    Py_XDECREF((PyObject *)lane);
    Py_XDECREF((PyObject *)op);
    if (future != NULL)
        rc = hdpy_future_wake(st, future, all_read);
    Py_XDECREF(future);
    if (failure != NULL && rc == 0) {
        hdpy_raise(failure);
        return NULL;
    }
    Py_XDECREF(failure);
    return rc < 0 ? NULL : Py_NewRef(Py_None);
}

/* There may be more to read, of which a forgetful loop may not tell. A stream's rows are watched for when they are wanted. */
static void
watch_again(hdpy_watch *watch, hdpy_connection *conn)
{
    if (watch->loop == NULL)
        return;
    PyObject *loop = Py_NewRef(watch->loop);
    hdpy_watch_stop(conn);
    if (!is_sated(conn) && hdpy_watch_start(conn, loop, NULL) < 0) {
        PyErr_WriteUnraisable((PyObject *)watch);
        hdpy_connection_lose_because(conn, "the connection was closed: the event loop refused to watch it");
    }
    Py_DECREF(loop);
}

bool
hdpy_watch_rest(hdpy_connection *conn)
{
    if (!hdpy_copying_is_full(conn) && (conn->watch->operation != NULL || !is_sated(conn)))
        return false;
    if (hdpy_has_face(conn))
        hdpy_face_pause(conn->watch, true);
    else
        hdpy_watch_stop(conn);
    return true;
}

/* Takes a fair share of what has come. */
static void
take(hdpy_watch *watch, hdpy_connection *conn)
{
    HDPY_GUARD(conn);
    size_t before = conn->received;
    bool dry;
    do
        dry = !hdpy_receive(conn);
    while (!dry && conn->fd >= 0 && conn->received - before < FAIR_SHARE &&
           (hd_inbox_pending(&conn->session.in) != 0 || watch->forgetful) && !hdpy_copying_is_full(conn) &&
           !is_sated(conn));
    if (!hdpy_watch_rest(conn) && watch->forgetful && !dry)
        watch_again(watch, conn);
}

/* Whether nobody wants what may have come; then the loop doesn't tell again until somebody asks. */
static bool
is_unwanted(hdpy_watch *watch, hdpy_connection *conn)
{
    HDPY_GUARD(conn);
    if (watch->operation != NULL || !is_sated(conn))
        return false;
    hdpy_watch_stop(conn);
    return true;
}

static PyObject *
watch_call(PyObject *self, PyObject *args, PyObject *kwargs)
{
    hdpy_watch *watch = (hdpy_watch *)self;
    hdpy_connection *conn = hdpy_watch_connection(watch);
    if (conn == NULL)
        Py_RETURN_NONE;
    if (is_unwanted(watch, conn)) {
        Py_DECREF((PyObject *)conn);
        Py_RETURN_NONE;
    }
    take(watch, conn);
    return hdpy_watch_report(watch, conn);
}

static PyObject *
watch_writable(PyObject *self, PyObject *unused)
{
    hdpy_watch *watch = (hdpy_watch *)self;
    hdpy_connection *conn = hdpy_watch_connection(watch);
    if (conn == NULL)
        Py_RETURN_NONE;
    return hdpy_watch_report(watch, conn);
}

/* ---- the type */

static int
watch_traverse(PyObject *self, visitproc visit, void *arg)
{
    hdpy_watch *watch = (hdpy_watch *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(watch->loop);
    Py_VISIT(watch->face);
    Py_VISIT(watch->failure);
    Py_VISIT((PyObject *)watch->operation);
    return 0;
}

static int
watch_clear(PyObject *self)
{
    hdpy_watch *watch = (hdpy_watch *)self;
    Py_CLEAR(watch->loop);
    Py_CLEAR(watch->face);
    Py_CLEAR(watch->failure);
    Py_CLEAR(watch->operation);
    return 0;
}

static void
watch_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    watch_clear(self);
    hd_chunk_unref(((hdpy_watch *)self)->chunk);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"writable", watch_writable, METH_NOARGS, NULL},
    {"room", hdpy_face_room, METH_NOARGS, NULL},
    {"arrived", hdpy_face_arrived, METH_O, NULL},
    {"lost", hdpy_face_lost, METH_NOARGS, NULL},
    {NULL},
};

static PyMemberDef members[] = {
    {"opened", T_BOOL, offsetof(hdpy_watch, opened), 0, NULL},
    {"paused", T_BOOL, offsetof(hdpy_watch, paused), READONLY, NULL},
    {"stuffed", T_BOOL, offsetof(hdpy_watch, stuffed), 0, NULL},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_call, watch_call},
    {Py_tp_dealloc, watch_dealloc},
    {Py_tp_traverse, watch_traverse},
    {Py_tp_clear, watch_clear},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {Py_bf_getbuffer, hdpy_face_get_buffer},
    {Py_bf_releasebuffer, hdpy_face_release_buffer},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.Watch",
    .basicsize = sizeof(hdpy_watch),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int
hdpy_watch_init(hdpy_state *st, PyObject *module)
{
    st->Watch = PyType_FromModuleAndSpec(module, &spec, NULL);
    return st->Watch ? 0 : -1;
}
