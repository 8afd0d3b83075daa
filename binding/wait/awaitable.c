#include "wait/awaitable.h"

#include "wait/waiter.h"

PyObject *
hdpy_running_loop(hdpy_state *st)
{
    PyObject *get_running_loop = hdpy_import_once(&st->get_running_loop, "asyncio", "get_running_loop"); // borrowed
    return get_running_loop ? PyObject_CallNoArgs(get_running_loop) : NULL;
}

PyObject *
hdpy_future_new(hdpy_state *st, PyObject *loop, bool direct)
{
    if (direct)
        return hdpy_waiter_new(st, loop);
    PyObject *future = PyObject_CallMethodNoArgs(loop, st->str_create_future);
    if (future != NULL && PyObject_SetAttr(future, st->str_future_blocking, Py_True) < 0)
        Py_CLEAR(future);
    return future;
}

int
hdpy_future_wake(hdpy_state *st, PyObject *future, bool here)
{
    if (hdpy_is_waiter(st, future))
        return hdpy_waiter_wake(future, here);
    PyObject *done = PyObject_CallMethodNoArgs(future, st->str_done);
    if (done == Py_False)
        Py_SETREF(done, PyObject_CallMethodOneArg(future, st->str_set_result, Py_None));
    Py_XDECREF(done);
    return done ? 0 : -1;
}

PyObject *
hdpy_thrown(PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs < 1 || nargs > 3) {
        PyErr_SetString(PyExc_TypeError, "throw() takes one to three arguments");
        return NULL;
    }
    if (PyExceptionInstance_Check(args[0]))
        return Py_NewRef(args[0]);
    if (nargs > 1 && PyExceptionInstance_Check(args[1]))
        return Py_NewRef(args[1]);
    PyObject *made = NULL;
    if (PyExceptionClass_Check(args[0])) {
        made = nargs > 1 && args[1] != Py_None ? PyObject_CallOneArg(args[0], args[1]) : PyObject_CallNoArgs(args[0]);
        if (made == NULL || PyExceptionInstance_Check(made))
            return made;
    }
    PyErr_SetString(PyExc_TypeError, "exceptions must be classes or instances deriving from BaseException");
    Py_XDECREF(made);
    return NULL;
}

/* Made by hand: PyErr_SetObject would take a tuple for its arguments. */
static void
stop_iteration(PyObject *value)
{
    PyObject *stop = PyObject_CallOneArg(PyExc_StopIteration, value);
    if (stop != NULL) {
        PyErr_SetObject(PyExc_StopIteration, stop);
        Py_DECREF(stop);
    }
}

PyObject *
hdpy_iternext(PySendResult outcome, PyObject *result)
{
    if (outcome == PYGEN_NEXT)
        return result;
    if (outcome == PYGEN_RETURN) {
        stop_iteration(result);
        Py_DECREF(result);
    }
    return NULL;
}
