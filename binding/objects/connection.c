#include "objects/connection.h"

#include "module/args.h"
#include "module/errors.h"
#include "objects/cancel.h"
#include "objects/lending.h"
#include "objects/new_cursor.h"
#include "wait/exchange.h"
#include "wait/operation.h"
#include "wait/tls.h"
#include "wait/watch.h"
#include "wire/backend.h"
#include "wire/frontend.h"

#include <sys/socket.h>
#include <unistd.h>

/* ---- life */

static PyObject *
connection_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    hdpy_connection *conn = (hdpy_connection *)type->tp_alloc(type, 0);
    if (conn == NULL)
        return NULL;
    conn->st = hdpy_state_of_type(type);
    conn->fd = -1;
    conn->cancel_grace = 2.0;
    conn->values = hd_writer_of(&hd_alloc_default);
    hd_session_init(&conn->session, &hd_alloc_default);
    conn->begin = PyBytes_FromString("BEGIN");
    conn->row_factory = Py_NewRef(conn->st->tuple_row ? conn->st->tuple_row : Py_None);
    conn->cursor_factory = Py_NewRef(Py_None);
    conn->wait = Py_NewRef(Py_None);
    conn->discovery = Py_NewRef(Py_None);
    conn->pool = Py_NewRef(Py_None);
    if (conn->begin == NULL || hdpy_query_cache_setup(&conn->queries) < 0 || hdpy_connection_settings(conn) == NULL ||
        hdpy_context_init(&conn->context, conn->st, NULL) < 0) {
        Py_DECREF(conn);
        return NULL;
    }
    hdpy_allow_try_ref((PyObject *)conn);
    return (PyObject *)conn;
}

static int
connection_traverse(PyObject *self, visitproc visit, void *arg)
{
    hdpy_connection *conn = (hdpy_connection *)self;
    Py_VISIT(Py_TYPE(self));
    HDPY_CONTEXT_VISIT(&conn->context);
    Py_VISIT(conn->row_factory);
    Py_VISIT(conn->cursor_factory);
    Py_VISIT(conn->discovery);
    Py_VISIT(conn->lock.waiters);
    Py_VISIT(conn->wait);
    Py_VISIT(conn->pool);
    Py_VISIT(conn->loss);
    Py_VISIT(conn->interruption);
    Py_VISIT(conn->failure);
    Py_VISIT(conn->complaint);
    Py_VISIT(conn->streamer);
    Py_VISIT(conn->loop);
    Py_VISIT((PyObject *)conn->watch);
    if (hdpy_tls_traverse(conn->tls, visit, arg) != 0)
        return -1;
    for (hdpy_request *request = conn->request; request != NULL; request = request->next)
        Py_VISIT(request->owner);
    for (hdpy_request *request = conn->arrived; request != NULL; request = request->next)
        Py_VISIT(request->owner);
    return 0;
}

static int
connection_clear(PyObject *self)
{
    hdpy_connection *conn = (hdpy_connection *)self;
    Py_CLEAR(conn->row_factory);
    Py_CLEAR(conn->cursor_factory);
    Py_CLEAR(conn->discovery);
    Py_CLEAR(conn->lock.waiters);
    Py_CLEAR(conn->wait);
    Py_CLEAR(conn->pool);
    Py_CLEAR(conn->loss);
    Py_CLEAR(conn->interruption);
    Py_CLEAR(conn->failure);
    Py_CLEAR(conn->complaint);
    Py_CLEAR(conn->streamer);
    Py_CLEAR(conn->loop);
    hdpy_drop_requests(&conn->request);
    hdpy_drop_requests(&conn->arrived);
    return 0;
}

static void
close_socket(hdpy_connection *conn)
{
    hdpy_watch_stop(conn);
    if (conn->fd >= 0)
        close(conn->fd);
    conn->fd = -1;
    hd_session_shut(&conn->session);
}

