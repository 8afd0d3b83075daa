/* Loaders written in Python: one instance per type and Transformer, called with the bytes. */
#include "adapt/transformer.h"

/* The instance's load(), kept by the Transformer: a new reference. `key` is oid << 1 | format. */
static PyObject *
method_of(hdpy_state *st, PyObject *transformer, PyObject *key)
{
    PyObject *methods = ((hdpy_transformer *)transformer)->load_methods; // borrowed
    PyObject *method = PyDict_GetItemWithError(methods, key);
    if (method != NULL || PyErr_Occurred())
        return Py_XNewRef(method);
    Py_INCREF(methods); /* the loader's class may set the Transformer up anew */
    unsigned long long n = PyLong_AsUnsignedLongLong(key);
    PyObject *oid = PyLong_FromUnsignedLongLong(n >> 1);
    PyObject *format = PyLong_FromUnsignedLongLong(n & 1);
    PyObject *loader = NULL;
    if (oid != NULL && format != NULL)
        loader = PyObject_CallMethodObjArgs(transformer, st->str_get_loader, oid, format, NULL);
    method = loader ? PyObject_GetAttr(loader, st->str_load) : NULL;
    if (method != NULL && PyDict_SetItem(methods, key, method) < 0)
        Py_CLEAR(method);
    Py_DECREF(methods);
    Py_XDECREF(oid);
    Py_XDECREF(format);
    Py_XDECREF(loader);
    return method;
}

PyObject *
hdpy_load_by_python(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    PyObject *transformer = Py_XNewRef(hdpy_context_transformer(ctx->context, ctx->st, ctx->owner));
    PyObject *method = transformer ? method_of(ctx->st, transformer, self->data) : NULL;
    PyObject *data = method ? hdpy_as_sent(ctx->settings, src) : NULL;
    PyObject *value = data ? PyObject_CallOneArg(method, data) : NULL;
    Py_XDECREF(transformer);
    Py_XDECREF(method);
    Py_XDECREF(data);
    return value;
}
