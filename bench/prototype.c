/* How little a driver can cost: the floor with Python objects. Its own protocol, trust login as postgres on 127.0.0.1,
 * binary rows decoded straight from the receive buffer by one switch over the type. It checks nothing and knows no
 * error: something to measure beside, never to copy from. */
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdbool.h>
#include <sys/socket.h>

#include "prototype_values.h"

enum { MAX_STATEMENTS = 32, MAX_COLUMNS = 64, LEAST_ROOM = 65536 };

typedef struct statement {
    char name[32];
    uint32_t oids[MAX_COLUMNS];
} statement;

typedef struct connection {
    PyObject_HEAD
    int fd;
    uint8_t *in; /* parsed up to in_head, received up to in_used */
    size_t in_cap, in_head, in_used;
    uint8_t *out;
    size_t out_cap, out_used;
    statement statements[MAX_STATEMENTS];
    int n_statements;
    uint32_t *oids; /* of the statement being answered */
    PyObject *rows;
    PyObject *waiting; /* what the answer goes to: an asyncio.Future or a waiter */
} connection;

static PyObject *str_set_result;

/* ---- writing */

static void
put(connection *c, const void *p, size_t n)
{
    if (c->out_used + n > c->out_cap) {
        c->out_cap = (c->out_used + n) * 2;
        c->out = realloc(c->out, c->out_cap);
    }
    memcpy(c->out + c->out_used, p, n);
    c->out_used += n;
}

static void
put8(connection *c, uint8_t v)
{
    put(c, &v, 1);
}

static void
put16(connection *c, uint16_t v)
{
    v = __builtin_bswap16(v);
    put(c, &v, 2);
}

static void
put32(connection *c, uint32_t v)
{
    v = __builtin_bswap32(v);
    put(c, &v, 4);
}

static size_t
begin(connection *c, char type)
{
    if (type != 0)
        put8(c, (uint8_t)type);
    size_t at = c->out_used;
    put32(c, 0);
    return at;
}

static void
end(connection *c, size_t at)
{
    uint32_t v = __builtin_bswap32((uint32_t)(c->out_used - at));
    memcpy(c->out + at, &v, 4);
}

static void
put_value(connection *c, PyObject *v)
{
    if (v == Py_None) {
        put32(c, UINT32_MAX);
    }
    else if (PyBool_Check(v)) {
        put32(c, 1);
        put8(c, v == Py_True);
    }
    else if (PyLong_Check(v)) {
        put32(c, 4);
        put32(c, (uint32_t)PyLong_AsLong(v));
    }
    else if (PyFloat_Check(v)) {
        double d = PyFloat_AS_DOUBLE(v);
        uint64_t bits;
        memcpy(&bits, &d, 8);
        bits = __builtin_bswap64(bits);
        put32(c, 8);
        put(c, &bits, 8);
    }
    else {
        Py_ssize_t n;
        const char *s = PyUnicode_AsUTF8AndSize(v, &n);
        put32(c, (uint32_t)n);
        put(c, s, n);
    }
}

static void
put_row(connection *c, PyObject *row)
{
    Py_ssize_t n = PyTuple_GET_SIZE(row);
    put16(c, (uint16_t)n);
    for (Py_ssize_t i = 0; i < n; i++)
        put_value(c, PyTuple_GET_ITEM(row, i));
}

/* ---- the socket */

static void
flush_out(connection *c)
{
    size_t at = 0;
    while (at < c->out_used) {
        ssize_t n = send(c->fd, c->out + at, c->out_used - at, 0);
        if (n < 0 && errno == EAGAIN)
            poll(&(struct pollfd){c->fd, POLLOUT, 0}, 1, -1);
        else if (n < 0)
            break;
        else
            at += n;
    }
    c->out_used = 0;
}

/* What has come: 1 something, 0 nothing yet, -1 the end. */
static int
receive(connection *c)
{
    if (c->in_head == c->in_used)
        c->in_head = c->in_used = 0;
    else if (c->in_head > 0 && c->in_cap - c->in_used < LEAST_ROOM) {
        memmove(c->in, c->in + c->in_head, c->in_used - c->in_head);
        c->in_used -= c->in_head;
        c->in_head = 0;
    }
    if (c->in_cap - c->in_used < LEAST_ROOM) {
        c->in_cap *= 2;
        c->in = realloc(c->in, c->in_cap);
    }
    ssize_t n = recv(c->fd, c->in + c->in_used, c->in_cap - c->in_used, 0);
    if (n <= 0)
        return n < 0 && errno == EAGAIN ? 0 : -1;
    c->in_used += n;
    return 1;
}

