#include "objects/copy_steps.h"

#include "module/args.h"
#include "module/errors.h"
#include "wait/exchange.h"
#include "wait/watch.h"
#include "wire/frontend.h"

#include <structmember.h>
#include <sys/socket.h>

/* ---- life */

static int
copy_init(PyObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"cursor", "binary", "writer", NULL};
    hdpy_copy *copy = (hdpy_copy *)self;
    hdpy_state *st = hdpy_state_of_type(Py_TYPE(self));
    PyObject *cursor, *writer;
    int binary;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!pO:Copy", keywords, (PyTypeObject *)st->BaseCursor, &cursor,
                                     &binary, &writer))
        return -1;
    if (copy->cursor != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "Copy.__init__() was called already");
        return -1;
    }
    if (hdpy_cursor_check((hdpy_cursor *)cursor) < 0)
        return -1;
    copy->cursor = (hdpy_cursor *)Py_NewRef(cursor);
    copy->conn = (hdpy_connection *)Py_NewRef((PyObject *)copy->cursor->conn);
    copy->timeout = HUGE_VAL;
    copy->writer = writer == Py_None ? NULL : Py_NewRef(writer);
    copy->binary = binary;
    copy->rows = hd_writer_of(&hd_alloc_default);
    copy->scratch = hd_writer_of(&hd_alloc_default);
    hdpy_allow_try_ref(self);
    return 0;
}

static int
copy_traverse(PyObject *self, visitproc visit, void *arg)
{
    hdpy_copy *copy = (hdpy_copy *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)copy->cursor);
    Py_VISIT((PyObject *)copy->conn);
    Py_VISIT(copy->writer);
    Py_VISIT((PyObject *)copy->adapters);
    Py_VISIT(copy->lock.waiters);
    if (copy->request != NULL)
        Py_VISIT(copy->request->error);
    for (size_t i = 0; i < copy->n_columns; i++)
        Py_VISIT(copy->columns[i].dumper);
    return 0;
}

/* The cursor and the connection stay: whoever still finishes the block needs them. */
static int
copy_clear(PyObject *self)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    Py_CLEAR(copy->writer);
    Py_CLEAR(copy->lock.waiters);
    if (copy->request != NULL)
        Py_CLEAR(copy->request->error);
    hdpy_copy_forget_columns(copy);
    return 0;
}

/* Gives the connection back, in step or closed. */
static void
let_go(hdpy_copy *copy)
{
    hdpy_connection *conn = copy->conn;
    bool kept = copy->request != NULL && copy->request->copy.kept && !copy->left;
    copy->left = true;
    if (!kept)
        return;
    if (!copy->request->done && copy->lock.held) {
        /* Another thread is within a step: end of file wakes it, and it closes. */
        conn->closed = conn->closing = true;
        shutdown(conn->fd, SHUT_RDWR);
        return;
    }
    if (!copy->request->done)
        hdpy_connection_lose_because(conn, "the connection was closed: a COPY was abandoned");
    conn->copy = NULL;
    hdpy_connection_release(conn);
}

static void
copy_dealloc(PyObject *self)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    if (copy->conn != NULL)
        let_go(copy);
    copy_clear(self);
    hdpy_request_unref(copy->request);
    Py_XDECREF(copy->oids);
    hd_writer_fini(&copy->rows);
    hd_writer_fini(&copy->scratch);
    Py_XDECREF((PyObject *)copy->cursor);
    Py_XDECREF((PyObject *)copy->conn);
    type->tp_free(self);
    Py_DECREF(type);
}

/* ---- what may be done when */

int
hdpy_copy_check(const hdpy_copy *copy)
{
    if (copy->conn != NULL)
        return 0;
    PyErr_SetString(PyExc_RuntimeError, "Copy.__init__() was not called");
    return -1;
}

int
hdpy_copy_no_copy(hdpy_copy *copy, const char *doing)
{
    if (hdpy_copy_check(copy) == 0)
        PyErr_Format(copy->conn->st->OperationalError, "%s failed: no COPY in progress", doing);
    return -1;
}

