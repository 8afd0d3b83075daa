#include "wait/waiter.h"

#include "module/args.h"
#include "module/errors.h"

#include <structmember.h>

typedef enum waiter_state { PENDING, DONE, CANCELLED } waiter_state;

typedef struct hdpy_waiter {
    PyObject_HEAD
    hdpy_state *st;
    PyObject *loop;
    PyObject *callback; /* of the task; NULL before it waits, and once it was told */
    PyObject *context;
    PyObject *message; /* of cancel() */
    waiter_state state;
    bool blocking; /* the mark by which a task knows that it is awaited */
} hdpy_waiter;

PyObject *
hdpy_waiter_new(hdpy_state *st, PyObject *loop)
{
    hdpy_waiter *w = PyObject_GC_New(hdpy_waiter, (PyTypeObject *)st->Waiter);
    if (w == NULL)
        return NULL;
    w->st = st;
    w->loop = Py_NewRef(loop);
    w->callback = w->context = w->message = NULL;
    w->state = PENDING;
    w->blocking = true;
    PyObject_GC_Track((PyObject *)w);
    return (PyObject *)w;
}

bool
hdpy_is_waiter(hdpy_state *st, PyObject *obj)
{
    return Py_TYPE(obj) == (PyTypeObject *)st->Waiter;
}

/* ---- telling the task */

/* What a task is told has ended: it asks that for its result, in C if it is a future of asyncio's own, and by a method
 * if it is a waiter, which costs as much as the rest of the wake. It is the same future for all tasks, with no loop behind
 * it. Borrowed; NULL with an exception. */
static PyObject *
ended_future(hdpy_state *st)
{
    PyObject *kept = HDPY_LOAD(st->ended_future);
    if (kept != NULL)
        return kept;
    PyObject *cls = hdpy_import_once(&st->Future, "asyncio", "Future");           // borrowed
    PyObject *stub = hdpy_import_once(&st->LoopStub, "types", "SimpleNamespace"); // borrowed
    if (cls == NULL || stub == NULL)
        return NULL;
    /* All that a future asks its loop before there are callbacks is get_debug(). */
    PyObject *none = PyTuple_New(0), *loop = NULL, *arguments = NULL, *future = NULL;
    PyObject *methods = Py_BuildValue("{sO}", "get_debug", (PyObject *)&PyBool_Type);
    if (none != NULL && methods != NULL)
        loop = PyObject_Call(stub, none, methods);
    if (loop != NULL)
        arguments = Py_BuildValue("{sO}", "loop", loop);
    if (arguments != NULL)
        future = PyObject_Call(cls, none, arguments);
    PyObject *done = future ? PyObject_CallMethodOneArg(future, st->str_set_result, Py_None) : NULL;
    if (done == NULL)
        Py_CLEAR(future);
    Py_XDECREF(done);
    Py_XDECREF(none);
    Py_XDECREF(methods);
    Py_XDECREF(loop);
    Py_XDECREF(arguments);
    return hdpy_keep_first(&st->ended_future, future);
}

/* What to tell: a task of asyncio's own only wants to know the outcome. Borrowed. */
static PyObject *
news_for(hdpy_waiter *w, PyObject *callback)
{
    PyObject *self = PyCFunction_CheckExact(callback) ? PyCFunction_GET_SELF(callback) : NULL;
    PyObject *task = self ? hdpy_import_once(&w->st->Task, "asyncio", "Task") : NULL; // borrowed
    PyObject *news = NULL;
    if (task != NULL && Py_IS_TYPE(self, (PyTypeObject *)task) && w->state == DONE)
        news = ended_future(w->st);
    if (news == NULL)
        PyErr_Clear(); /* the waiter knows as well */
    return news ? news : (PyObject *)w;
}

static int
tell_soon(hdpy_waiter *w, PyObject *callback, PyObject *context)
{
    PyObject *args[] = {w->loop, callback, news_for(w, callback), context};
    PyObject *handle = PyObject_VectorcallMethod(w->st->str_call_soon, args, 3, context ? w->st->kw_context : NULL);
    Py_XDECREF(handle);
    return handle ? 0 : -1;
}

PyObject *
hdpy_current_task(hdpy_state *st, PyObject *loop)
{
    PyObject *current_task = hdpy_import_once(&st->current_task, "asyncio", "current_task"); // borrowed
    return current_task ? PyObject_CallOneArg(current_task, loop) : NULL;
}

/* A task must not run within another one. */
static bool
no_task_is_running(hdpy_waiter *w)
{
    PyObject *task = hdpy_current_task(w->st, w->loop);
    bool none = task == Py_None;
    if (task == NULL)
        PyErr_Clear();
    Py_XDECREF(task);
    return none;
}

/* 1: the task has run; 0: it can't here; -1: its step raised. */
static int
tell_now(hdpy_waiter *w, PyObject *callback, PyObject *context)
{
    if (context == NULL || !no_task_is_running(w))
        return 0;
    if (PyContext_Enter(context) < 0) {
        PyErr_Clear();
        return 0;
    }
    PyObject *done = PyObject_CallOneArg(callback, news_for(w, callback));
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    if (PyContext_Exit(context) < 0)
        PyErr_WriteUnraisable((PyObject *)w);
    PyErr_Restore(type, value, traceback);
    Py_XDECREF(done);
    return done ? 1 : -1;
}

static int
tell(hdpy_waiter *w, bool here)
{
    PyObject *callback = w->callback, *context = w->context;
    if (callback == NULL)
        return 0; /* it will ask: add_done_callback() comes right after the yield */
    w->callback = w->context = NULL;
    int told = here ? tell_now(w, callback, context) : 0;
    if (told == 0)
        told = tell_soon(w, callback, context);
    Py_DECREF(callback);
    Py_XDECREF(context);
    return told < 0 ? -1 : 0;
}

