#include "objects/lending.h"

#include "wait/exchange.h"

#include <time.h>

/* -1: an exception. */
static int
is_alive(hdpy_connection *conn, PyObject *watch)
{
    long fd = PyLong_AsLong(watch);
    if (fd == -1 && PyErr_Occurred())
        return -1;
    return hdpy_still_alive(conn, (int)fd);
}

PyObject *
hdpy_connection_still_alive(PyObject *self, PyObject *watch)
{
    HDPY_GUARD(self);
    int alive = is_alive((hdpy_connection *)self, watch);
    return alive < 0 ? NULL : PyBool_FromLong(alive);
}

PyObject *
hdpy_connection_lend(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "_lend() takes a pool and a descriptor");
        return NULL;
    }
    int alive = is_alive(conn, args[1]);
    if (alive < 0)
        return NULL;
    if (alive)
        Py_XSETREF(conn->pool, Py_NewRef(args[0]));
    return PyBool_FromLong(alive);
}

static bool
is_idle(const hdpy_connection *conn)
{
    return conn->fd >= 0 && hd_session_is_idle(&conn->session) && !conn->begun &&
           conn->session.transaction_status == 'I';
}

static bool
is_expired(const hdpy_connection *conn)
{
    struct timespec now; /* the clock of time.monotonic() */
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9 >= conn->expires;
}

PyObject *
hdpy_connection_take_back(PyObject *self, PyObject *pool)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    bool taken = conn->pool == pool && is_idle(conn) && !is_expired(conn);
    if (taken)
        Py_XSETREF(conn->pool, Py_NewRef(Py_None));
    return PyBool_FromLong(taken);
}
