#include "wait/face.h"

#include "module/errors.h"
#include "wait/exchange.h"

#include <errno.h>

enum { PORTION = 64 * 1024 }; /* bytes given away at a time: a transport takes as many, and then asks to be spared */

int
hdpy_face_open(hdpy_connection *conn, PyObject *loop, PyObject *sock)
{
    hdpy_watch *watch = conn->watch;
    PyObject *cls = hdpy_import_once(&conn->st->Face, "howdah._face", "Face"); // borrowed
    watch->opened = watch->stuffed = watch->paused = false;
    if (cls != NULL)
        watch->face = PyObject_CallFunction(cls, "OOiO", (PyObject *)watch, loop, conn->fd, sock ? sock : Py_None);
    return watch->face ? 0 : -1;
}

static void
forget_room(hdpy_watch *watch)
{
    hd_chunk_unref(watch->chunk);
    watch->chunk = NULL;
    watch->at = NULL;
    watch->room = watch->arrived = 0;
}

bool
hdpy_face_close(hdpy_watch *watch)
{
    PyObject *type, *value, *traceback;
    PyObject *face = watch->face;
    if (face == NULL)
        return false;
    PyErr_Fetch(&type, &value, &traceback);
    watch->face = NULL;
    forget_room(watch);
    PyObject *dropped = PyObject_CallMethod(face, "close", NULL);
    if (dropped == NULL)
        PyErr_WriteUnraisable(face);
    bool some = dropped != Py_False;
    Py_XDECREF(dropped);
    Py_DECREF(face);
    PyErr_Restore(type, value, traceback);
    return some;
}

void
hdpy_face_pause(hdpy_watch *watch, bool pause)
{
    PyObject *type, *value, *traceback;
    if (watch->paused == pause)
        return;
    PyErr_Fetch(&type, &value, &traceback);
    watch->paused = pause;
    PyObject *done = PyObject_CallMethod(watch->face, pause ? "pause_reading" : "resume_reading", NULL);
    if (done == NULL)
        PyErr_WriteUnraisable(watch->face);
    Py_XDECREF(done);
    PyErr_Restore(type, value, traceback);
}

/* ---- instead of system calls */

