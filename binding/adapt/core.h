/* The C functions that stand behind howdah's Loader and Dumper classes, as Python objects.
 *
 * A class whose own `_core` is one of these takes the C road. A class derived from it does not: it may have overridden
 * anything. */
#ifndef HDPY_CORE_H
#define HDPY_CORE_H

#include "adapt/adapters.h"

typedef struct hdpy_loader_core {
    PyObject_HEAD
    hdpy_loader record; /* its `data` is owned */
} hdpy_loader_core;

typedef struct hdpy_dumper_core {
    PyObject_HEAD
    hdpy_dumper record; /* its `data` is owned */
} hdpy_dumper_core;

hdpy_loader_core *hdpy_loader_core_new(hdpy_state *st, hdpy_loader record);

/* The class's own `_core` if it is of this type (borrowed), or NULL without an exception. */
PyObject *hdpy_own_core(PyObject *cls, PyObject *core_type, hdpy_state *st);

int hdpy_core_init(hdpy_state *st, PyObject *module);

#endif
