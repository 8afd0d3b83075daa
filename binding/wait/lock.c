#include "wait/lock.h"

#include "module/errors.h"

static int
enqueue(hdpy_lock *lock, PyObject *baton)
{
    if (lock->waiters == NULL && (lock->waiters = PyList_New(0)) == NULL)
        return -1;
    return PyList_Append(lock->waiters, baton);
}

int
hdpy_lock_enqueue(hdpy_lock *lock, PyObject *future)
{
    return enqueue(lock, future);
}

/* Takes a baton out of the queue; false if it isn't there, which means that it was handed the lock. */
static bool
withdraw(hdpy_lock *lock, PyObject *baton)
{
    Py_ssize_t n = PyList_GET_SIZE(lock->waiters);
    for (Py_ssize_t i = 0; i < n; i++) {
        if (PyList_GET_ITEM(lock->waiters, i) == baton)
            return PyList_SetSlice(lock->waiters, i, i + 1, NULL) == 0;
    }
    return false;
}

int
hdpy_lock_acquire(hdpy_state *st, hdpy_lock *lock, unsigned long me)
{
    if (hdpy_lock_try(lock)) {
        lock->owner = me;
        return 0;
    }
    if (me != 0 && lock->owner == me) {
        PyErr_SetString(st->ProgrammingError,
                        "the connection is already executing a command of this thread (called from a handler, an "
                        "adapter or a parameter iterator?)");
        return -1;
    }
    if (hdpy_import_once(&st->threading_Lock, "threading", "Lock") == NULL)
        return -1;
    PyObject *baton = PyObject_CallNoArgs(st->threading_Lock);
    if (baton == NULL)
        return -1;
    PyObject *taken = PyObject_CallMethodNoArgs(baton, st->str_acquire);
    int rc = taken == NULL ? -1 : enqueue(lock, baton);
    Py_XDECREF(taken);
    if (rc == 0) {
        taken = PyObject_CallMethodNoArgs(baton, st->str_acquire); /* until somebody hands over */
        if (taken == NULL) {
            if (!withdraw(lock, baton))
                hdpy_lock_release(st, lock);
            rc = -1;
        }
        Py_XDECREF(taken);
    }
    if (rc == 0)
        lock->owner = me;
    Py_DECREF(baton);
    return rc;
}

void
hdpy_lock_abandon(hdpy_state *st, hdpy_lock *lock, PyObject *future)
{
    if (withdraw(lock, future))
        return;
    PyObject *cancelled = PyObject_CallMethodNoArgs(future, st->str_cancelled);
    if (cancelled == NULL)
        PyErr_WriteUnraisable(future);
    else if (cancelled != Py_True) /* it has a result: the lock is ours to pass on */
        hdpy_lock_release(st, lock);
    Py_XDECREF(cancelled);
}

/* Wakes one waiter. False: it no longer waits, or can't be woken. */
static bool
hand_over(hdpy_state *st, PyObject *baton)
{
    PyObject *done = NULL;
    if (PyObject_HasAttr(baton, st->str_release)) {
        done = PyObject_CallMethodNoArgs(baton, st->str_release);
    }
    else {
        PyObject *over = PyObject_CallMethodNoArgs(baton, st->str_done);
        if (over == Py_False)
            done = PyObject_CallMethodOneArg(baton, st->str_set_result, Py_None);
        Py_XDECREF(over);
    }
    if (done == NULL && PyErr_Occurred())
        PyErr_WriteUnraisable(baton);
    Py_XDECREF(done);
    return done != NULL;
}

void
hdpy_lock_release(hdpy_state *st, hdpy_lock *lock)
{
    PyObject *type, *value, *traceback;
    lock->owner = 0;
    if (lock->waiters == NULL || PyList_GET_SIZE(lock->waiters) == 0) {
        lock->held = false;
        return;
    }
    PyErr_Fetch(&type, &value, &traceback);
    bool handed = false;
    while (!handed && PyList_GET_SIZE(lock->waiters) != 0) {
        PyObject *baton = Py_NewRef(PyList_GET_ITEM(lock->waiters, 0));
        if (PyList_SetSlice(lock->waiters, 0, 1, NULL) == 0)
            handed = hand_over(st, baton);
        Py_DECREF(baton);
    }
    lock->held = handed;
    PyErr_Restore(type, value, traceback);
}