static void
take_row(connection *c, const uint8_t *p)
{
    int n = get16(p);
    p += 2;
    PyObject *row = PyTuple_New(n);
    for (int i = 0; i < n; i++) {
        int32_t size = (int32_t)get32(p);
        p += 4;
        PyTuple_SET_ITEM(row, i, size < 0 ? Py_NewRef(Py_None) : value_of(c->oids[i], p, (uint32_t)size));
        p += size < 0 ? 0 : size;
    }
    PyList_Append(c->rows, row);
    Py_DECREF(row);
}

/* Whether ReadyForQuery has come; the rows before it are in c->rows. */
static bool
parse(connection *c)
{
    while (c->in_used - c->in_head >= 5) {
        const uint8_t *p = c->in + c->in_head;
        uint32_t length = get32(p + 1);
        if (c->in_used - c->in_head < length + 1)
            break;
        c->in_head += length + 1;
        const uint8_t *body = p + 5;
        if (p[0] == 'D')
            take_row(c, body);
        else if (p[0] == 'T') {
            int n = get16(body);
            body += 2;
            for (int i = 0; i < n; i++, body += 18) {
                body += strlen((const char *)body) + 1;
                c->oids[i] = get32(body + 6);
            }
        }
        else if (p[0] == 'E')
            fprintf(stderr, "prototype: the server says %s\n", body);
        else if (p[0] == 'Z')
            return true;
    }
    return false;
}

/* The rows of the answer, as a list. */
static PyObject *
finish(connection *c)
{
    PyObject *rows = c->rows;
    c->rows = PyList_New(0);
    return rows;
}

static PyObject *
wait_for_answer(connection *c)
{
    while (!parse(c)) {
        int rc;
        Py_BEGIN_ALLOW_THREADS
        rc = receive(c);
        if (rc == 0)
            poll(&(struct pollfd){c->fd, POLLIN, 0}, 1, -1);
        Py_END_ALLOW_THREADS
        if (rc < 0)
            return PyErr_SetFromErrno(PyExc_OSError);
    }
    return finish(c);
}

/* ---- requests */

static void
put_bind_execute(connection *c, const char *name, PyObject *args)
{
    for (int i = 0; i < c->n_statements; i++) {
        if (strcmp(c->statements[i].name, name) == 0) {
            c->oids = c->statements[i].oids;
            break;
        }
    }
    size_t at = begin(c, 'B');
    put8(c, 0);
    put(c, name, strlen(name) + 1);
    put16(c, 1);
    put16(c, 1);
    put_row(c, args);
    put16(c, 1);
    put16(c, 1);
    end(c, at);
    at = begin(c, 'E');
    put8(c, 0);
    put32(c, 0);
    end(c, at);
}

static void
put_sync_and_flush(connection *c)
{
    end(c, begin(c, 'S'));
    flush_out(c);
}

static PyObject *
connection_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    int port;
    if (!PyArg_ParseTuple(args, "i", &port))
        return NULL;
    connection *c = (connection *)type->tp_alloc(type, 0);
    c->in_cap = 4 * LEAST_ROOM;
    c->in = malloc(c->in_cap);
    c->rows = PyList_New(0);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons((uint16_t)port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    static const char pairs[] = "user\0postgres\0database\0postgres\0";
    size_t at = begin(c, 0);
    put32(c, 196608);
    put(c, pairs, sizeof pairs);
    end(c, at);
    flush_out(c);
    PyObject *rows = wait_for_answer(c);
    Py_XDECREF(rows);
    return rows == NULL ? NULL : (PyObject *)c;
}

static PyObject *
connection_prepare(connection *c, PyObject *args)
{
    const char *name, *sql;
    if (!PyArg_ParseTuple(args, "ss", &name, &sql))
        return NULL;
    size_t at = begin(c, 'P');
    put(c, name, strlen(name) + 1);
    put(c, sql, strlen(sql) + 1);
    put16(c, 0);
    end(c, at);
    at = begin(c, 'D');
    put8(c, 'S');
    put(c, name, strlen(name) + 1);
    end(c, at);
    statement *s = &c->statements[c->n_statements++];
    strcpy(s->name, name);
    c->oids = s->oids;
    put_sync_and_flush(c);
    return wait_for_answer(c);
}

static PyObject *
connection_run(connection *c, PyObject *args)
{
    const char *name;
    PyObject *row;
    if (!PyArg_ParseTuple(args, "sO!", &name, &PyTuple_Type, &row))
        return NULL;
    put_bind_execute(c, name, row);
    put_sync_and_flush(c);
    return wait_for_answer(c);
}

