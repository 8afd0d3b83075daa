/* How instances of a class are made of rows: what cls(column=value, ...) would do, settled once for a result. */
#ifndef HDPY_BLUEPRINT_H
#define HDPY_BLUEPRINT_H

#include "module/state.h"

typedef struct hdpy_blueprint {
    PyObject_VAR_HEAD PyTypeObject *cls;
    unsigned version; /* of the class, which Python changes with every change of it */
    PyObject *init;   /* its __init__, a function ... */
    PyObject *code;   /* ... with this code */
    PyObject *names;  /* attributes to assign in place of calling it, in this order; NULL: call it */
    PyObject *kwnames;
    Py_ssize_t positional;
    struct {
        Py_ssize_t place;  /* of the column's value among the values */
        Py_ssize_t offset; /* of the value's slot in the instance; 0: assign it as an attribute */
    } at[];
} hdpy_blueprint;

/* `assigns` is the code of an __init__ that assigns each parameter to the attribute of its name and does nothing else,
 * or None: if the class has this __init__ and the columns are its parameters, it need not be called. The names of the
 * columns are distinct. Py_None: the class has to be called, since it decides itself what that means. */
PyObject *hdpy_blueprint_new(hdpy_state *st, PyObject *cls, PyObject *names, PyObject *assigns);

/* Whether the class is as it was. */
static inline bool
hdpy_blueprint_holds(const hdpy_blueprint *print)
{
    return print->cls->tp_version_tag == print->version && PyFunction_GET_CODE(print->init) == print->code;
}

/* An instance of `values`, each at its place, which it may take: then they are NULL. values[-1] is lent. `many`: one of
 * many that are made in a row, see hdpy_hold_collector(). */
PyObject *hdpy_blueprint_make(const hdpy_blueprint *print, PyObject **values, bool many);

/* Around the allocation of one of many instances: the cyclic collector would find all those that have been made alive, again
 * and again, and it comes every 700. From 3.12 on CPython itself collects between two instructions of its bytecode only,
 * so not while rows are made. Nothing but the allocation may be between the two. */
static inline bool
hdpy_hold_collector(bool many)
{
#if PY_VERSION_HEX < 0x030c0000
    return many && PyGC_Disable();
#else
    return false;
#endif
}

static inline void
hdpy_release_collector(bool held)
{
    if (held)
        PyGC_Enable();
}

int hdpy_blueprint_init(hdpy_state *st, PyObject *module);

#endif
