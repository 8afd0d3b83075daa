/* Fetching: from a result's bytes to rows, when they are asked for. */
#include "objects/cursor.h"

#include "module/args.h"
#include "module/errors.h"

/* Something was registered after the statement was executed. A finalizer may do what it likes meanwhile. */
static int
find_loaders_anew(hdpy_cursor *cur)
{
    hdpy_result *result = (hdpy_result *)Py_NewRef((PyObject *)cur->result);
    hdpy_description *old = (hdpy_description *)Py_NewRef((PyObject *)result->description);
    hdpy_description *d = hdpy_description_in(cur->conn->st, old->settings, hdpy_context_adapters(&cur->context), old,
                                              HDPY_AS_DESCRIBED);
    int rc = d ? 0 : -1;
    if (d != NULL && result->description == old) {
        d->namedtuple = Py_XNewRef(old->namedtuple);
#ifdef Py_GIL_DISABLED /* who has the result, and not our guard, may be looking at the old one */
        d->before = old;
        HDPY_STORE(result->description, d);
#else
        Py_SETREF(result->description, d);
#endif
    }
    else
        Py_XDECREF((PyObject *)d);
    Py_DECREF((PyObject *)old);
    Py_DECREF((PyObject *)result);
    return rc;
}

/* The rows of the current result, kept alive while they are decoded: Python code may execute something else on this very
 * cursor, or register an adapter. */
static hdpy_row_source
hold(hdpy_cursor *cur)
{
    hdpy_result *result = (hdpy_result *)Py_NewRef((PyObject *)cur->result);
    hdpy_description *d = (hdpy_description *)Py_NewRef((PyObject *)result->description);
    hdpy_row_maker maker = cur->maker;
    Py_XINCREF(maker.callable);
    Py_XINCREF(maker.blueprint);
    return (hdpy_row_source){
        maker, result, d,
        hdpy_load_ctx_of(cur->conn->st, result->settings, d->adapters, &cur->context, (PyObject *)cur)};
}

static void
let_go(hdpy_row_source *src)
{
    hdpy_row_maker_clear(&src->maker);
    Py_DECREF((PyObject *)src->description);
    Py_DECREF((PyObject *)src->result);
}

/* ProgrammingError; its cause is the error that a pipeline's statement has met. */
static void
no_result(hdpy_cursor *cur)
{
    PyErr_SetString(cur->conn->st->ProgrammingError, "no result available");
    if (cur->failure == NULL)
        return;
    PyObject *error = hdpy_take_exception();
    PyException_SetCause(error, Py_NewRef(cur->failure));
    hdpy_raise(error);
}

static bool
has_columns(const hdpy_cursor *cur)
{
    return cur->result != NULL && cur->result->description != NULL;
}

/* How the rows are made is settled. */
static int
settle(hdpy_cursor *cur)
{
    if (cur->result->description->adapters != hdpy_context_adapters(&cur->context) && find_loaders_anew(cur) < 0)
        return -1;
    if (has_columns(cur) && hdpy_cursor_settle_rows(cur) < 0)
        return -1;
    if (has_columns(cur))
        return 0;
    no_result(cur); /* any more: a row factory has run, or another thread */
    return -1;
}

/* The current result must hold rows, and the way to make them be settled. */
static int
prepare_fetch(hdpy_cursor *cur)
{
    if (hdpy_cursor_check(cur) < 0)
        return -1;
    hdpy_state *st = cur->conn->st;
    if ((cur->pending != NULL || cur->unlearned) && hdpy_cursor_await(cur) < 0)
        return -1;
    if (cur->result == NULL) {
        no_result(cur);
        return -1;
    }
    hdpy_exec_status status = cur->result->status;
    if (status == HDPY_COMMAND_OK) {
        PyErr_Format(st->ProgrammingError, "the last operation didn't produce records (command status: %s)",
                     cur->tag.text);
        return -1;
    }
    if (status != HDPY_TUPLES_OK) {
        PyErr_Format(st->ProgrammingError, "the last operation didn't produce records (result status: %s)",
                     hdpy_exec_status_name(status));
        return -1;
    }
    return settle(cur);
}

PyObject *
hdpy_cursor_row(hdpy_cursor *cur)
{
    if (settle(cur) < 0)
        return NULL;
    if ((size_t)cur->pos >= cur->result->rows.n_rows)
        return NULL;
    hdpy_row_source src = hold(cur);
    Py_ssize_t at = cur->pos++; /* before anybody else can have the same row */
    PyObject *row = hdpy_make_row(&src, (size_t)at);
    if (row == NULL && cur->result == src.result && cur->pos == at + 1)
        cur->pos = at;
    let_go(&src);
    return row;
}

/* The next row, or NULL without an exception at the end. */
static PyObject *
next_row(hdpy_cursor *cur)
{
    if (prepare_fetch(cur) < 0 || (size_t)cur->pos >= cur->result->rows.n_rows)
        return NULL;
    return hdpy_cursor_row(cur);
}

PyObject *
hdpy_cursor_next(PyObject *self)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    return next_row((hdpy_cursor *)self);
}