static PyObject *
connection_run_many(connection *c, PyObject *args)
{
    const char *name;
    PyObject *rows;
    if (!PyArg_ParseTuple(args, "sO!", &name, &PyList_Type, &rows))
        return NULL;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(rows); i++)
        put_bind_execute(c, name, PyList_GET_ITEM(rows, i));
    put_sync_and_flush(c);
    return wait_for_answer(c);
}

static PyObject *
connection_copy(connection *c, PyObject *args)
{
    const char *sql;
    PyObject *rows;
    if (!PyArg_ParseTuple(args, "sO!", &sql, &PyList_Type, &rows))
        return NULL;
    size_t at = begin(c, 'Q');
    put(c, sql, strlen(sql) + 1);
    end(c, at);
    flush_out(c);
    while (receive(c) == 0 || c->in[c->in_head] != 'G')
        poll(&(struct pollfd){c->fd, POLLIN, 0}, 1, -1);
    c->in_head = c->in_used = 0;
    static const char header[] = "PGCOPY\n\377\r\n\0\0\0\0\0\0\0\0"; /* and the literal's own zero */
    at = begin(c, 'd');
    put(c, header, sizeof header);
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(rows); i++) {
        if (c->out_used - at > 32768) {
            end(c, at);
            flush_out(c);
            at = begin(c, 'd');
        }
        put_row(c, PyList_GET_ITEM(rows, i));
    }
    put16(c, UINT16_MAX);
    end(c, at);
    end(c, begin(c, 'c'));
    flush_out(c);
    return wait_for_answer(c);
}

/* ---- asyncio: an answer through a Future */

static PyObject *
connection_start(connection *c, PyObject *const *args, Py_ssize_t n_args) /* name, row, future */
{
    put_bind_execute(c, PyUnicode_AsUTF8(args[0]), args[1]);
    put_sync_and_flush(c);
    c->waiting = Py_NewRef(args[2]);
    Py_RETURN_NONE;
}

/* ---- asyncio: an answer through a waiter, whose task is entered inside the reader's callback */

typedef struct waiter {
    PyObject_HEAD
    PyObject *loop, *callback, *context, *answer;
    char blocking, waiting;
} waiter;

static PySendResult
waiter_send(PyObject *self, PyObject *arg, PyObject **result)
{
    waiter *w = (waiter *)self;
    w->waiting = !w->waiting;
    if (w->waiting) {
        w->blocking = 1;
        *result = Py_NewRef(self);
        return PYGEN_NEXT;
    }
    *result = w->answer;
    w->answer = NULL;
    return PYGEN_RETURN;
}

/* Before 3.14 `await` calls this and not am_send, from 3.12 on. */
static PyObject *
waiter_next(PyObject *self)
{
    PyObject *result;
    if (waiter_send(self, NULL, &result) == PYGEN_NEXT)
        return result;
    PyObject *stop = PyObject_CallOneArg(PyExc_StopIteration, result);
    Py_DECREF(result);
    PyErr_SetObject(PyExc_StopIteration, stop);
    Py_DECREF(stop);
    return NULL;
}

static PyObject *
waiter_get_loop(waiter *w, PyObject *unused)
{
    return Py_NewRef(w->loop);
}

static PyObject *
waiter_result(waiter *w, PyObject *unused)
{
    Py_RETURN_NONE;
}

static PyObject *
waiter_add_done_callback(waiter *w, PyObject *args, PyObject *kwargs)
{
    PyObject *callback;
    if (!PyArg_ParseTuple(args, "O", &callback))
        return NULL;
    PyObject *context = kwargs == NULL ? NULL : PyDict_GetItemString(kwargs, "context");
    Py_XSETREF(w->callback, Py_NewRef(callback));
    Py_XSETREF(w->context, Py_XNewRef(context));
    Py_RETURN_NONE;
}

static PyObject *
waiter_get_blocking(waiter *w, void *unused)
{
    return PyBool_FromLong(w->blocking);
}

static int
waiter_set_blocking(waiter *w, PyObject *value, void *unused)
{
    w->blocking = (char)PyObject_IsTrue(value);
    return 0;
}

static PyMethodDef waiter_methods[] = {
    {"get_loop", (PyCFunction)waiter_get_loop, METH_NOARGS, NULL},
    {"result", (PyCFunction)waiter_result, METH_NOARGS, NULL},
    {"add_done_callback", (PyCFunction)(void *)waiter_add_done_callback, METH_VARARGS | METH_KEYWORDS, NULL},
    {NULL},
};
static PyGetSetDef waiter_getset[] = {
    {"_asyncio_future_blocking", (getter)waiter_get_blocking, (setter)waiter_set_blocking, NULL, NULL},
    {NULL},
};
static PyType_Slot waiter_slots[] = {
    {Py_am_await, PyObject_SelfIter},
    {Py_am_send, waiter_send},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, waiter_next},
    {Py_tp_methods, waiter_methods},
    {Py_tp_getset, waiter_getset},
    {0, NULL},
};
static PyType_Spec waiter_spec = {"prototype.Waiter", sizeof(waiter), 0, Py_TPFLAGS_DEFAULT, waiter_slots};
static PyTypeObject *waiter_type;