int
hdpy_waiter_wake(PyObject *self, bool here)
{
    hdpy_waiter *w = (hdpy_waiter *)self;
    if (w->state != PENDING)
        return 0;
    w->state = DONE;
    Py_INCREF(self);
    int rc = tell(w, here);
    Py_DECREF(self);
    return rc;
}

/* ---- what a task calls (asyncio.Future has the same) */

static PyObject *
waiter_get_loop(PyObject *self, PyObject *unused)
{
    return Py_NewRef(((hdpy_waiter *)self)->loop);
}

static PyObject *
waiter_add_done_callback(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"fn", "context", NULL};
    static const hdpy_signature signature = {"add_done_callback", params, 1, 1};
    hdpy_waiter *w = (hdpy_waiter *)self;
    PyObject *given[2] = {NULL, NULL};
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    if (w->callback != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "only one task can wait for an operation");
        return NULL;
    }
    w->callback = Py_NewRef(given[0]);
    w->context = given[1] == Py_None ? NULL : Py_XNewRef(given[1]);
    if (w->state != PENDING && tell(w, false) < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyObject *
waiter_remove_done_callback(PyObject *self, PyObject *fn)
{
    hdpy_waiter *w = (hdpy_waiter *)self;
    PyObject *callback = Py_XNewRef(w->callback);
    int same = callback != NULL ? PyObject_RichCompareBool(callback, fn, Py_EQ) : 0;
    Py_XDECREF(callback);
    if (same < 0)
        return NULL;
    if (same) {
        Py_CLEAR(w->callback);
        Py_CLEAR(w->context);
    }
    return PyLong_FromLong(same);
}

/* Never directly: whoever cancels is running. */
static PyObject *
waiter_cancel(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"msg", NULL};
    static const hdpy_signature signature = {"cancel", params, 1, 0};
    hdpy_waiter *w = (hdpy_waiter *)self;
    PyObject *given[1] = {NULL};
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    if (w->state != PENDING)
        Py_RETURN_FALSE;
    w->state = CANCELLED;
    Py_XSETREF(w->message, Py_XNewRef(given[0]));
    if (tell(w, false) < 0)
        return NULL;
    Py_RETURN_TRUE;
}

static PyObject *
waiter_cancelled(PyObject *self, PyObject *unused)
{
    return PyBool_FromLong(((hdpy_waiter *)self)->state == CANCELLED);
}

static PyObject *
waiter_done(PyObject *self, PyObject *unused)
{
    return PyBool_FromLong(((hdpy_waiter *)self)->state != PENDING);
}

/* The outcome is the operation's affair: all that a waiter can tell is that it was cancelled. */
static PyObject *
waiter_result(PyObject *self, PyObject *unused)
{
    hdpy_waiter *w = (hdpy_waiter *)self;
    if (w->state == DONE)
        Py_RETURN_NONE;
    if (w->state == PENDING) {
        PyErr_SetString(PyExc_RuntimeError, "the operation is still waiting");
        return NULL;
    }
    PyObject *cls = hdpy_import_once(&w->st->CancelledError, "asyncio", "CancelledError"); // borrowed
    bool bare = w->message == NULL || w->message == Py_None;
    /* Made by hand: PyErr_SetObject() would take a tuple for its arguments. */
    PyObject *cancelled = !cls ? NULL : bare ? PyObject_CallNoArgs(cls) : PyObject_CallOneArg(cls, w->message);
    if (cancelled != NULL)
        hdpy_raise(cancelled);
    return NULL;
}

/* ---- the type */

static int
waiter_traverse(PyObject *self, visitproc visit, void *arg)
{
    hdpy_waiter *w = (hdpy_waiter *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(w->loop);
    Py_VISIT(w->callback);
    Py_VISIT(w->context);
    Py_VISIT(w->message);
    return 0;
}

static int
waiter_clear(PyObject *self)
{
    hdpy_waiter *w = (hdpy_waiter *)self;
    Py_CLEAR(w->callback);
    Py_CLEAR(w->context);
    Py_CLEAR(w->message);
    return 0;
}

static void
waiter_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    waiter_clear(self);
    Py_DECREF(((hdpy_waiter *)self)->loop);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

#define FAST(f) (PyCFunction)(void (*)(void)) f, METH_FASTCALL | METH_KEYWORDS

static PyMethodDef methods[] = {
    {"get_loop", waiter_get_loop, METH_NOARGS, NULL},
    {"add_done_callback", FAST(waiter_add_done_callback), NULL},
    {"remove_done_callback", waiter_remove_done_callback, METH_O, NULL},
    {"cancel", FAST(waiter_cancel), NULL},
    {"cancelled", waiter_cancelled, METH_NOARGS, NULL},
    {"done", waiter_done, METH_NOARGS, NULL},
    {"result", waiter_result, METH_NOARGS, NULL},
    {"exception", waiter_result, METH_NOARGS, NULL},
    {NULL},
};

static PyMemberDef members[] = {
    {"_asyncio_future_blocking", T_BOOL, offsetof(hdpy_waiter, blocking), 0, NULL},
    {NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, waiter_dealloc}, {Py_tp_traverse, waiter_traverse}, {Py_tp_clear, waiter_clear},
    {Py_tp_methods, methods},        {Py_tp_members, members},          {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.Waiter",
    .basicsize = sizeof(hdpy_waiter),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int
hdpy_waiter_init(hdpy_state *st, PyObject *module)
{
    st->Waiter = PyType_FromModuleAndSpec(module, &spec, NULL);
    st->kw_context = Py_BuildValue("(s)", "context");
    return st->Waiter && st->kw_context ? 0 : -1;
}