hdpy_request *
hdpy_copy_request(hdpy_copy *copy)
{
    if (copy->request == NULL || copy->left)
        return hdpy_copy_no_copy(copy, "copying"), NULL;
    copy->request->refs++;
    return copy->request;
}

int
hdpy_copy_raise(hdpy_copy *copy)
{
    hdpy_request *request = copy->request;
    if (request->copy.dropped)
        hdpy_request_blame_deadline(copy->conn, request);
    if (request->error == NULL)
        return 0;
    copy->told = true;
    if (request->expired) {
        PyObject *error = request->error;
        request->error = NULL;
        request->expired = false;
        hdpy_raise_timeout(copy->conn->st, error, copy->conn->closed);
        hdpy_request_fail(request);
    }
    hdpy_raise(Py_NewRef(request->error));
    return -1;
}

int
hdpy_copy_raise_at_end(hdpy_copy *copy)
{
    return copy->out && copy->told ? 0 : hdpy_copy_raise(copy);
}

int
hdpy_copy_check_writing(hdpy_copy *copy)
{
    if (copy->request == NULL && copy->writer != NULL && !copy->left)
        return 0;
    if (copy->left || !copy->in)
        return hdpy_copy_no_copy(copy, "sending copy data");
    if (copy->request->copy.phase == HDPY_COPYING_IN || copy->request->error != NULL)
        return 0;
    return hdpy_copy_no_copy(copy, "sending copy data");
}

int
hdpy_copy_check_reading(hdpy_copy *copy)
{
    return copy->request != NULL && copy->out ? 0 : hdpy_copy_no_copy(copy, "receiving copy data");
}

/* ---- rows to the server */

int
hdpy_copy_pass_rows(hdpy_copy *copy)
{
    hd_writer *rows = &copy->rows, *out = &copy->conn->session.out;
    if (hdpy_copy_unsent(copy) == 0)
        return 0;
    if (hd_session_outgoing(&copy->conn->session).n == 0 && copy->conn->session.sent == 0) {
        /* No copy is needed: the buffers change places. */
        rows->p[0] = HD_FE_COPY_DATA;
        hd_write_end(rows, 1);
        if (rows->rc == HD_OK) {
            hd_writer spare = *out;
            *out = *rows;
            *rows = spare;
            rows->n = 0;
            return 0;
        }
    }
    else {
        hd_session_mark mark = hd_session_mark_of(&copy->conn->session);
        hd_write_copy_data(out, (hd_span){rows->p + HDPY_COPY_HEADER, hdpy_copy_unsent(copy)});
        if (out->rc == HD_OK) {
            hd_writer_rewind(rows, 0);
            return 0;
        }
        rows->rc = out->rc;
        hd_session_rewind(&copy->conn->session, mark);
    }
    hdpy_raise_rc(copy->conn->st, rows->rc);
    hd_writer_rewind(rows, 0);
    return -1;
}

int
hdpy_copy_send_rows(hdpy_copy *copy)
{
    if (copy->request->error != NULL)
        return 0; /* for the next step to tell */
    if (hdpy_connection_check(copy->conn) < 0 || hdpy_copy_pass_rows(copy) < 0 || hdpy_watch_flush(copy->conn) < 0)
        return -1;
    if (copy->conn->watch == NULL)
        hdpy_receive(copy->conn);
    return 0;
}

bool
hdpy_copy_has_to_wait(const hdpy_copy *copy)
{
    return copy->request->error != NULL || hdpy_copying_is_behind(copy->conn);
}

PyObject *
hdpy_copy_take_rows(hdpy_copy *copy)
{
    size_t n = hdpy_copy_unsent(copy);
    if (n == 0)
        return NULL;
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)copy->rows.p + HDPY_COPY_HEADER, (Py_ssize_t)n);
    if (bytes != NULL)
        hd_writer_rewind(&copy->rows, 0);
    return bytes;
}

bool
hdpy_copy_is_time_to_send(const hdpy_copy *copy)
{
    return hdpy_copy_unsent(copy) >= HDPY_COPY_BATCH || (copy->request != NULL && copy->request->error != NULL);
}

