/* The one argument parser for METH_FASTCALL | METH_KEYWORDS methods. */
#ifndef HDPY_ARGS_H
#define HDPY_ARGS_H

#include "module/state.h"

typedef struct hdpy_signature {
    const char *name;          /* of the function, for messages */
    const char *const *params; /* names in order, NULL at the end */
    int n_positional;          /* how many may be given by position; the others are keyword-only */
    int n_required;
} hdpy_signature;

/* Fills `out` (one slot per parameter, preset by the caller to its defaults) with borrowed references.
 * -1: TypeError as CPython words it. */
int hdpy_parse_args(const hdpy_signature *sig, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames,
                    PyObject **out);

/* The same for a method whose only parameter is required: the argument (borrowed); NULL: TypeError. */
static inline PyObject *
hdpy_parse_arg(const hdpy_signature *sig, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    PyObject *given = NULL;
    if (nargs == 1 && kwnames == NULL)
        return args[0];
    return hdpy_parse_args(sig, args, nargs, kwnames, &given) < 0 ? NULL : given;
}

/* Seconds, or None for no limit (HUGE_VAL). -1: TypeError, ValueError. */
int hdpy_parse_timeout(PyObject *timeout, double *seconds);

/* Methods of a type that are defined in another file than the type. The table ends with a NULL name. */
int hdpy_add_methods(PyTypeObject *type, PyMethodDef *methods);

/* Gives the type's __init__ a docstring that begins with its signature, for inspect.signature(); the slot stays what it
 * is, in derived classes too. `own` must outlive the type. */
int hdpy_document_init(PyTypeObject *type, struct wrapperbase *own, const char *doc);

#endif
