/* What the extension keeps per interpreter. Nothing of it is a C static, so subinterpreters never share objects. */
#ifndef HDPY_STATE_H
#define HDPY_STATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "bytes/base.h"

/* One line per object: HDPY_STATE_OBJECTS(X) expands to the fields, to the traversal and to the clearing. */
#define HDPY_STATE_OBJECTS(X)                                                                                          \
    /* exceptions, given by howdah.errors through _howdah.register_errors() */                                        \
    X(Error)                                                                                                           \
    X(InterfaceError)                                                                                                  \
    X(DataError)                                                                                                       \
    X(OperationalError)                                                                                                \
    X(ProgrammingError)                                                                                                \
    X(NotSupportedError)                                                                                               \
    X(InternalError)                                                                                                   \
    /* classes of the standard library that values become */                                                          \
    X(Decimal)                                                                                                         \
    X(UUID)                                                                                                            \
    X(ZoneInfo)                                                                                                        \
    X(datetime_capsule)                                                                                                \
    X(json_loads)                                                                                                      \
    X(json_dumps)                                                                                                      \
    /* adapt/settings.c */                                                                                             \
    X(settings_type)                                                                                                   \
    X(timezones) /* name of a zone to its tzinfo */                                                                    \
    X(str_fromutc)                                                                                                     \
    X(str_utcoffset)

typedef struct hdpy_state {
#define HDPY_FIELD(name) PyObject *name;
    HDPY_STATE_OBJECTS(HDPY_FIELD)
#undef HDPY_FIELD
    void *datetime_api; /* what datetime_capsule holds: see adapt/datetime_api.h */
} hdpy_state;

extern struct PyModuleDef hdpy_module_def;

static inline hdpy_state *
hdpy_state_of_module(PyObject *module)
{
    return (hdpy_state *)PyModule_GetState(module);
}

/* For methods and slots of our types and of their Python subclasses. */
static inline hdpy_state *
hdpy_state_of_type(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030b0000
    PyObject *module = PyType_GetModuleByDef(type, &hdpy_module_def);
#else
    PyObject *module = NULL;
    for (PyTypeObject *t = type; t != NULL && module == NULL; t = t->tp_base) {
        if (t->tp_flags & Py_TPFLAGS_HEAPTYPE) {
            module = ((PyHeapTypeObject *)t)->ht_module;
            if (module != NULL && PyModule_GetDef(module) != &hdpy_module_def)
                module = NULL;
        }
    }
#endif
    return hdpy_state_of_module(module);
}

#endif
