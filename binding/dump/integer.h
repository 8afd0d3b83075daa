/* The value of an int. */
#ifndef HDPY_DUMP_INTEGER_H
#define HDPY_DUMP_INTEGER_H

#include <Python.h>
#if PY_VERSION_HEX < 0x030b0000
#include <longintrepr.h>
#endif

#include <stdbool.h>

/* Whether it is an int of one digit (less than 2**30, whatever its sign), as most are. */
static inline bool
hdpy_is_small_int(PyObject *obj)
{
#if PY_VERSION_HEX >= 0x030c0000
    return PyLong_CheckExact(obj) && PyUnstable_Long_IsCompact((PyLongObject *)obj);
#else
    return PyLong_CheckExact(obj) && Py_SIZE(obj) >= -1 && Py_SIZE(obj) <= 1;
#endif
}

static inline int32_t
hdpy_small_int(PyObject *obj)
{
#if PY_VERSION_HEX >= 0x030c0000
    return (int32_t)PyUnstable_Long_CompactValue((PyLongObject *)obj);
#else
    return (int32_t)Py_SIZE(obj) * (int32_t)((PyLongObject *)obj)->ob_digit[0];
#endif
}

/* PyLong_AsLongLongAndOverflow(), without a call for a small one. */
static inline long long
hdpy_int_value(PyObject *obj, int *overflow)
{
    if (hdpy_is_small_int(obj)) {
        *overflow = 0;
        return hdpy_small_int(obj);
    }
    return PyLong_AsLongLongAndOverflow(obj, overflow);
}

#endif