int
hdpy_copy_rows_given(PyObject *const *args, Py_ssize_t nargs, Py_ssize_t *most)
{
    if (nargs != 2 || !PyIter_Check(args[0])) {
        PyErr_SetString(PyExc_TypeError, "an iterator and a number are needed");
        return -1;
    }
    *most = PyLong_AsSsize_t(args[1]);
    return *most == -1 && PyErr_Occurred() ? -1 : 0;
}

PyObject *
hdpy_copy_next_row(PyObject *rows)
{
    PyObject *row = PyIter_Next(rows);
    if (row == NULL || PyTuple_Check(row) || PyList_Check(row))
        return row;
    if (PySequence_Check(row) && !PyDict_Check(row) && !PyUnicode_Check(row) && !PyBytes_Check(row))
        return row;
    PyErr_Format(PyExc_TypeError, "a row should be a sequence of values, got %s", Py_TYPE(row)->tp_name);
    Py_DECREF(row);
    return NULL;
}

/* ---- both sync and async */

int
hdpy_copy_began(hdpy_copy *copy)
{
    hdpy_request *request = copy->request;
    if (request == NULL || copy->left)
        return hdpy_copy_no_copy(copy, "copying");
    if (request->copy.kept) {
        copy->in = request->copy.result->status != HDPY_COPY_OUT;
        copy->out = !copy->in;
        copy->binary = copy->binary || request->copy.format == HD_BINARY;
        copy->conn->copy = copy;
        return hdpy_cursor_show(copy->cursor, request->copy.result);
    }
    Py_ssize_t n = request->results ? PyList_GET_SIZE(request->results) : 0;
    hdpy_exec_status status = n ? ((hdpy_result *)PyList_GET_ITEM(request->results, 0))->status : HDPY_EMPTY_QUERY;
    if (n > 1)
        PyErr_SetString(copy->conn->st->ProgrammingError, "COPY cannot be mixed with other operations");
    else
        PyErr_Format(copy->conn->st->ProgrammingError,
                     "copy() should be used only with COPY ... TO STDOUT or COPY ... FROM STDIN statements, got %s",
                     status == HDPY_TUPLES_OK    ? "TUPLES_OK"
                     : status == HDPY_COMMAND_OK ? "COMMAND_OK"
                                                 : "EMPTY_QUERY");
    return -1;
}

int
hdpy_copy_prepare_start(hdpy_copy *copy, PyObject *const *args, Py_ssize_t nargs, hdpy_options *options)
{
    if (hdpy_copy_check(copy) < 0)
        return -1;
    if (nargs != 2 || copy->request != NULL || copy->left) {
        PyErr_SetString(PyExc_TypeError, "copy blocks can be used only once");
        return -1;
    }
    if (copy->conn->pipelined) {
        PyErr_SetString(copy->conn->st->NotSupportedError, "COPY cannot be used in pipeline mode");
        return -1;
    }
    if (hdpy_cursor_begin(copy->cursor) < 0)
        return -1;
    copy->request = hdpy_request_new();
    *options = (hdpy_options){.query = args[0],
                              .params = args[1],
                              .binding = HDPY_BIND_CLIENT, /* COPY takes no parameters */
                              .wanted = HDPY_ADAPTIVE,
                              .context = &copy->cursor->context,
                              .deadline = hdpy_copy_deadline(copy),
                              .owner = (PyObject *)copy->cursor};
    return copy->request ? 0 : -1;
}

bool
hdpy_copy_is_over(const hdpy_copy *copy)
{
    const hdpy_request *request = copy->request;
    return request == NULL || copy->left || !request->copy.kept || request->done;
}

