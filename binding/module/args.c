#include "module/args.h"

/* The names of parameters are ASCII. */
static int
find(const hdpy_signature *sig, PyObject *name)
{
    if (PyUnicode_READY(name) < 0 || !PyUnicode_IS_ASCII(name))
        return -1;
    const char *text = (const char *)PyUnicode_1BYTE_DATA(name);
    size_t n = (size_t)PyUnicode_GET_LENGTH(name);
    for (int i = 0; sig->params[i] != NULL; i++) {
        const char *param = sig->params[i];
        if (param[0] == text[0] && strlen(param) == n && memcmp(param, text, n) == 0)
            return i;
    }
    return -1;
}

int
hdpy_parse_args(const hdpy_signature *sig, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames, PyObject **out)
{
    if (nargs > sig->n_positional) {
        PyErr_Format(PyExc_TypeError, "%s() takes at most %d positional arguments (%zd given)", sig->name,
                     sig->n_positional, nargs);
        return -1;
    }
    for (Py_ssize_t i = 0; i < nargs; i++)
        out[i] = args[i];

    uint32_t given = (1u << nargs) - 1;
    Py_ssize_t n_keywords = kwnames ? PyTuple_GET_SIZE(kwnames) : 0;
    for (Py_ssize_t k = 0; k < n_keywords; k++) {
        PyObject *name = PyTuple_GET_ITEM(kwnames, k);
        int i = find(sig, name);
        if (i < 0) {
            PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", sig->name, name);
            return -1;
        }
        if (given & (1u << i)) {
            PyErr_Format(PyExc_TypeError, "%s() got multiple values for argument '%U'", sig->name, name);
            return -1;
        }
        given |= 1u << i;
        out[i] = args[nargs + k];
    }
    for (int i = 0; i < sig->n_required; i++) {
        if (!(given & (1u << i))) {
            PyErr_Format(PyExc_TypeError, "%s() missing required argument: '%s'", sig->name, sig->params[i]);
            return -1;
        }
    }
    return 0;
}

int
hdpy_add_methods(PyTypeObject *type, PyMethodDef *methods)
{
    for (PyMethodDef *def = methods; def->ml_name != NULL; def++) {
        PyObject *method = PyDescr_NewMethod(type, def);
        int rc = method ? PyObject_SetAttrString((PyObject *)type, def->ml_name, method) : -1;
        Py_XDECREF(method);
        if (rc < 0)
            return -1;
    }
    return 0;
}

int
hdpy_document_init(PyTypeObject *type, struct wrapperbase *own, const char *doc)
{
    PyObject *init = PyObject_GetAttrString((PyObject *)type, "__init__");
    if (init == NULL)
        return -1;
    if (!Py_IS_TYPE(init, &PyWrapperDescr_Type)) {
        Py_DECREF(init);
        PyErr_Format(PyExc_SystemError, "%s.__init__ is not a slot's", type->tp_name);
        return -1;
    }
    *own = *((PyWrapperDescrObject *)init)->d_base;
    own->doc = doc;
    PyObject *documented = PyDescr_NewWrapper(type, own, ((PyWrapperDescrObject *)init)->d_wrapped);
    int rc = documented ? PyObject_SetAttrString((PyObject *)type, "__init__", documented) : -1;
    Py_XDECREF(documented);
    Py_DECREF(init);
    return rc;
}

int
hdpy_parse_timeout(PyObject *timeout, double *seconds)
{
    *seconds = HUGE_VAL;
    if (timeout == Py_None)
        return 0;
    *seconds = PyFloat_AsDouble(timeout);
    if (*seconds == -1.0 && PyErr_Occurred())
        return -1;
    if (!isnan(*seconds))
        return 0;
    PyErr_SetString(PyExc_ValueError, "a timeout is a number of seconds, not NaN");
    return -1;
}
