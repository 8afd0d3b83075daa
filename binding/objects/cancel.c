#include "objects/cancel.h"

#include "module/errors.h"
#include "wire/frontend.h"

#include <structmember.h>

typedef struct hdpy_cancel {
    PyObject_HEAD
    hdpy_connection *conn; /* NULL once it has ended */
    PyObject *request;     /* bytes to send */
} hdpy_cancel;

PyObject *
hdpy_connection_cancel_begin(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    if (hdpy_connection_is_inherited(conn)) { /* what it would cancel is our parent's */
        PyErr_SetString(conn->st->OperationalError, "the connection belongs to the process that forked this one");
        return NULL;
    }
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_write_cancel_request(&w, conn->session.backend_pid, (hd_span){conn->session.key, conn->session.key_length});
    PyTypeObject *type = (PyTypeObject *)conn->st->Cancel;
    hdpy_cancel *cancel = (hdpy_cancel *)type->tp_alloc(type, 0);
    if (cancel != NULL && w.rc == HD_OK)
        cancel->request = PyBytes_FromStringAndSize((const char *)w.p, (Py_ssize_t)w.n);
    else if (cancel != NULL)
        hdpy_raise_rc(conn->st, w.rc);
    hd_writer_fini(&w);
    if (cancel != NULL && cancel->request == NULL)
        Py_CLEAR(cancel);
    if (cancel != NULL) {
        cancel->conn = (hdpy_connection *)Py_NewRef(self);
        hdpy_lock_suspend(&conn->lock);
    }
    return (PyObject *)cancel;
}

/* A cancel is under way and might hit any query from now on: the one that is executed is the last. */
static void
give_up_to_cancel(hdpy_connection *conn)
{
    if (conn->fd < 0 || conn->closed)
        return;
    PyErr_SetString(conn->st->OperationalError, "the connection was closed: a request to cancel was sent, and the "
                                                "server has not said that it took it");
    PyObject *error = hdpy_take_exception();
    if (conn->lock.owed) {
        hdpy_connection_lose(conn, error);
        return;
    }
    conn->closed = conn->broken = true;
    if (conn->loss == NULL)
        conn->loss = error;
    else
        Py_XDECREF(error);
}

static void
end(hdpy_cancel *cancel, bool known)
{
    hdpy_connection *conn = __atomic_exchange_n(&cancel->conn, NULL, __ATOMIC_ACQ_REL);
    if (conn == NULL)
        return;
    HDPY_GUARD(conn);
    if (!known)
        give_up_to_cancel(conn);
    hdpy_lock_resume(conn->st, &conn->lock);
    Py_DECREF((PyObject *)conn);
}

/* end(known): it can hit nothing any more; or nobody knows when it will hit what. */
static PyObject *
cancel_end(PyObject *self, PyObject *known)
{
    end((hdpy_cancel *)self, known == Py_True);
    Py_RETURN_NONE;
}

static void
cancel_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject *error_type, *value, *traceback;
    PyErr_Fetch(&error_type, &value, &traceback);
    end((hdpy_cancel *)self, false);
    PyErr_Restore(error_type, value, traceback);
    Py_XDECREF(((hdpy_cancel *)self)->request);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"end", cancel_end, METH_O, NULL},
    {NULL},
};

static PyMemberDef members[] = {
    {"request", T_OBJECT, offsetof(hdpy_cancel, request), READONLY, NULL},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, cancel_dealloc},
    {Py_tp_methods, methods},
    {Py_tp_members, members},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.Cancel",
    .basicsize = sizeof(hdpy_cancel),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int
hdpy_cancel_init(hdpy_state *st, PyObject *module)
{
    st->Cancel = PyType_FromModuleAndSpec(module, &spec, NULL);
    return st->Cancel ? PyModule_AddObjectRef(module, "Cancel", st->Cancel) : -1;
}