static PyObject *
connection_wait(connection *c, PyObject *const *args, Py_ssize_t n_args) /* name, row, loop */
{
    put_bind_execute(c, PyUnicode_AsUTF8(args[0]), args[1]);
    put_sync_and_flush(c);
    if (c->waiting == NULL) {
        waiter *w = (waiter *)waiter_type->tp_alloc(waiter_type, 0);
        w->loop = Py_NewRef(args[2]);
        c->waiting = (PyObject *)w;
    }
    return Py_NewRef(c->waiting);
}

static PyObject *
wake(waiter *w, PyObject *answer)
{
    w->answer = answer;
    PyObject *callback = w->callback, *context = w->context;
    w->callback = w->context = NULL;
    if (context != NULL)
        PyContext_Enter(context);
    PyObject *done = PyObject_CallOneArg(callback, (PyObject *)w);
    if (context != NULL)
        PyContext_Exit(context);
    Py_DECREF(callback);
    Py_XDECREF(context);
    return done;
}

static PyObject *
connection_readable(connection *c, PyObject *unused)
{
    if (receive(c) < 0)
        return PyErr_SetFromErrno(PyExc_OSError);
    if (!parse(c) || c->waiting == NULL)
        Py_RETURN_NONE;
    if (Py_IS_TYPE(c->waiting, waiter_type)) {
        waiter *w = (waiter *)c->waiting;
        PyObject *answer = finish(c);
        return w->callback == NULL ? (w->answer = answer, Py_NewRef(Py_None)) : wake(w, answer);
    }
    PyObject *future = c->waiting, *answer = finish(c);
    c->waiting = NULL;
    PyObject *done = PyObject_CallMethodOneArg(future, str_set_result, answer);
    Py_DECREF(answer);
    Py_DECREF(future);
    return done;
}

static PyObject *
connection_set_nonblocking(connection *c, PyObject *unused)
{
    fcntl(c->fd, F_SETFL, O_NONBLOCK | O_RDWR);
    Py_RETURN_NONE;
}

static PyObject *
connection_fileno(connection *c, PyObject *unused)
{
    return PyLong_FromLong(c->fd);
}

static PyMethodDef connection_methods[] = {
    {"prepare", (PyCFunction)connection_prepare, METH_VARARGS, NULL},
    {"run", (PyCFunction)connection_run, METH_VARARGS, NULL},
    {"run_many", (PyCFunction)connection_run_many, METH_VARARGS, NULL},
    {"copy", (PyCFunction)connection_copy, METH_VARARGS, NULL},
    {"start", (PyCFunction)(void *)connection_start, METH_FASTCALL, NULL},
    {"wait", (PyCFunction)(void *)connection_wait, METH_FASTCALL, NULL},
    {"readable", (PyCFunction)connection_readable, METH_NOARGS, NULL},
    {"set_nonblocking", (PyCFunction)connection_set_nonblocking, METH_NOARGS, NULL},
    {"fileno", (PyCFunction)connection_fileno, METH_NOARGS, NULL},
    {NULL},
};
static PyType_Slot connection_slots[] = {
    {Py_tp_new, connection_new},
    {Py_tp_methods, connection_methods},
    {0, NULL},
};
static PyType_Spec connection_spec = {"prototype.Connection", sizeof(connection), 0, Py_TPFLAGS_DEFAULT,
                                      connection_slots};

static struct PyModuleDef module = {.m_base = PyModuleDef_HEAD_INIT, .m_name = "prototype", .m_size = -1};

PyMODINIT_FUNC
PyInit_prototype(void)
{
    PyDateTime_IMPORT;
    PyObject *decimal = PyImport_ImportModule("decimal");
    decimal_class = PyObject_GetAttrString(decimal, "Decimal");
    Py_DECREF(decimal);
    str_set_result = PyUnicode_InternFromString("set_result");
    waiter_type = (PyTypeObject *)PyType_FromSpec(&waiter_spec);
    PyObject *m = PyModule_Create(&module);
    return PyModule_AddObject(m, "Connection", PyType_FromSpec(&connection_spec)) < 0 ? NULL : m;
}