hdpy_copy_ending
hdpy_copy_prepare_end(hdpy_copy *copy, PyObject *reason)
{
    hdpy_connection *conn = copy->conn;
    hdpy_request *request = copy->request;
    bool well = reason == Py_None;
    if (request == NULL)
        return hdpy_copy_no_copy(copy, "sending copy end");
    if (hdpy_copy_is_over(copy))
        return HDPY_COPY_END_NOTHING;
    if (copy->in && well && copy->writer == NULL && request->error == NULL)
        return hdpy_copy_format_end(copy) < 0 || hdpy_copy_pass_rows(copy) < 0 ? HDPY_COPY_END_FAILED
                                                                               : HDPY_COPY_END_WAIT;
    if (well)
        return HDPY_COPY_END_WAIT;
    char *text;
    Py_ssize_t n;
    if (PyBytes_AsStringAndSize(reason, &text, &n) < 0)
        return HDPY_COPY_END_FAILED;
    hd_writer_rewind(&copy->rows, 0);
    if (copy->out)
        hdpy_receive(conn); /* it may be all there already */
    hdpy_copying_forsake(conn, request, (hd_span){(const uint8_t *)text, (size_t)n});
    if (request->done)
        return HDPY_COPY_END_NOTHING;
    return copy->out ? HDPY_COPY_END_CANCEL : HDPY_COPY_END_WAIT;
}

bool
hdpy_copy_is_behind(const hdpy_copy *copy)
{
    return !copy->left && !hdpy_copying_has_data(copy->conn) && !copy->request->done;
}

PyObject *
hdpy_copy_take_next(hdpy_copy *copy, PyObject *(*make)(hdpy_copy *copy, hd_span data))
{
    hd_span data;
    if (!copy->left && hdpy_copying_take(copy->conn, &data))
        return make(copy, data);
    if (!copy->left)
        hdpy_copy_raise(copy);
    return NULL;
}

PyObject *
hdpy_copy_take_view(hdpy_copy *copy, hd_span data)
{
    copy->header_read = true; /* whoever reads blocks has it */
    return hdpy_copy_view(copy, data);
}

PyObject *
hdpy_copy_or_none(PyObject *made)
{
    return made == NULL && !PyErr_Occurred() ? Py_NewRef(Py_None) : made;
}

PyObject *
hdpy_copy_or_empty(hdpy_copy *copy, PyObject *made)
{
    return made == NULL && !PyErr_Occurred() ? hdpy_copy_view(copy, HD_SPAN_LITERAL("")) : made;
}

PyObject *
hdpy_copy_encoded(PyObject *self, PyObject *data)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    if (hdpy_copy_check(copy) < 0)
        return NULL;
    if (PyUnicode_Check(data)) {
        if (copy->binary) {
            PyErr_SetString(PyExc_TypeError, "cannot copy str data in binary mode: use bytes instead");
            return NULL;
        }
        hdpy_settings *settings = hdpy_connection_settings(copy->conn);
        const char *codec = settings ? PyUnicode_AsUTF8(settings->encoding) : NULL;
        return codec ? PyUnicode_AsEncodedString(data, codec, NULL) : NULL;
    }
    if (PyObject_CheckBuffer(data))
        return Py_NewRef(data);
    PyErr_Format(PyExc_TypeError, "bytes, a buffer or a str are needed, got %.200s", Py_TYPE(data)->tp_name);
    return NULL;
}

/* _take_rows(end): what was formatted and not yet written to the writer; `end`: with what ends the rows. */
static PyObject *
take_rows_method(PyObject *self, PyObject *end)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    if (hdpy_copy_check_writing(copy) < 0 || (end == Py_True && hdpy_copy_format_end(copy) < 0))
        return NULL;
    if (end != Py_True)
        copy->begun = true; /* a block follows, which brings its header along */
    return hdpy_copy_or_none(hdpy_copy_take_rows(copy));
}

/* The end of the block, whatever happened in it. */
static PyObject *
release(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    hdpy_request *request = copy->request;
    int rc = 0;
    if (request != NULL && !copy->left) {
        hdpy_cursor_reset(copy->cursor);
        if (request->copy.kept && request->error == NULL && request->copy.result->tag.length != 0)
            rc = hdpy_cursor_show(copy->cursor, request->copy.result);
    }
    let_go(copy);
    if (request != NULL)
        Py_CLEAR(request->error); /* it was told, and its traceback leads here */
    if (rc < 0)
        return NULL;
    Py_RETURN_NONE;
}

/* ---- types */

static PyObject *
get_cursor(PyObject *self, void *closure)
{
    hdpy_copy *copy = (hdpy_copy *)self;
    return Py_NewRef(copy->cursor ? (PyObject *)copy->cursor : Py_None);
}

