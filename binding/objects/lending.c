#include "objects/lending.h"

#include "module/state.h"
#include "wait/exchange.h"

#include <time.h>

PyObject *
hdpy_connection_still_alive(PyObject *self, PyObject *watch)
{
    HDPY_GUARD(self);
    long fd = PyLong_AsLong(watch);
    if (fd == -1 && PyErr_Occurred())
        return NULL;
    return PyBool_FromLong(hdpy_still_alive((hdpy_connection *)self, (int)fd));
}

/* lend(pop, pool) */
static PyObject *
lend(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    hdpy_state *st = hdpy_state_of_module(module);
    if (nargs != 2) {
        PyErr_SetString(PyExc_TypeError, "lend() takes a deque's popleft and a pool");
        return NULL;
    }
    PyObject *first = PyObject_CallNoArgs(args[0]);
    if (first == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_IndexError))
            return NULL;
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    if (!PyObject_TypeCheck(first, (PyTypeObject *)st->BaseConnection)) {
        PyErr_SetString(PyExc_TypeError, "lend() takes the popleft of a deque of connections");
        Py_DECREF(first);
        return NULL;
    }
    HDPY_GUARD(first);
    Py_XSETREF(((hdpy_connection *)first)->pool, Py_NewRef(args[1]));
    return first;
}

/* No longer lent: `push` keeps it. */
static bool
rest(hdpy_connection *conn, PyObject *push)
{
    PyObject *pool = conn->pool;
    conn->pool = Py_NewRef(Py_None); /* first: without a GIL another thread may lend it as soon as it is there */
    PyObject *done = PyObject_CallOneArg(push, (PyObject *)conn);
    if (done == NULL) {
        Py_SETREF(conn->pool, pool);
        return false;
    }
    Py_DECREF(done);
    Py_XDECREF(pool);
    return true;
}

PyObject *
hdpy_connection_rest(PyObject *self, PyObject *push)
{
    HDPY_GUARD(self);
    if (!rest((hdpy_connection *)self, push))
        return NULL;
    Py_RETURN_NONE;
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

/* take_back(conn, pool, push) */
static PyObject *
take_back(PyObject *module, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 3) {
        PyErr_SetString(PyExc_TypeError, "take_back() takes a connection, a pool and a deque's append");
        return NULL;
    }
    if (!PyObject_TypeCheck(args[0], (PyTypeObject *)hdpy_state_of_module(module)->BaseConnection))
        Py_RETURN_FALSE;
    hdpy_connection *conn = (hdpy_connection *)args[0];
    HDPY_GUARD(conn);
    bool taken = conn->pool == args[1] && is_idle(conn) && !is_expired(conn);
    if (taken && !rest(conn, args[2]))
        return NULL;
    return PyBool_FromLong(taken);
}

static PyMethodDef functions[] = {
    {"lend", (PyCFunction)(void (*)(void))lend, METH_FASTCALL,
     PyDoc_STR("lend($module, pop, pool, /)\n--\n\n"
               "The first connection of a deque, which the pool has lent from now on; None: there is none.\n\n"
               "pop: the deque's popleft.")},
    {"take_back", (PyCFunction)(void (*)(void))take_back, METH_FASTCALL,
     PyDoc_STR("take_back($module, conn, pool, push, /)\n--\n\n"
               "Whether the pool has lent the connection and can lend it again as it is: idle, and not too old.\n\n"
               "If so, it is at the end of a deque, and not lent any more. push: the deque's append.")},
    {NULL},
};

int
hdpy_lending_init(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
