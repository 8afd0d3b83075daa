/* The C part of psycopg's Transformer: where adapters written in Python find their context, and where one of each kind
 * is kept. */
#ifndef HDPY_TRANSFORMER_H
#define HDPY_TRANSFORMER_H

#include "adapt/adapters.h"

typedef struct hdpy_transformer {
    PyObject_HEAD
    hdpy_context context;
    hdpy_adapters *made_for; /* what was registered when it was made */
    PyObject *connection;    /* or None */
    PyObject *load_methods;  /* dict: oid << 1 | format to the load() of a Loader */
} hdpy_transformer;

/* The session settings under which it adapts: a new reference. */
hdpy_settings *hdpy_transformer_settings(hdpy_state *st, PyObject *transformer);

/* What its use is guarded by (borrowed): its connection, or itself without one. */
static inline PyObject *
hdpy_transformer_guard(PyObject *transformer)
{
    PyObject *connection = ((hdpy_transformer *)transformer)->connection;
    return connection != Py_None ? connection : transformer;
}

int hdpy_transformer_init(hdpy_state *st, PyObject *module);

#endif