ssize_t
hdpy_face_send(hdpy_watch *watch, const void *p, size_t n)
{
    PyObject *type, *value, *traceback;
    if (watch->stuffed || watch->failure != NULL) {
        errno = watch->failure ? EPIPE : EAGAIN;
        return -1;
    }
    if (!watch->opened) /* nothing of ours waits there yet */
        return send(watch->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
    PyErr_Fetch(&type, &value, &traceback);
    if (n > PORTION)
        n = PORTION;
    PyObject *bytes = PyBytes_FromStringAndSize(p, (Py_ssize_t)n);
    PyObject *face = Py_NewRef(watch->face);
    PyObject *done = bytes ? PyObject_CallMethodOneArg(face, watch->conn->st->str_write, bytes) : NULL;
    if (done == NULL)
        Py_XSETREF(watch->failure, hdpy_take_exception());
    bool taken = done != NULL;
    Py_XDECREF(done);
    Py_XDECREF(bytes);
    Py_DECREF(face);
    PyErr_Restore(type, value, traceback);
    errno = EPIPE; /* nobody knows how much was taken */
    return taken ? (ssize_t)n : -1;
}

ssize_t
hdpy_face_receive(hdpy_watch *watch, void *to, size_t room)
{
    size_t n = watch->arrived < room ? watch->arrived : room;
    if (n == 0) {
        errno = EAGAIN;
        return -1;
    }
    if (to != watch->at)
        memmove(to, watch->at, n);
    watch->at += n;
    watch->arrived -= n;
    return (ssize_t)n;
}

int
hdpy_face_raise(hdpy_connection *conn)
{
    PyObject *failure = conn->watch ? conn->watch->failure : NULL;
    if (failure == NULL)
        return 0;
    conn->watch->failure = NULL;
    hdpy_connection_lose_because(conn, "the connection was closed: the event loop failed to send");
    hdpy_raise(failure);
    return -1;
}

/* ---- what the protocol calls */

/* A view of the room; it keeps the chunk for as long as the loop keeps it. */
int
hdpy_face_get_buffer(PyObject *self, Py_buffer *view, int flags)
{
    hdpy_watch *watch = (hdpy_watch *)self;
    if (watch->chunk == NULL) {
        view->obj = NULL;
        PyErr_SetString(PyExc_BufferError, "nothing is being received");
        return -1;
    }
    if (PyBuffer_FillInfo(view, self, watch->at, (Py_ssize_t)watch->room, 0, flags) < 0)
        return -1;
    view->internal = hd_chunk_ref(watch->chunk);
    return 0;
}

void
hdpy_face_release_buffer(PyObject *self, Py_buffer *view)
{
    hd_chunk_unref(view->internal);
}

/* NULL without an exception where nothing is to be received. */
static PyObject *
make_room(hdpy_watch *watch, hdpy_connection *conn)
{
    HDPY_GUARD(conn);
    if (watch->face == NULL)
        return NULL;
    forget_room(watch); /* so that the inbox may use that again */
    watch->at = hd_inbox_reserve(&conn->session.in, &watch->room);
    if (watch->at == NULL)
        return PyErr_NoMemory();
    watch->chunk = hd_chunk_ref(conn->session.in.chunk);
    return PyMemoryView_FromObject((PyObject *)watch);
}

/* room(): where to receive into. */
PyObject *
hdpy_face_room(PyObject *self, PyObject *unused)
{
    hdpy_watch *watch = (hdpy_watch *)self;
    hdpy_connection *conn = hdpy_watch_connection(watch);
    PyObject *view = conn != NULL ? make_room(watch, conn) : NULL;
    Py_XDECREF((PyObject *)conn);
    if (view == NULL && !PyErr_Occurred())
        PyErr_SetString(PyExc_RuntimeError, "the connection is not received from");
    return view;
}

/* False: the transport was given up meanwhile. */
static bool
take(hdpy_watch *watch, hdpy_connection *conn, size_t n)
{
    HDPY_GUARD(conn);
    if (watch->face == NULL)
        return false;
    watch->arrived = n;
    watch->room = 0;
    for (size_t left = n + 1; conn->fd >= 0 && watch->arrived != 0 && watch->arrived < left;) {
        left = watch->arrived;
        hdpy_receive(conn);
    }
    hdpy_watch_rest(conn);
    return true;
}

/* As hdpy_watch_report(), if `any`. Steals the reference. */
static PyObject *
report(hdpy_watch *watch, hdpy_connection *conn, bool any)
{
    if (any)
        return hdpy_watch_report(watch, conn);
    Py_DECREF((PyObject *)conn);
    Py_RETURN_NONE;
}

/* arrived(n): so many bytes are in the room. */
PyObject *
hdpy_face_arrived(PyObject *self, PyObject *count)
{
    hdpy_watch *watch = (hdpy_watch *)self;
    Py_ssize_t n = PyLong_AsSsize_t(count);
    if (n == -1 && PyErr_Occurred())
        return NULL;
    if (n < 0 || (size_t)n > watch->room) {
        PyErr_SetString(PyExc_ValueError, "the event loop received more than there was room for");
        return NULL;
    }
    hdpy_connection *conn = hdpy_watch_connection(watch);
    if (conn == NULL)
        Py_RETURN_NONE;
    return report(watch, conn, take(watch, conn, (size_t)n));
}

/* False: the transport had been given up. */
static bool
lose(hdpy_watch *watch, hdpy_connection *conn)
{
    HDPY_GUARD(conn);
    if (watch->face == NULL)
        return false;
    hdpy_watch_stop(conn);
    while (conn->fd >= 0 && hdpy_receive(conn)) {}
    bool ended = conn->request != NULL && conn->request->copy.ended; /* who reads will meet it */
    if ((conn->request != NULL && !ended) ||
        conn->lane != NULL) /* else another transport can be made when it is needed */
        hdpy_connection_lose_because(conn, "the connection was closed by the event loop");
    return true;
}

/* lost(): the transport has ended. */
PyObject *
hdpy_face_lost(PyObject *self, PyObject *unused)
{
    hdpy_watch *watch = (hdpy_watch *)self;
    hdpy_connection *conn = hdpy_watch_connection(watch);
    if (conn == NULL)
        Py_RETURN_NONE;
    return report(watch, conn, lose(watch, conn));
}
