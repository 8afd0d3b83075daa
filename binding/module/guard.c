#include "module/guard.h"

#ifdef Py_GIL_DISABLED

#if PY_VERSION_HEX >= 0x030e0000

void
hdpy_allow_try_ref(PyObject *object)
{
    PyUnstable_EnableTryIncRef(object);
}

bool
hdpy_try_ref(PyObject *object)
{
    return PyUnstable_TryIncRef(object);
}

#else /* 3.13 has the same for weak references only: see _Py_TryIncref() in its pycore_object.h */

void
hdpy_allow_try_ref(PyObject *object)
{
    Py_ssize_t shared = _Py_atomic_load_ssize_relaxed(&object->ob_ref_shared);
    while ((shared & _Py_REF_SHARED_FLAG_MASK) == 0 &&
           !_Py_atomic_compare_exchange_ssize(&object->ob_ref_shared, &shared, shared | _Py_REF_MAYBE_WEAKREF))
        ;
}

bool
hdpy_try_ref(PyObject *object)
{
    uint32_t local = _Py_atomic_load_uint32_relaxed(&object->ob_ref_local) + 1;
    if (local == 0) /* immortal */
        return true;
    if (_Py_IsOwnedByCurrentThread(object)) {
        _Py_atomic_store_uint32_relaxed(&object->ob_ref_local, local);
        return true;
    }
    Py_ssize_t shared = _Py_atomic_load_ssize_relaxed(&object->ob_ref_shared);
    do {
        if (shared == 0 || shared == _Py_REF_MERGED)
            return false;
    } while (
        !_Py_atomic_compare_exchange_ssize(&object->ob_ref_shared, &shared, shared + (1 << _Py_REF_SHARED_SHIFT)));
    return true;
}

#endif

#else

typedef int hdpy_guard_is_empty; /* ISO C forbids an empty translation unit */

#endif
