/* The value of an int. */
#ifndef HDPY_DUMP_INTEGER_H
#define HDPY_DUMP_INTEGER_H

#include <Python.h>
#if PY_VERSION_HEX < 0x030b0000
#include <longintrepr.h>
#endif

/* PyLong_AsLongLongAndOverflow(), without a call for an int of one digit (up to 2**30), as most are. */
static inline long long
hdpy_int_value(PyObject *obj, int *overflow)
{
#if PY_VERSION_HEX >= 0x030c0000
    if (PyLong_CheckExact(obj) && PyUnstable_Long_IsCompact((PyLongObject *)obj)) {
        *overflow = 0;
        return PyUnstable_Long_CompactValue((PyLongObject *)obj);
    }
#else
    if (PyLong_CheckExact(obj) && Py_SIZE(obj) >= -1 && Py_SIZE(obj) <= 1) {
        *overflow = 0;
        return Py_SIZE(obj) * (long long)((PyLongObject *)obj)->ob_digit[0];
    }
#endif
    return PyLong_AsLongLongAndOverflow(obj, overflow);
}

#endif
