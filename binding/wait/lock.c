#include "wait/lock.h"

#include "module/errors.h"

enum { SLICE_MS = 100 };

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

bool
hdpy_lock_withdraw(hdpy_lock *lock, PyObject *baton)
{
    Py_ssize_t n = lock->waiters ? PyList_GET_SIZE(lock->waiters) : 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        if (PyList_GET_ITEM(lock->waiters, i) == baton)
            return PyList_SetSlice(lock->waiters, i, i + 1, NULL) == 0;
    }
    return false;
}

/* Waits until somebody hands over, in slices: a signal that another thread was given doesn't end a wait. 1: it did; 0: the
 * deadline passed; -1: an exception. */
static int
take_baton(hdpy_state *st, PyObject *baton, hdpy_deadline deadline)
{
    for (;;) {
        double seconds = hdpy_deadline_left(deadline, SLICE_MS) / 1000.0;
        PyObject *taken = PyObject_CallMethod(baton, "acquire", "Od", Py_True, seconds);
        int yes = taken ? PyObject_IsTrue(taken) : -1;
        Py_XDECREF(taken);
        if (yes != 0 || hdpy_deadline_passed(deadline))
            return yes;
        if (PyErr_CheckSignals() < 0)
            return -1;
    }
}

int
hdpy_lock_wait(hdpy_state *st, hdpy_lock *lock, unsigned long me, hdpy_deadline deadline)
{
    if (me != 0 && lock->owner == me) {
        PyErr_SetString(st->ProgrammingError,
                        "the connection is already executing a command of this thread (called from a handler, an "
                        "adapter or a parameter iterator?)");
        return -1;
    }
    PyObject *cls = hdpy_import_once(&st->threading_Lock, "threading", "Lock"); // borrowed
    PyObject *baton = cls ? PyObject_CallNoArgs(cls) : NULL;
    if (baton == NULL)
        return -1;
    PyObject *taken = PyObject_CallMethodNoArgs(baton, st->str_acquire);
    if (taken != NULL && hdpy_lock_try(lock)) { /* it became free while the baton was made */
        lock->owner = me;
        Py_DECREF(taken);
        Py_DECREF(baton);
        return 0;
    }
    int rc = taken == NULL ? -1 : enqueue(lock, baton);
    Py_XDECREF(taken);
    if (rc == 0) {
        int handed = take_baton(st, baton, deadline);
        if (handed <= 0) {
            if (!hdpy_lock_withdraw(lock, baton))
                hdpy_lock_release(st, lock);
            if (handed == 0)
                hdpy_raise_timeout(st, NULL, false);
            rc = -1;
        }
    }
    if (rc == 0)
        lock->owner = me;
    Py_DECREF(baton);
    return rc;
}

void
hdpy_lock_abandon(hdpy_state *st, hdpy_lock *lock, PyObject *future)
{
    if (hdpy_lock_withdraw(lock, future))
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
    if (lock->suspended != 0) {
        lock->owed = true;
        return;
    }
    if (lock->waiters == NULL || PyList_GET_SIZE(lock->waiters) == 0) {
        lock->held = false;
        return;
    }
    PyErr_Fetch(&type, &value, &traceback);
    bool handed = false;
    while (!handed && lock->waiters != NULL && PyList_GET_SIZE(lock->waiters) != 0) {
        PyObject *baton = Py_NewRef(PyList_GET_ITEM(lock->waiters, 0));
        if (PyList_SetSlice(lock->waiters, 0, 1, NULL) == 0)
            handed = hand_over(st, baton);
        Py_DECREF(baton);
    }
    if (!handed) /* whoever it was handed to may have given it back by now */
        lock->held = false;
    PyErr_Restore(type, value, traceback);
}

void
hdpy_lock_suspend(hdpy_lock *lock)
{
    lock->suspended++;
    if (hdpy_lock_try(lock))
        lock->owed = true;
}

void
hdpy_lock_resume(hdpy_state *st, hdpy_lock *lock)
{
    if (--lock->suspended != 0 || !lock->owed)
        return;
    lock->owed = false;
    hdpy_lock_release(st, lock);
}
