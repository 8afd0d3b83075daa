/* Start-up: bytes in, events out. Python owns the socket, the clock and the answers to authentication requests until
 * the connection is established; then the descriptor is ours. */
#include "objects/connection.h"

#include "module/args.h"
#include "module/errors.h"
#include "wait/tls.h"
#include "wire/backend.h"
#include "wire/frontend.h"

#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { SIGNAL_CHECK_MS = 100 };

static PyObject *
settle(hdpy_connection *conn)
{
    if (conn->session.out.rc == HD_OK)
        Py_RETURN_NONE;
    hdpy_raise_rc(conn->st, conn->session.out.rc);
    hd_writer_rewind(&conn->session.out, 0);
    return NULL;
}

/* What belongs to start-up is over once the socket is ours: somebody may be waiting for an answer. */
static int
check_starting(const hdpy_connection *conn)
{
    if (conn->fd < 0 && !conn->closed)
        return 0;
    PyErr_SetString(conn->st->ProgrammingError, "the connection was established already");
    return -1;
}

/* A list of (name, value) of str to spans, in turn, that borrow from it. */
static hd_span *
spans_of(PyObject *pairs, Py_ssize_t n)
{
    hd_span *spans = PyMem_New(hd_span, (size_t)(2 * n + 1));
    if (spans == NULL)
        return (hd_span *)PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *pair = PySequence_Fast_GET_ITEM(pairs, i);
        const char *name, *value;
        Py_ssize_t name_size, value_size;
        if (!PyTuple_Check(pair) || !PyArg_ParseTuple(pair, "s#s#", &name, &name_size, &value, &value_size)) {
            if (!PyErr_Occurred())
                PyErr_SetString(PyExc_TypeError, "start-up parameters should be pairs of str");
            PyMem_Free(spans);
            return NULL;
        }
        spans[2 * i] = (hd_span){(const uint8_t *)name, (size_t)name_size};
        spans[2 * i + 1] = (hd_span){(const uint8_t *)value, (size_t)value_size};
    }
    return spans;
}

static PyObject *
startup_start(PyObject *self, PyObject *args)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    unsigned int protocol;
    PyObject *parameters;
    const char *prefix;
    Py_ssize_t prefix_size;
    if (!PyArg_ParseTuple(args, "IOs#", &protocol, &parameters, &prefix, &prefix_size))
        return NULL;
    if (prefix_size != HD_STATEMENT_PREFIX)
        return PyErr_Format(PyExc_ValueError, "the names of statements begin with %d bytes", HD_STATEMENT_PREFIX);
    PyObject *pairs = PySequence_Fast(parameters, "start-up parameters should be a sequence of pairs");
    if (pairs == NULL || check_starting(conn) < 0) {
        Py_XDECREF(pairs);
        return NULL;
    }
    Py_ssize_t n = PySequence_Fast_GET_SIZE(pairs);
    hd_span *spans = spans_of(pairs, n);
    PyObject *done = NULL;
    if (spans != NULL) {
        /* Another address may have been tried before: nothing of it may linger. */
        hd_session_fini(&conn->session);
        hd_session_init(&conn->session, &hd_alloc_default);
        hd_session_startup(&conn->session, protocol, spans, (size_t)n);
        memcpy(conn->queries.statements.prefix, prefix, HD_STATEMENT_PREFIX);
        done = settle(conn);
    }
    PyMem_Free(spans);
    Py_DECREF(pairs);
    return done;
}

static PyObject *
startup_outgoing(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    if (check_starting(conn) < 0)
        return NULL;
    hd_span out = hd_session_outgoing(&conn->session);
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)out.p, (Py_ssize_t)out.n);
    if (bytes != NULL)
        hd_session_sent(&conn->session, out.n);
    return bytes;
}

/* ---- events as tuples */

static PyObject *
describe_authentication(hd_span body)
{
    hd_authentication message;
    if (hd_decode_authentication(&message, body) != HD_OK)
        return NULL;
    return Py_BuildValue("(sky#)", "authentication", (unsigned long)message.code, (const char *)message.rest.p,
                         (Py_ssize_t)message.rest.n);
}

