#include "adapt/transformer.h"

#include "objects/connection.h"

#include <structmember.h>

hdpy_settings *
hdpy_transformer_settings(hdpy_state *st, PyObject *transformer)
{
    if (!PyObject_TypeCheck(transformer, (PyTypeObject *)st->Transformer) ||
        ((hdpy_transformer *)transformer)->connection == NULL) {
        PyErr_SetString(PyExc_TypeError, "a Transformer is needed");
        return NULL;
    }
    PyObject *conn = ((hdpy_transformer *)transformer)->connection;
    HDPY_GUARD(conn);
    if (PyObject_TypeCheck(conn, (PyTypeObject *)st->BaseConnection))
        return (hdpy_settings *)Py_XNewRef((PyObject *)hdpy_connection_settings((hdpy_connection *)conn));
    return hdpy_settings_new(st, NULL, NULL, NULL, NULL);
}

/* ---- life */

static int
transformer_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"context", NULL};
    hdpy_transformer *t = (hdpy_transformer *)self;
    hdpy_state *st = hdpy_state_of_type(Py_TYPE(self));
    PyObject *context = Py_None;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Transformer", keywords, &context))
        return -1;
    bool given = context != Py_None;
    PyObject *map = Py_XNewRef(given ? NULL : st->global_map);
    PyObject *connection = given ? NULL : Py_NewRef(Py_None);
    if (given) {
        map = PyObject_GetAttr(context, st->str_adapters);
        connection = map ? PyObject_GetAttr(context, st->str_connection) : NULL;
    }
    PyObject *methods = PyDict_New();
    if (map == NULL || connection == NULL || methods == NULL || hdpy_context_set_map(&t->context, st, map) < 0) {
        Py_XDECREF(map);
        Py_XDECREF(connection);
        Py_XDECREF(methods);
        return -1;
    }
    Py_DECREF(map);
    Py_XSETREF(t->made_for, (hdpy_adapters *)Py_NewRef((PyObject *)hdpy_context_adapters(&t->context)));
    Py_XSETREF(t->connection, connection);
    Py_XSETREF(t->load_methods, methods);
    return 0;
}

static int
transformer_traverse(PyObject *self, visitproc visit, void *arg)
{
    hdpy_transformer *t = (hdpy_transformer *)self;
    Py_VISIT(Py_TYPE(self));
    HDPY_CONTEXT_VISIT(&t->context);
    Py_VISIT((PyObject *)t->made_for);
    Py_VISIT(t->connection);
    Py_VISIT(t->load_methods);
    return 0;
}

/* The map and the connection stay: whoever still adapts with it needs them. */
static int
transformer_clear(PyObject *self)
{
    hdpy_transformer *t = (hdpy_transformer *)self;
    if (t->load_methods != NULL)
        PyDict_Clear(t->load_methods);
    return 0;
}

static void
transformer_dealloc(PyObject *self)
{
    hdpy_transformer *t = (hdpy_transformer *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    hdpy_context_clear(&t->context);
    Py_XDECREF((PyObject *)t->made_for);
    Py_XDECREF(t->connection);
    Py_XDECREF(t->load_methods);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
get_adapters(PyObject *self, void *closure)
{
    PyObject *map = ((hdpy_transformer *)self)->context.map;
    return Py_NewRef(map ? map : Py_None);
}

static PyObject *
get_encoding(PyObject *self, void *closure)
{
    hdpy_settings *settings = hdpy_transformer_settings(hdpy_state_of_type(Py_TYPE(self)), self);
    PyObject *encoding = settings ? Py_NewRef(settings->encoding) : NULL;
    Py_XDECREF((PyObject *)settings);
    return encoding;
}

static PyGetSetDef getset[] = {
    {"adapters", get_adapters, NULL, PyDoc_STR("The AdaptersMap it looks adapters up in."), NULL},
    {"encoding", get_encoding, NULL, PyDoc_STR("Python's name of the session's client_encoding."), NULL},
    {NULL},
};

static PyMemberDef members[] = {
    {"connection", T_OBJECT, offsetof(hdpy_transformer, connection), READONLY,
     "The connection for which it adapts, or None."},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_init, transformer_init},
    {Py_tp_dealloc, transformer_dealloc},
    {Py_tp_traverse, transformer_traverse},
    {Py_tp_clear, transformer_clear},
    {Py_tp_getset, getset},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.Transformer",
    .basicsize = sizeof(hdpy_transformer),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .slots = slots,
};

int
hdpy_transformer_init(hdpy_state *st, PyObject *module)
{
    st->Transformer = PyType_FromModuleAndSpec(module, &spec, NULL);
    if (st->Transformer == NULL)
        return -1;
    return PyModule_AddObjectRef(module, "Transformer", st->Transformer);
}