PyObject *
hdpy_cursor_fetchone(hdpy_cursor *cur)
{
    PyObject *row = next_row(cur);
    if (row == NULL && !PyErr_Occurred())
        Py_RETURN_NONE;
    return row;
}

static PyObject *
fetchone(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    return hdpy_cursor_fetchone((hdpy_cursor *)self);
}

/* For __anext__: the end is not a row that is None. */
static PyObject *
fetchnext(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    PyObject *row = next_row((hdpy_cursor *)self);
    if (row == NULL && !PyErr_Occurred())
        PyErr_SetNone(PyExc_StopAsyncIteration);
    return row;
}

/* The rows up to `to`, which exist. */
static PyObject *
fetch_to(hdpy_cursor *cur, size_t to)
{
    hdpy_row_source src = hold(cur);
    Py_ssize_t from = cur->pos;
    cur->pos = (Py_ssize_t)to;
    src.many = to - (size_t)from > 1;
    PyObject *rows = hdpy_make_rows(&src, (size_t)from, to);
    if (rows == NULL && cur->result == src.result && cur->pos == (Py_ssize_t)to)
        cur->pos = from;
    let_go(&src);
    return rows;
}

PyObject *
hdpy_cursor_fetchall(hdpy_cursor *cur)
{
    return prepare_fetch(cur) < 0 ? NULL : fetch_to(cur, cur->result->rows.n_rows);
}

static PyObject *
fetchall(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    return hdpy_cursor_fetchall((hdpy_cursor *)self);
}

static PyObject *
fetchmany(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    static const char *const params[] = {"size", NULL};
    static const hdpy_signature signature = {"fetchmany", params, 1, 0};
    hdpy_cursor *cur = (hdpy_cursor *)self;
    PyObject *given[1] = {NULL};
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    Py_ssize_t size = given[0] && given[0] != Py_None ? PyNumber_AsSsize_t(given[0], NULL) : 0; /* clipped */
    if (size == -1 && PyErr_Occurred())
        return NULL;
    if (prepare_fetch(cur) < 0)
        return NULL;
    if (size <= 0)
        size = cur->arraysize;
    size_t left = cur->result->rows.n_rows - (size_t)cur->pos;
    return fetch_to(cur, (size_t)cur->pos + ((size_t)size < left ? (size_t)size : left));
}

static PyObject *
scroll(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    static const char *const params[] = {"value", "mode", NULL};
    static const hdpy_signature signature = {"scroll", params, 2, 1};
    hdpy_cursor *cur = (hdpy_cursor *)self;
    PyObject *given[2] = {NULL, NULL};
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    Py_ssize_t value = PyNumber_AsSsize_t(given[0], NULL); /* clipped; it may run Python */
    if ((value == -1 && PyErr_Occurred()) || prepare_fetch(cur) < 0)
        return NULL;
    const char *mode = given[1] ? (PyUnicode_Check(given[1]) ? PyUnicode_AsUTF8(given[1]) : "") : "relative";
    if (mode == NULL)
        return NULL;
    Py_ssize_t from = 0, n = (Py_ssize_t)cur->result->rows.n_rows;
    if (strcmp(mode, "relative") == 0)
        from = cur->pos;
    else if (strcmp(mode, "absolute") != 0) {
        PyErr_Format(PyExc_ValueError, "bad mode: %R. It should be 'relative' or 'absolute'", given[1]);
        return NULL;
    }
    if (value < -from || value >= n - from) {
        PyErr_SetString(PyExc_IndexError, "position out of bound");
        return NULL;
    }
    cur->pos = from + value;
    Py_RETURN_NONE;
}

#define FAST(f) (PyCFunction)(void (*)(void)) f, METH_FASTCALL | METH_KEYWORDS

PyMethodDef hdpy_fetch_methods[] = {
    {"_fetchone", fetchone, METH_NOARGS, NULL},
    {"_fetchnext", fetchnext, METH_NOARGS, NULL},
    {"_fetchall", fetchall, METH_NOARGS, NULL},
    {"_fetchmany", FAST(fetchmany), NULL},
    {"_scroll", FAST(scroll), NULL},
    {NULL},
};

PyMethodDef hdpy_sync_fetch_methods[] = {
    {"fetchone", fetchone, METH_NOARGS,
     PyDoc_STR("fetchone($self, /)\n--\n\n"
               "The next row, or None behind the last (DB-API). Raises ProgrammingError if the last operation\n"
               "returned no rows, DataError if a value can't be decoded.")},
    {"fetchall", fetchall, METH_NOARGS,
     PyDoc_STR("fetchall($self, /)\n--\n\nThe remaining rows, as a list (DB-API). Raises as fetchone().")},
    {"fetchmany", FAST(fetchmany),
     PyDoc_STR("fetchmany($self, /, size=0)\n--\n\n"
               "The next `size` rows, as a list; 0 means `arraysize` (DB-API). Raises as fetchone().")},
    {"scroll", FAST(scroll),
     PyDoc_STR("scroll($self, /, value, mode='relative')\n--\n\n"
               "Move within the result: by `value` rows, or to row `value` (mode 'absolute').\n\n"
               "Raises IndexError beyond the result, ValueError for another mode.")},
    {NULL},
};
