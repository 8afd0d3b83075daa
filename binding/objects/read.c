#include "objects/read.h"

#include "module/errors.h"
#include "wait/awaitable.h"

PyObject *
hdpy_read_new(hdpy_lane *lane, PyObject *query, PyObject *params, hdpy_read_kind kind)
{
    PyTypeObject *type = (PyTypeObject *)hdpy_state_of_type(Py_TYPE((PyObject *)lane))->Read;
    hdpy_read *read = (hdpy_read *)type->tp_alloc(type, 0);
    if (read == NULL)
        return NULL;
    read->lane = (hdpy_lane *)Py_NewRef((PyObject *)lane);
    read->query = Py_NewRef(query);
    read->params = Py_NewRef(params);
    read->kind = kind;
    return (PyObject *)read;
}

/* ---- lists */

void
hdpy_reads_append(hdpy_read_list *list, hdpy_read *read)
{
    read->next = NULL;
    if (list->first == NULL)
        list->first = read;
    else
        list->last->next = read;
    list->last = read;
    list->n++;
}

hdpy_read *
hdpy_reads_take(hdpy_read_list *list)
{
    hdpy_read *read = list->first;
    if (read != NULL) {
        list->first = read->next;
        read->next = NULL;
        list->n--;
    }
    return read;
}

void
hdpy_reads_drop(hdpy_read_list *list)
{
    hdpy_read *read;
    while ((read = hdpy_reads_take(list)) != NULL)
        Py_DECREF((PyObject *)read);
}

int
hdpy_reads_visit(const hdpy_read_list *list, visitproc visit, void *arg)
{
    for (hdpy_read *read = list->first; read != NULL; read = read->next)
        Py_VISIT((PyObject *)read);
    return 0;
}

/* ---- the answer */

/* What the cursor has, as the kind of the read asks. */
static PyObject *
fetch(hdpy_read *read)
{
    hdpy_cursor *cur = read->cursor;
    cur->pending = NULL;
    if (hdpy_cursor_adopt(cur, read->request) < 0)
        return NULL;
    switch (read->kind) {
    case HDPY_READ_CURSOR:
        break;
    case HDPY_READ_ALL:
        return hdpy_cursor_fetchall(cur);
    case HDPY_READ_ROW:
    case HDPY_READ_VALUE:
        return hdpy_cursor_fetchone(cur);
    }
    return Py_NewRef((PyObject *)cur);
}

static PySendResult
finish(hdpy_read *read, PyObject **result)
{
    hdpy_cursor *cur = read->cursor;
    read->state = HDPY_READ_OVER;
    *result = NULL;
    if (read->error != NULL) {
        hdpy_raise(read->error);
        read->error = NULL;
    }
    else
        *result = fetch(read);
    read->cursor = NULL;
    if (cur != NULL && read->kind != HDPY_READ_CURSOR)
        hdpy_lane_give_cursor(read->lane, cur);
    else
        Py_XDECREF((PyObject *)cur);
    return *result ? PYGEN_RETURN : PYGEN_ERROR;
}

/* ---- the coroutine protocol */

static PySendResult
read_send(PyObject *self, PyObject *value, PyObject **result)
{
    HDPY_GUARD(hdpy_lane_guard(((hdpy_read *)self)->lane));
    hdpy_read *read = (hdpy_read *)self;
    *result = NULL;
    switch (read->state) {
    case HDPY_READ_NEW:
        read->state = HDPY_READ_WAITING;
        if (hdpy_lane_ask(read->lane, read) < 0) {
            read->state = HDPY_READ_OVER;
            return PYGEN_ERROR;
        }
        *result = Py_NewRef(read->future);
        return PYGEN_NEXT;
    case HDPY_READ_WAITING: /* woken by something else */
        *result = hdpy_lane_wait_on(read->lane, read);
        return *result ? PYGEN_NEXT : PYGEN_ERROR;
    case HDPY_READ_ANSWERED:
        return finish(read, result);
    case HDPY_READ_OVER:
        break;
    }
    PyErr_SetString(PyExc_RuntimeError, "cannot reuse already awaited read");
    return PYGEN_ERROR;
}

/* A read is never cancelled on the server, since others travel with it: what it brings is dropped. */
static void
discard(hdpy_read *read)
{
    if (read->state == HDPY_READ_WAITING && read->request != NULL)
        read->request->discard = true;
    read->state = HDPY_READ_OVER;
}

static PyObject *
read_throw(PyObject *self, PyObject *const *args, Py_ssize_t nargs)
{
    HDPY_GUARD(hdpy_lane_guard(((hdpy_read *)self)->lane));
    PyObject *exception = hdpy_thrown(args, nargs);
    if (exception != NULL) {
        discard((hdpy_read *)self);
        hdpy_raise(exception);
    }
    return NULL;
}

static PyObject *
read_close(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(hdpy_lane_guard(((hdpy_read *)self)->lane));
    discard((hdpy_read *)self);
    Py_RETURN_NONE;
}

static PyObject *
read_iternext(PyObject *self)
{
    PyObject *result;
    PySendResult outcome = read_send(self, Py_None, &result);
    return hdpy_iternext(outcome, result);
}

static PyObject *
read_send_method(PyObject *self, PyObject *value)
{
    return read_iternext(self);
}

/* ---- the type */

static int
read_traverse(PyObject *self, visitproc visit, void *arg)
{
    hdpy_read *read = (hdpy_read *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)read->lane);
    Py_VISIT(read->query);
    Py_VISIT(read->params);
    Py_VISIT((PyObject *)read->cursor);
    Py_VISIT(read->error);
    Py_VISIT(read->future);
    return 0;
}

static int
read_clear(PyObject *self)
{
    HDPY_GUARD(hdpy_lane_guard(((hdpy_read *)self)->lane));
    hdpy_read *read = (hdpy_read *)self;
    Py_CLEAR(read->query);
    Py_CLEAR(read->params);
    Py_CLEAR(read->error);
    Py_CLEAR(read->future);
    return 0;
}

static void
read_dealloc(PyObject *self)
{
    HDPY_GUARD(hdpy_lane_guard(((hdpy_read *)self)->lane));
    hdpy_read *read = (hdpy_read *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    read_clear(self);
    hdpy_request_unref(read->request);
    Py_XDECREF((PyObject *)read->cursor);
    Py_DECREF((PyObject *)read->lane);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"send", read_send_method, METH_O, NULL},
    {"throw", (PyCFunction)(void (*)(void))read_throw, METH_FASTCALL, NULL},
    {"close", read_close, METH_NOARGS, NULL},
    {NULL},
};

/* await uses am_send on 3.11 and tp_iternext on 3.12 and later. */
static PyType_Slot slots[] = {
    {Py_am_await, PyObject_SelfIter}, {Py_am_send, read_send},       {Py_tp_iter, PyObject_SelfIter},
    {Py_tp_iternext, read_iternext},  {Py_tp_dealloc, read_dealloc}, {Py_tp_traverse, read_traverse},
    {Py_tp_clear, read_clear},        {Py_tp_methods, methods},      {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.Read",
    .basicsize = sizeof(hdpy_read),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int
hdpy_read_init(hdpy_state *st, PyObject *module)
{
    st->Read = PyType_FromModuleAndSpec(module, &spec, NULL);
    return st->Read ? 0 : -1;
}
