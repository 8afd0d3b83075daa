#include "objects/new_cursor.h"

#include "module/args.h"
#include "objects/cursor.h"

static PyObject *
new_cursor(PyObject *self, PyObject *row_factory)
{
    hdpy_state *st = ((hdpy_connection *)self)->st;
    PyObject *factory = PyObject_GetAttr(self, st->str_cursor_factory);
    PyObject *cur = factory ? hdpy_cursor_new(factory, self, row_factory) : NULL;
    Py_XDECREF(factory);
    return cur;
}

static int
set_binary(const hdpy_state *st, PyObject *cur)
{
    PyObject *format = PyLong_FromLong(HD_BINARY);
    int rc = format ? PyObject_SetAttr(cur, st->str_format, format) : -1;
    Py_XDECREF(format);
    return rc;
}

/* cursor(), once its arguments are there; `row_factory` is never None. */
static PyObject *
make(PyObject *self, PyObject *const *given, PyObject *row_factory)
{
    enum { NAME, BINARY, ROW_FACTORY, SCROLLABLE, WITHHOLD };
    hdpy_state *st = ((hdpy_connection *)self)->st;
    int named = given[NAME] ? PyObject_IsTrue(given[NAME]) : 0;
    int binary = given[BINARY] ? PyObject_IsTrue(given[BINARY]) : 0;
    if (named < 0 || binary < 0)
        return NULL;
    PyObject *cur = named ? PyObject_CallMethodObjArgs(self, st->str_named_cursor, given[NAME], row_factory,
                                                       given[SCROLLABLE] ? given[SCROLLABLE] : Py_None,
                                                       given[WITHHOLD] ? given[WITHHOLD] : Py_False, NULL)
                          : new_cursor(self, row_factory);
    if (cur != NULL && binary && set_binary(st, cur) < 0)
        Py_CLEAR(cur);
    return cur;
}

static PyObject *
cursor(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"name", "binary", "row_factory", "scrollable", "withhold", NULL};
    static const hdpy_signature signature = {"cursor", params, 1, 0};
    PyObject *given[5] = {NULL, NULL, NULL, NULL, NULL};
    HDPY_GUARD(self);
    hdpy_connection *conn = (hdpy_connection *)self;
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0 || hdpy_connection_check(conn) < 0)
        return NULL;
    int own = given[2] ? PyObject_IsTrue(given[2]) : 0;
    if (own < 0)
        return NULL;
    PyObject *row_factory = own ? Py_NewRef(given[2]) : PyObject_GetAttr(self, conn->st->str_row_factory);
    PyObject *cur = row_factory ? make(self, given, row_factory) : NULL;
    Py_XDECREF(row_factory);
    return cur;
}

/* By their names, since a derived class may have cursor() or execute() of its own; a timeout is only passed on where one
 * was given, since a cursor class of one's own may not know it. */
static PyObject *
execute(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"query", "params", "prepare", "binary", "timeout", NULL};
    static const hdpy_signature signature = {"execute", params, 2, 1};
    enum { QUERY, PARAMS, PREPARE, BINARY, TIMEOUT };
    PyObject *given[5] = {NULL, Py_None, Py_None, Py_False, Py_None};
    hdpy_state *st = ((hdpy_connection *)self)->st;
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    int binary = PyObject_IsTrue(given[BINARY]);
    PyObject *cur = binary < 0 ? NULL : PyObject_CallMethodNoArgs(self, st->str_cursor);
    if (cur == NULL || (binary && set_binary(st, cur) < 0)) {
        Py_XDECREF(cur);
        return NULL;
    }
    PyObject *call[5] = {cur, given[QUERY], given[PARAMS], given[PREPARE], given[TIMEOUT]};
    PyObject *done = PyObject_VectorcallMethod(st->str_execute, call, 3 | PY_VECTORCALL_ARGUMENTS_OFFSET,
                                               given[TIMEOUT] == Py_None ? st->kw_prepare : st->kw_prepare_timeout);
    Py_DECREF(cur);
    return done;
}

PyMethodDef hdpy_new_cursor_methods[] = {
    {"cursor", (PyCFunction)(void (*)(void))cursor, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("cursor($self, /, name='', *, binary=False, row_factory=None, scrollable=None, withhold=False)\n--\n\n"
               "A new cursor; with a name, one on the server (see ServerCursor).\n\n"
               "row_factory: None takes the connection's. Raises OperationalError on a closed connection.")},
    {NULL},
};

PyMethodDef hdpy_sync_new_cursor_methods[] = {
    {"execute", (PyCFunction)(void (*)(void))execute, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("execute($self, /, query, params=None, *, prepare=None, binary=False, timeout=None)\n--\n\n"
               "Execute a query on a new cursor, and return the cursor. Raises as Cursor.execute.")},
    {NULL},
};

int
hdpy_new_cursor_init(hdpy_state *st)
{
    st->kw_prepare = Py_BuildValue("(s)", "prepare");
    st->kw_prepare_timeout = Py_BuildValue("(ss)", "prepare", "timeout");
    st->kw_row_factory = Py_BuildValue("(s)", "row_factory");
    return st->kw_prepare && st->kw_prepare_timeout && st->kw_row_factory ? 0 : -1;
}
