/* Exclusion where no GIL provides it (PEP 703's free-threaded build); on other builds nothing of it is left.
 *
 * A connection and what belongs to it (cursors, results, streams, copies, operations, lanes) are one domain, guarded by
 * the connection object. Every function by which Python gets into the domain has HDPY_GUARD() on top. It is held as the
 * GIL would be: given up while the thread waits, and maybe while it runs Python code or frees objects, but never within
 * a stretch of plain C. So what is right under the GIL is right here. What connections share, each has a rule of its
 * own: see docs/architecture.md, "Threads without a GIL". */
#ifndef HDPY_GUARD_H
#define HDPY_GUARD_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdbool.h>

#ifdef Py_GIL_DISABLED

typedef struct hdpy_guard {
    PyCriticalSection section;
    PyObject *object; /* owned; NULL: nothing was entered */
} hdpy_guard;

/* Entered once more, a critical section of 3.13 waits for itself before it is given up. */
static inline bool
hdpy_guard_is_innermost(PyObject *object)
{
#if PY_VERSION_HEX < 0x030e0000
    uintptr_t section = PyThreadState_GetUnchecked()->critical_section; /* the low bits: two objects, inactive */
    return section != 0 && (section & 3) == 0 && ((PyCriticalSection *)section)->_cs_mutex == &object->ob_mutex;
#else
    return false;
#endif
}

static inline void
hdpy_guard_enter(hdpy_guard *guard, PyObject *object)
{
    guard->object = object != NULL && !hdpy_guard_is_innermost(object) ? Py_NewRef(object) : NULL;
    if (guard->object != NULL)
        PyCriticalSection_Begin(&guard->section, object);
}

static inline void
hdpy_guard_leave(hdpy_guard *guard)
{
    if (guard->object == NULL)
        return;
    PyCriticalSection_End(&guard->section);
    Py_DECREF(guard->object);
}

/* To the end of the block. `of`: any object, or NULL for none. */
#define HDPY_GUARD(of)                                                                                               \
    __attribute__((cleanup(hdpy_guard_leave))) hdpy_guard hdpy_guard_of_block;                                       \
    hdpy_guard_enter(&hdpy_guard_of_block, (PyObject *)(of))

/* For an object to which a borrowed pointer leads that its deallocation clears, guarded: hdpy_try_ref() then tells whether
 * it still lives. */
void hdpy_allow_try_ref(PyObject *object);
bool hdpy_try_ref(PyObject *object);

#define HDPY_LOAD(place) __atomic_load_n(&(place), __ATOMIC_ACQUIRE)
#define HDPY_STORE(place, value) __atomic_store_n(&(place), (value), __ATOMIC_RELEASE)

#else

#define HDPY_GUARD(of) ((void)0)

static inline void
hdpy_allow_try_ref(PyObject *object)
{
}

static inline bool
hdpy_try_ref(PyObject *object)
{
    Py_INCREF(object);
    return true;
}

#define HDPY_LOAD(place) (place)
#define HDPY_STORE(place, value) ((place) = (value))

#endif

/* The item of a list or tuple, which Python code may change meanwhile: a new reference, NULL without an exception past
 * the end. */
static inline PyObject *
hdpy_item(PyObject *sequence, Py_ssize_t i)
{
#ifdef Py_GIL_DISABLED
    if (PyList_Check(sequence)) {
        PyObject *item = PyList_GetItemRef(sequence, i);
        if (item == NULL)
            PyErr_Clear();
        return item;
    }
#endif
    return i < PySequence_Fast_GET_SIZE(sequence) ? Py_NewRef(PySequence_Fast_GET_ITEM(sequence, i)) : NULL;
}

#endif
