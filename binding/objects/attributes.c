/* What a connection tells of itself, and what can be set. */
#include "objects/connection.h"

#include "objects/copy.h"
#include "wait/tls.h"

/* ---- methods */

static PyObject *
connection_fileno(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    if (hdpy_connection_check(conn) < 0)
        return NULL;
    return PyLong_FromLong(conn->fd);
}

static PyObject *
transaction_status(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(self);
    enum { IDLE, ACTIVE, INTRANS, INERROR, UNKNOWN };
    hdpy_connection *conn = (hdpy_connection *)self;
    if (conn->fd < 0)
        return PyLong_FromLong(UNKNOWN);
    if (!hd_session_is_idle(&conn->session))
        return PyLong_FromLong(ACTIVE);
    if (conn->begun)
        return PyLong_FromLong(INTRANS);
    switch (conn->session.transaction_status) {
    case 'I':
        return PyLong_FromLong(IDLE);
    case 'T':
        return PyLong_FromLong(INTRANS);
    case 'E':
        return PyLong_FromLong(INERROR);
    default:
        return PyLong_FromLong(UNKNOWN);
    }
}

static PyObject *
parameter_status(PyObject *self, PyObject *name)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    const char *utf8 = PyUnicode_AsUTF8(name);
    if (utf8 == NULL)
        return NULL;
    const char *value = hd_parameters_get(&conn->session.parameters, utf8);
    if (value == NULL)
        Py_RETURN_NONE;
    return hdpy_decode_name(conn->settings, (hd_span){(const uint8_t *)value, strlen(value)});
}

static PyObject *
backend_pid(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(self);
    return PyLong_FromUnsignedLong(((hdpy_connection *)self)->session.backend_pid);
}

static PyObject *
protocol_version(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(self);
    return PyLong_FromUnsignedLong(((hdpy_connection *)self)->session.protocol);
}

static PyObject *
encoding(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(self);
    hdpy_settings *settings = hdpy_connection_settings((hdpy_connection *)self);
    return settings ? Py_NewRef(settings->encoding) : NULL;
}

PyMethodDef hdpy_connection_status_methods[] = {
    {"fileno", connection_fileno, METH_NOARGS,
     PyDoc_STR("fileno($self, /)\n--\n\nDescriptor of the socket. Raises OperationalError when closed.")},
    {"_transaction_status", transaction_status, METH_NOARGS, NULL},
    {"_parameter_status", parameter_status, METH_O, NULL},
    {"_backend_pid", backend_pid, METH_NOARGS, NULL},
    {"_protocol_version", protocol_version, METH_NOARGS, NULL},
    {"_encoding", encoding, METH_NOARGS, NULL},
    {NULL},
};

/* ---- attributes */

/* The ssl.SSLObject, or None. */
static PyObject *
get_tls(PyObject *self, void *closure)
{
    HDPY_GUARD(self);
    hdpy_tls *tls = ((hdpy_connection *)self)->tls;
    return Py_NewRef(tls ? tls->object : Py_None);
}

static PyObject *
get_pipelined(PyObject *self, void *closure)
{
    HDPY_GUARD(self);
    return PyBool_FromLong(((hdpy_connection *)self)->pipelined);
}

/* Behind a pipeline whose last Sync was interrupted, its errors are nobody's. */
static int
set_pipelined(PyObject *self, PyObject *value, void *closure)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    conn->pipelined = value == Py_True;
    Py_CLEAR(conn->failure);
    return 0;
}

static PyObject *
get_pipeline_status(PyObject *self, void *closure)
{
    HDPY_GUARD(self);
    enum { OFF, ON, ABORTED };
    hdpy_connection *conn = (hdpy_connection *)self;
    return PyLong_FromLong(!conn->pipelined ? OFF : conn->session.skipping ? ABORTED : ON);
}

static PyObject *
get_closed(PyObject *self, void *closure)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    return PyBool_FromLong(conn->closed || conn->fd < 0);
}

/* Who ends a block has to be told, lest it look committed. */
static PyObject *
get_transaction_lost(PyObject *self, void *closure)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    return PyBool_FromLong(conn->closed && conn->loss != NULL && conn->session.transaction_status != 'I');
}

/* An optional count: None is -1. */
static PyObject *
get_limit(PyObject *self, void *offset)
{
    HDPY_GUARD(self);
    long v = *(long *)((char *)self + (Py_ssize_t)offset);
    if (v < 0)
        Py_RETURN_NONE;
    return PyLong_FromLong(v);
}