/* Tells the server that we leave. In a forked child that is not for us to say. */
static void
say_goodbye(hdpy_connection *conn)
{
    if (conn->fd < 0 || hdpy_connection_is_inherited(conn))
        return;
    hd_write_terminate(&conn->session.out);
    hd_span out = hd_session_outgoing(&conn->session);
    if (conn->tls != NULL)
        hdpy_tls_send_last(conn, out);
    else if (hdpy_send(conn, out) < 0) {
        /* The server notices the end of the connection anyway. */
    }
}

static void
connection_dealloc(PyObject *self)
{
    hdpy_connection *conn = (hdpy_connection *)self;
    PyTypeObject *type = Py_TYPE(self);
    if (PyObject_CallFinalizerFromDealloc(self) < 0)
        return;
    PyObject_GC_UnTrack(self);
    if (hd_session_is_idle(&conn->session) && hd_session_outgoing(&conn->session).n == 0)
        say_goodbye(conn);
    close_socket(conn);
    hdpy_watch_free(conn);
    connection_clear(self);
    hdpy_tls_free(conn->tls);
    hdpy_context_clear(&conn->context);
    hdpy_query_cache_fini(&conn->queries);
    hd_session_fini(&conn->session);
    hd_writer_fini(&conn->values);
    PyMem_Free(conn->oids);
    PyMem_Free(conn->formats);
    Py_XDECREF(conn->begin);
    Py_XDECREF((PyObject *)conn->settings);
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- state */

int
hdpy_connection_check(hdpy_connection *conn)
{
    if (conn->fd >= 0 && !conn->closed && !hdpy_connection_is_inherited(conn))
        return 0;
    if (conn->fd >= 0 && !conn->closed) {
        PyErr_SetString(conn->st->OperationalError, "the connection belongs to the process that forked this one");
        return -1;
    }
    if (conn->closed && conn->loss != NULL) { /* it was lost while nobody was there to be told */
        PyObject *loss = conn->loss;
        conn->loss = NULL;
        PyErr_SetObject((PyObject *)Py_TYPE(loss), loss);
        Py_DECREF(loss);
        return -1;
    }
    PyErr_SetString(conn->st->OperationalError,
                    conn->fd < 0 && !conn->closed ? "the connection is not established" : "the connection is closed");
    return -1;
}

hdpy_settings *
hdpy_connection_read_settings(hdpy_connection *conn)
{
    const hd_parameters *ps = &conn->session.parameters;
    hdpy_settings *settings =
        hdpy_settings_new(conn->st, hd_parameters_get(ps, "client_encoding"), hd_parameters_get(ps, "DateStyle"),
                          hd_parameters_get(ps, "IntervalStyle"), hd_parameters_get(ps, "TimeZone"));
    if (settings == NULL)
        return NULL;
    /* Query texts were encoded in the old encoding. */
    if (conn->settings != NULL && PyUnicode_Compare(conn->settings->encoding, settings->encoding) != 0)
        hdpy_query_cache_clear(&conn->queries);
    Py_XSETREF(conn->settings, settings);
    conn->settings_version = ps->version;
    return settings;
}

void
hdpy_connection_lose(hdpy_connection *conn, PyObject *error)
{
    bool told = conn->request != NULL;
    conn->broken = !conn->closing;
    conn->closed = true;
    close_socket(conn);
    if (conn->loss != NULL) { /* the server's own words say more */
        Py_XDECREF(error);
        error = conn->loss;
        conn->loss = NULL;
    }
    for (hdpy_request *request = conn->request; request != NULL; request = request->next) {
        request->feed = NULL;
        if (request->error == NULL)
            request->error = Py_XNewRef(error);
        request->done = true;
    }
    hdpy_connection_advance(conn);
    if (!told && conn->broken) {
        conn->loss = error;
        return;
    }
    Py_XDECREF(error);
}

void
hdpy_connection_lose_because(hdpy_connection *conn, const char *format, ...)
{
    PyObject *type, *value, *traceback;
    va_list args;
    PyErr_Fetch(&type, &value, &traceback);
    va_start(args, format);
    PyErr_FormatV(conn->st->OperationalError, format, args);
    va_end(args);
    PyObject *error = hdpy_take_exception();
    PyErr_Restore(type, value, traceback);
    hdpy_connection_lose(conn, error);
}

void
hdpy_connection_release(hdpy_connection *conn)
{
    if (conn->closed && conn->fd >= 0)
        close_socket(conn);
    hdpy_lock_release(conn->st, &conn->lock);
}

/* Calls a method with these arguments (stolen). What it raises, or what building them has raised, is unraisable, unless it
 * was a signal handler. */
static void
call_handler(hdpy_connection *conn, PyObject *name, PyObject *args)
{
    PyObject *method = args ? PyObject_GetAttr((PyObject *)conn, name) : NULL;
    PyObject *done = method ? PyObject_Call(method, args, NULL) : NULL;
    if (done == NULL && !PyErr_ExceptionMatches(PyExc_Exception))
        hdpy_keep_interruption(conn, hdpy_take_exception());
    else if (done == NULL)
        PyErr_WriteUnraisable((PyObject *)conn);
    Py_XDECREF(done);
    Py_XDECREF(method);
    Py_XDECREF(args);
}

PyObject *
hdpy_connection_complaint(hdpy_connection *conn, hd_span body, PyObject *sql)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    hdpy_settings *settings =
        hdpy_connection_settings(conn); /* the encoding may have changed since the last result */
    if (settings == NULL)
        settings = conn->settings;
    PyErr_Clear();
    PyObject *error = hdpy_server_error(conn->st, settings, body, sql);
    PyObject *info = PyObject_GetAttrString(error, "_info"), *text = info ? PyObject_Str(error) : NULL;
    Py_XSETREF(conn->complaint, text ? PyTuple_Pack(2, text, info) : NULL);
    Py_XDECREF(info);
    Py_XDECREF(text);
    PyErr_Restore(type, value, traceback);
    return error;
}

