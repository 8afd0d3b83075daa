#include "objects/block.h"

#include "module/errors.h"
#include "module/state.h"
#include "objects/connection.h"

enum { MOST_SIGNALS = 5 }; /* that may interrupt the undoing of a block one after the other */

/* Closes the block's connection, for which no memory is needed: nothing of the block may be left, and to undo it takes some.
 */
static void
close_connection(PyObject *self)
{
    hdpy_state *st = hdpy_state_of_type(Py_TYPE(self));
    PyObject *names[] = {st->str_conn, st->str_connection};
    PyObject *conn = NULL;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(names) && conn == NULL; i++) {
        PyErr_Clear();
        conn = PyObject_GetAttr(self, names[i]);
    }
    if (conn != NULL && PyObject_TypeCheck(conn, (PyTypeObject *)st->BaseConnection))
        hdpy_connection_close((hdpy_connection *)conn);
    PyErr_Clear();
    Py_XDECREF(conn);
}

/* Calls _undo() until it gets through, then _give_up(). The current exception stays. */
static void
undo(PyObject *self)
{
    PyObject *interruption = hdpy_take_exception();
    PyObject *done = NULL;
    for (int i = 0; i < MOST_SIGNALS && done == NULL; i++) {
        PyErr_Clear();
        done = PyObject_CallMethod(self, "_undo", NULL);
    }
    if (done == NULL) {
        PyErr_Clear();
        done = PyObject_CallMethod(self, "_give_up", NULL);
    }
    if (done == NULL) {
        PyErr_WriteUnraisable(self);
        close_connection(self);
    }
    Py_XDECREF(done);
    hdpy_raise(interruption);
}

static PyObject *
enter(PyObject *self, PyObject *unused)
{
    PyObject *entered = PyObject_CallMethod(self, "_enter", NULL);
    if (entered == NULL)
        undo(self);
    return entered;
}

/* __exit__(type, exception, traceback) */
static PyObject *
leave(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    if (nargs != 3) {
        PyErr_Format(PyExc_TypeError, "__exit__() takes 3 arguments (%zd given)", nargs);
        return NULL;
    }
    PyObject *left = PyObject_CallMethod(self, "_exit", "O", args[1]);
    if (left == NULL)
        undo(self);
    return left;
}

static PyMethodDef methods[] = {
    {"__enter__", enter, METH_NOARGS,
     PyDoc_STR("__enter__($self, /)\n--\n\nEnters the block. Raises what _enter() does.")},
    {"__exit__", (PyCFunction)(void (*)(void))leave, METH_FASTCALL,
     PyDoc_STR("__exit__($self, exc_type, exc_val, exc_tb, /)\n--\n\n"
               "Ends the block; whether its exception ends here. Raises what _exit() does.")},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_methods, methods},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.Block",
    .basicsize = sizeof(PyObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = slots,
};

int
hdpy_block_init(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, NULL);
    int rc = type ? PyModule_AddObjectRef(module, "Block", type) : -1;
    Py_XDECREF(type);
    return rc;
}