static int
set_limit(PyObject *self, PyObject *value, void *offset)
{
    HDPY_GUARD(self);
    long v = -1;
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "this attribute cannot be deleted");
        return -1;
    }
    if (value != Py_None) {
        v = PyLong_AsLong(value);
        if (v == -1 && PyErr_Occurred())
            return -1;
        if (v < 0)
            v = 0;
    }
    *(long *)((char *)self + (Py_ssize_t)offset) = v;
    return 0;
}

/* The Copy whose block is open, or None. */
static PyObject *
get_copy(PyObject *self, void *closure)
{
    HDPY_GUARD(self);
    hdpy_copy *copy = ((hdpy_connection *)self)->copy;
    return copy != NULL && hdpy_try_ref((PyObject *)copy) ? (PyObject *)copy : Py_NewRef(Py_None);
}

static PyObject *
get_adapters(PyObject *self, void *closure)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    return hdpy_context_map(&conn->context, conn->st, NULL);
}

static int
set_adapters(PyObject *self, PyObject *map, void *closure)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    return hdpy_context_set_map(&conn->context, conn->st, map);
}

static PyObject *
get_object(PyObject *self, void *offset)
{
    HDPY_GUARD(self);
    PyObject *object = *(PyObject **)((char *)self + (Py_ssize_t)offset);
    return Py_NewRef(object ? object : Py_None);
}

static int
set_object(PyObject *self, PyObject *value, void *offset)
{
    HDPY_GUARD(self);
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "this attribute cannot be deleted");
        return -1;
    }
    PyObject **object = (PyObject **)((char *)self + (Py_ssize_t)offset);
    Py_XSETREF(*object, Py_NewRef(value));
    return 0;
}

/* What is sent as it is. */
static int
set_begin(PyObject *self, PyObject *value, void *offset)
{
    if (value == NULL || PyBytes_Check(value))
        return set_object(self, value, offset);
    PyErr_SetString(PyExc_TypeError, "bytes are needed");
    return -1;
}

#define OBJECT(field) (void *)offsetof(hdpy_connection, field)

PyGetSetDef hdpy_connection_getset[] = {
    {"row_factory", get_object, set_object, PyDoc_STR("Row factory of new cursors."), OBJECT(row_factory)},
    {"cursor_factory", get_object, set_object, PyDoc_STR("Class of new cursors."), OBJECT(cursor_factory)},
    {"_discovery", get_object, set_object, NULL, OBJECT(discovery)},
    {"_begin", get_object, set_begin, NULL, OBJECT(begin)},
    {"_wait", get_object, set_object, NULL, OBJECT(wait)},
    {"_pool", get_object, set_object, NULL, OBJECT(pool)},
    {"_complaint", get_object, NULL, NULL, OBJECT(complaint)},
    {"adapters", get_adapters, NULL, PyDoc_STR("The AdaptersMap of the connection, which its cursors start from."),
     NULL},
    {"_adapters", get_adapters, set_adapters, NULL, NULL},
    {"_copy", get_copy, NULL, NULL, NULL},
    {"_tls", get_tls, NULL, NULL, NULL},
    {"closed", get_closed, NULL, PyDoc_STR("True when the connection can't be used any more."), NULL},
    {"_transaction_lost", get_transaction_lost, NULL, NULL, NULL},
    {"_pipeline_status", get_pipeline_status, NULL, NULL, NULL},
    {"_pipelined", get_pipelined, set_pipelined, NULL, NULL},
    {"prepare_threshold", get_limit, set_limit,
     PyDoc_STR("How many times a query is executed before it is prepared on the server; None: never."),
     (void *)offsetof(hdpy_connection, queries.prepare_threshold)},
    {"prepared_max", get_limit, set_limit,
     PyDoc_STR("Most prepared statements that the connection keeps on the server; None: no limit."),
     (void *)offsetof(hdpy_connection, queries.prepared_max)},
    {NULL},
};

PyMemberDef hdpy_connection_members[] = {
    {"broken", T_BOOL, offsetof(hdpy_connection, broken), READONLY, "True when the connection was lost, not closed."},
    {"_types_changed", T_BOOL, offsetof(hdpy_connection, types_changed), 0, NULL},
    {"_autocommit", T_BOOL, offsetof(hdpy_connection, autocommit), 0, NULL},
    {"_simply", T_BOOL, offsetof(hdpy_connection, simply), 0, NULL},
    {"cancel_grace", T_DOUBLE, offsetof(hdpy_connection, cancel_grace), 0,
     "Seconds that a query may take to end once it was interrupted; then the connection is closed."},
    {"_expire_at", T_DOUBLE, offsetof(hdpy_connection, expires), 0, NULL},
    {"_commands", T_UINT, offsetof(hdpy_connection, commands), READONLY, NULL},
    {"_unsynced", T_BOOL, offsetof(hdpy_connection, unsynced), READONLY, NULL},
    {NULL},
};