void
hdpy_connection_notice(hdpy_connection *conn, hd_span body)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *fields = hdpy_diagnostics(conn->st, body);
    if (fields != NULL)
        call_handler(conn, conn->st->str_on_notice, Py_BuildValue("(N)", fields));
    else
        hdpy_connection_lose(conn, hdpy_take_exception());
    PyErr_Restore(type, value, traceback);
}

void
hdpy_connection_notification(hdpy_connection *conn, hd_span body)
{
    PyObject *type, *value, *traceback;
    hd_notification_response message;
    if (hd_decode_notification_response(&message, body) != HD_OK) {
        hdpy_connection_lose_because(conn, "the server sent a malformed NotificationResponse");
        return;
    }
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *channel = hdpy_decode_name(conn->settings, message.channel);
    PyObject *payload = hdpy_decode_name(conn->settings, message.payload);
    PyObject *args = channel && payload ? Py_BuildValue("(kOO)", (unsigned long)message.pid, channel, payload) : NULL;
    Py_XDECREF(channel);
    Py_XDECREF(payload);
    call_handler(conn, conn->st->str_on_notification, args);
    PyErr_Restore(type, value, traceback);
}

/* ---- methods */

int
hdpy_connection_close(hdpy_connection *conn)
{
    HDPY_GUARD(conn);
    bool was_open = conn->fd >= 0 && !conn->closed;
    conn->closed = true;
    if (!was_open)
        return 0;
    conn->closing = true;
    if (hdpy_connection_is_inherited(conn)) { /* the session is our parent's */
        close_socket(conn);
        return 0;
    }
    if (conn->lock.held && !conn->lock.owed) {
        /* Somebody waits for the server: end of file wakes them, and they close. */
        shutdown(conn->fd, SHUT_RDWR);
        return 0;
    }
    say_goodbye(conn);
    hdpy_connection_lose_because(conn, "the connection is closed");
    return hdpy_raise_interruption(conn);
}