static PyObject *
describe_negotiation(hd_span body)
{
    hd_negotiate_protocol_version message;
    if (hd_decode_negotiate_protocol_version(&message, body) != HD_OK)
        return NULL;
    PyObject *names = PyList_New(0);
    for (uint32_t i = 0; names != NULL && i < message.count; i++) {
        hd_span name = hd_read_cstr(&message.options);
        PyObject *text = PyUnicode_DecodeUTF8((const char *)name.p, (Py_ssize_t)name.n, "replace");
        if (text == NULL || PyList_Append(names, text) < 0)
            Py_CLEAR(names);
        Py_XDECREF(text);
    }
    return names ? Py_BuildValue("(skN)", "negotiate_protocol_version",
                                 (unsigned long)(message.newest_minor & 0xffff), names)
                 : NULL;
}

/* Of a question of start-up's own, which has one answer. */
static PyObject *
describe_row(hd_span body)
{
    hd_data_row row;
    hd_span value;
    if (hd_decode_data_row(&row, body) != HD_OK || row.count != 1)
        return NULL;
    if (!hd_row_next(&row.values, &value))
        return Py_BuildValue("(sO)", "row", Py_None);
    return Py_BuildValue("(sy#)", "row", (const char *)value.p, (Py_ssize_t)value.n);
}

static PyObject *
describe_error(hdpy_connection *conn, hd_span body)
{
    PyObject *fields = hdpy_diagnostics(conn->st, body);
    return fields ? Py_BuildValue("(sN)", "error", fields) : NULL;
}

/* Whether Python has to act upon it: nobody can listen to notices and notifications yet, and what the server says of
 * itself is the session's. */
static bool
concerns_python(uint8_t type)
{
    return type == HD_BE_AUTHENTICATION || type == HD_BE_NEGOTIATE_PROTOCOL_VERSION || type == HD_BE_DATA_ROW ||
           type == HD_BE_ERROR_RESPONSE || type == HD_BE_READY_FOR_QUERY;
}

static PyObject *
describe_event(hdpy_connection *conn, const hd_event *ev)
{
    PyObject *event = NULL;
    switch (ev->type) {
    case HD_BE_AUTHENTICATION:
        event = describe_authentication(ev->body);
        break;
    case HD_BE_NEGOTIATE_PROTOCOL_VERSION:
        event = describe_negotiation(ev->body);
        break;
    case HD_BE_DATA_ROW:
        event = describe_row(ev->body);
        break;
    case HD_BE_ERROR_RESPONSE:
        event = describe_error(conn, ev->body);
        break;
    default: /* ready */
        event = Py_BuildValue("(s)", "ready");
        break;
    }
    if (event == NULL && !PyErr_Occurred())
        PyErr_Format(conn->st->OperationalError, "the server sent a malformed message of type '%c'", ev->type);
    return event;
}

/* Appends what the received bytes amount to. */
static int
collect_events(hdpy_connection *conn, PyObject *events)
{
    hd_event ev;
    hd_rc rc;
    while ((rc = hd_session_next(&conn->session, &ev)) == HD_OK) {
        if (!concerns_python(ev.type))
            continue;
        PyObject *event = describe_event(conn, &ev);
        int appended = event ? PyList_Append(events, event) : -1;
        Py_XDECREF(event);
        if (appended < 0)
            return -1;
        if (ev.type == HD_BE_ERROR_RESPONSE || ev.type == HD_BE_READY_FOR_QUERY)
            return 0;
    }
    if (rc == HD_EPROTO)
        PyErr_SetString(conn->st->OperationalError, conn->session.complaint);
    else if (rc == HD_ENOMEM)
        PyErr_NoMemory();
    return PyErr_Occurred() ? -1 : 0;
}