static PyObject *
get_connection(PyObject *self, void *closure)
{
    hdpy_copy *copy = (hdpy_copy *)self;
    return Py_NewRef(copy->conn ? (PyObject *)copy->conn : Py_None);
}

/* Whether the server has said all that it will say. */
static PyObject *
get_over(PyObject *self, void *closure)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    return PyBool_FromLong(hdpy_copy_is_over((hdpy_copy *)self));
}

static PyObject *
get_timeout(PyObject *self, void *closure)
{
    double seconds = ((hdpy_copy *)self)->timeout;
    return seconds == HUGE_VAL ? Py_NewRef(Py_None) : PyFloat_FromDouble(seconds);
}

static int
set_timeout(PyObject *self, PyObject *timeout, void *closure)
{
    if (timeout != NULL)
        return hdpy_parse_timeout(timeout, &((hdpy_copy *)self)->timeout);
    PyErr_SetString(PyExc_AttributeError, "a timeout cannot be deleted; None is no limit");
    return -1;
}

static PyGetSetDef getset[] = {
    {"timeout", get_timeout, set_timeout,
     PyDoc_STR("Seconds for each wait for the server: the beginning, every read or write, the end. None: no limit."),
     NULL},
    {"cursor", get_cursor, NULL, PyDoc_STR("The cursor on which copy() was called."), NULL},
    {"connection", get_connection, NULL, PyDoc_STR("The connection of the cursor."), NULL},
    {"_over", get_over, NULL, NULL, NULL},
    {NULL},
};

static PyMemberDef members[] = {
    {"_reads", T_BOOL, offsetof(hdpy_copy, out), READONLY, NULL},
    {"_binary", T_BOOL, offsetof(hdpy_copy, binary), READONLY, NULL},
    {NULL},
};

static PyMethodDef methods[] = {
    {"_set_dumpers", hdpy_copy_set_dumpers, METH_O, NULL},
    {"_set_loaders", hdpy_copy_set_loaders, METH_O, NULL},
    {"_encoded", hdpy_copy_encoded, METH_O, NULL},
    {"_take_rows", take_rows_method, METH_O, NULL},
    {"_release", release, METH_NOARGS, NULL},
    {NULL},
};

static PyType_Slot base_slots[] = {
    {Py_tp_init, copy_init},         {Py_tp_dealloc, copy_dealloc},
    {Py_tp_traverse, copy_traverse}, {Py_tp_clear, copy_clear},
    {Py_tp_methods, methods},        {Py_tp_getset, getset},
    {Py_tp_members, members},        {0, NULL},
};

static PyType_Spec base_spec = {
    .name = "howdah._howdah.BaseCopy",
    .basicsize = sizeof(hdpy_copy),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = base_slots,
};

static PyType_Slot sync_slots[] = {
    {Py_tp_methods, hdpy_copy_sync_methods},
    {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, hdpy_copy_iterate},
    {0, NULL},
};

static PyType_Spec sync_spec = {
    .name = "howdah._howdah.CopyBase",
    .basicsize = sizeof(hdpy_copy),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = sync_slots,
};

static PyType_Slot async_slots[] = {
    {Py_tp_methods, hdpy_copy_async_methods},
    {0, NULL},
};

static PyType_Spec async_spec = {
    .name = "howdah._howdah.AsyncCopyBase",
    .basicsize = sizeof(hdpy_copy),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
    .slots = async_slots,
};

static int
add_type(PyObject *module, const char *name, PyType_Spec *spec, PyObject *base)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, base);
    int rc = type ? PyModule_AddObjectRef(module, name, type) : -1;
    Py_XDECREF(type);
    return rc;
}

int
hdpy_copy_init(hdpy_state *st, PyObject *module)
{
    if (hdpy_copy_rows_init(st, module) < 0)
        return -1;
    PyObject *base = PyType_FromModuleAndSpec(module, &base_spec, NULL);
    int rc = base ? PyModule_AddObjectRef(module, "BaseCopy", base) : -1;
    if (rc == 0)
        rc = add_type(module, "CopyBase", &sync_spec, base);
    if (rc == 0)
        rc = add_type(module, "AsyncCopyBase", &async_spec, base);
    Py_XDECREF(base);
    return rc;
}