static PyObject *
connection_close(PyObject *self, PyObject *unused)
{
    return hdpy_connection_close((hdpy_connection *)self) < 0 ? NULL : Py_NewRef(Py_None);
}

/* _watch_by(loop[, socket]): has the event loop take what arrives; it may know the connection by this socket object. */
static PyObject *
connection_watch_by(PyObject *self, PyObject *args)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    PyObject *loop, *sock = NULL;
    if (!PyArg_ParseTuple(args, "O|O", &loop, &sock) || hdpy_connection_check(conn) < 0 ||
        hdpy_watch_start(conn, loop, sock) < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ---- types */

static PyMethodDef methods[] = {
    {"_close", connection_close, METH_NOARGS, NULL},
    {"_still_alive", hdpy_connection_still_alive, METH_O, NULL},
    {"_rest", hdpy_connection_rest, METH_O, NULL},
    {"_cancel_begin", hdpy_connection_cancel_begin, METH_NOARGS, NULL},
    {"_pending", hdpy_connection_pending, METH_NOARGS, NULL},
    {NULL},
};

static PyType_Slot base_slots[] = {
    {Py_tp_new, connection_new},
    {Py_tp_dealloc, connection_dealloc},
    {Py_tp_traverse, connection_traverse},
    {Py_tp_clear, connection_clear},
    {Py_tp_methods, methods},
    {Py_tp_getset, hdpy_connection_getset},
    {Py_tp_members, hdpy_connection_members},
    {0, NULL},
};

static PyType_Spec base_spec = {
    .name = "howdah._howdah.BaseConnection",
    .basicsize = sizeof(hdpy_connection),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = base_slots,
};

static PyMethodDef async_methods[] = {
    {"_command", hdpy_async_command, METH_O, NULL},
    {"_end_transaction", hdpy_async_end_transaction, METH_O, NULL},
    {"_sync", hdpy_async_sync, METH_O, NULL},
    {"_watch_by", connection_watch_by, METH_VARARGS, NULL},
    {NULL},
};

/* A subclass of BaseConnection that only adds methods. */
static int
add_subclass(PyObject *module, PyObject *base, const char *name, const char *attribute, PyMethodDef *added,
             PyMethodDef *more)
{
    PyType_Slot slots[] = {{Py_tp_methods, added}, {0, NULL}};
    PyType_Spec spec = {
        .name = name,
        .basicsize = sizeof(hdpy_connection),
        .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
        .slots = slots,
    };
    PyObject *type = PyType_FromModuleAndSpec(module, &spec, base);
    if (type == NULL)
        return -1;
    int rc = PyModule_AddObjectRef(module, attribute, type);
    if (rc == 0 && more != NULL)
        rc = hdpy_add_methods((PyTypeObject *)type, more);
    Py_DECREF(type);
    return rc;
}

int
hdpy_connection_init(hdpy_state *st, PyObject *module)
{
    PyObject *base = st->BaseConnection = PyType_FromModuleAndSpec(module, &base_spec, NULL);
    if (base == NULL || PyModule_AddObjectRef(module, "BaseConnection", base) < 0)
        return -1;
    if (hdpy_add_methods((PyTypeObject *)base, hdpy_connection_status_methods) < 0 ||
        hdpy_add_methods((PyTypeObject *)base, hdpy_connection_command_methods) < 0 ||
        hdpy_add_methods((PyTypeObject *)base, hdpy_new_cursor_methods) < 0 || hdpy_new_cursor_init(st) < 0 ||
        hdpy_startup_init((PyTypeObject *)base) < 0)
        return -1;
    if (add_subclass(module, base, "howdah._howdah.ConnectionBase", "ConnectionBase", hdpy_sync_command_methods,
                     hdpy_sync_new_cursor_methods) < 0)
        return -1;
    return add_subclass(module, base, "howdah._howdah.AsyncConnectionBase", "AsyncConnectionBase", async_methods,
                        NULL);
}