static PyObject *
startup_feed(PyObject *self, PyObject *arg)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    Py_buffer data;
    if (check_starting(conn) < 0 || PyObject_GetBuffer(arg, &data, PyBUF_SIMPLE) < 0)
        return NULL;
    PyObject *events = PyList_New(0);
    for (Py_ssize_t at = 0; events != NULL && at < data.len;) {
        size_t room;
        uint8_t *to = hd_inbox_reserve(&conn->session.in, &room);
        if (to == NULL) {
            PyErr_NoMemory();
            Py_CLEAR(events);
            break;
        }
        size_t n = (size_t)(data.len - at) < room ? (size_t)(data.len - at) : room;
        memcpy(to, (const char *)data.buf + at, n);
        hd_inbox_commit(&conn->session.in, n);
        at += (Py_ssize_t)n;
        if (collect_events(conn, events) < 0)
            Py_CLEAR(events);
    }
    PyBuffer_Release(&data);
    return events;
}

/* ---- answers, and questions */

static PyObject *
startup_ask(PyObject *self, PyObject *arg)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    Py_ssize_t n;
    const char *sql = check_starting(conn) < 0 ? NULL : PyUnicode_AsUTF8AndSize(arg, &n);
    if (sql == NULL)
        return NULL;
    hd_session_query(&conn->session, (hd_span){(const uint8_t *)sql, (size_t)n}, NULL);
    return settle(conn);
}

static PyObject *
startup_send_password(PyObject *self, PyObject *args)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    const char *password;
    Py_ssize_t n;
    if (!PyArg_ParseTuple(args, "y#", &password, &n) || check_starting(conn) < 0)
        return NULL;
    hd_write_password(&conn->session.out, (hd_span){(const uint8_t *)password, (size_t)n});
    return settle(conn);
}

static PyObject *
startup_send_sasl_initial(PyObject *self, PyObject *args)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    const char *mechanism, *data;
    Py_ssize_t mechanism_size, n;
    if (!PyArg_ParseTuple(args, "s#y#", &mechanism, &mechanism_size, &data, &n) || check_starting(conn) < 0)
        return NULL;
    hd_write_sasl_initial(&conn->session.out, (hd_span){(const uint8_t *)mechanism, (size_t)mechanism_size},
                          (hd_span){(const uint8_t *)data, (size_t)n});
    return settle(conn);
}

static PyObject *
startup_send_sasl_response(PyObject *self, PyObject *args)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    const char *data;
    Py_ssize_t n;
    if (!PyArg_ParseTuple(args, "y#", &data, &n) || check_starting(conn) < 0)
        return NULL;
    hd_write_sasl_response(&conn->session.out, (hd_span){(const uint8_t *)data, (size_t)n});
    return settle(conn);
}

/* The socket stays blocking, so that a query's answer is one recv(); whoever must not block says MSG_DONTWAIT. The
 * timeout lets a blocked recv() look for signals that the kernel delivered to another thread. */
static PyObject *
startup_attach(PyObject *self, PyObject *args)
{
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    struct timeval timeout = {0, SIGNAL_CHECK_MS * 1000};
    int fd;
    PyObject *parts;
    if (!PyArg_ParseTuple(args, "iO", &fd, &parts) || check_starting(conn) < 0)
        return NULL;
    if (ioctl(fd, FIONBIO, &(int){0}) < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    if (hdpy_connection_settings(conn) == NULL)
        return NULL;
    if (parts != Py_None && conn->tls == NULL && (conn->tls = hdpy_tls_new(conn->st, parts)) == NULL)
        return NULL;
    conn->fd = fd;
    conn->owner = hdpy_process();
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"_start", startup_start, METH_VARARGS, NULL},
    {"_outgoing", startup_outgoing, METH_NOARGS, NULL},
    {"_feed", startup_feed, METH_O, NULL},
    {"_ask", startup_ask, METH_O, NULL},
    {"_send_password", startup_send_password, METH_VARARGS, NULL},
    {"_send_sasl_initial", startup_send_sasl_initial, METH_VARARGS, NULL},
    {"_send_sasl_response", startup_send_sasl_response, METH_VARARGS, NULL},
    {"_attach", startup_attach, METH_VARARGS, NULL},
    {NULL},
};

int
hdpy_startup_init(PyTypeObject *type)
{
    return hdpy_add_methods(type, methods);
}
