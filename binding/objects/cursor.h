/* The cursor: results of the last execution, and the place in them. */
#ifndef HDPY_CURSOR_H
#define HDPY_CURSOR_H

#include "objects/request.h"
#include "rows/rows.h"

typedef struct hdpy_cursor {
    PyObject_HEAD
    hdpy_connection *conn;
    hdpy_context context;
    PyObject *row_factory;
    PyObject *results;   /* list of hdpy_result, or NULL */
    Py_ssize_t i_result; /* of `result` in it */
    hdpy_result *result; /* the current one (owned), or NULL */
    Py_ssize_t pos;      /* next row to fetch */
    int64_t rowcount;
    hdpy_tag tag; /* of the current result, or of executemany's last */
    long arraysize;
    int format; /* pq.Format of results: 0 lets C choose, 1 binary */
    bool closed;
    int binding;             /* hdpy_binding, settled by the class */
    bool bare;               /* what it executes begins no transaction: a FETCH from a cursor on the server */
    bool same_rows;          /* results to come have rows of the one before: those of a cursor on the server */
    hdpy_row_maker maker;    /* of `result` ... */
    PyObject *maker_factory; /* ... for this factory (owned); NULL: not made yet */
    PyObject *sent;          /* bytes, or NULL: the query last executed, as it was sent */
    hdpy_request *pending;   /* in a pipeline: what was executed last, while unanswered (borrowed) */
    hdpy_request *stream;    /* of stream(), from start to end; NULL: none */
    PyObject *failure;       /* in a pipeline: why that failed */
    bool unlearned; /* the connection's discovery has not been asked about the types of a pipeline's results */
} hdpy_cursor;

/* factory(connection, row_factory=row_factory): what makes the connection's cursors, mostly a class of ours. */
PyObject *hdpy_cursor_new(PyObject *factory, PyObject *connection, PyObject *row_factory);

/* InterfaceError when closed. */
int hdpy_cursor_check(hdpy_cursor *cur);

/* Forgets what the last execution brought. */
void hdpy_cursor_reset(hdpy_cursor *cur);

/* Settles how the rows of the current result are made. -1: what the row factory raised. */
int hdpy_cursor_settle_rows(hdpy_cursor *cur);

/* Makes a COPY's result the only one. */
int hdpy_cursor_show(hdpy_cursor *cur, hdpy_result *result);

/* Takes over what a successful request has brought. -1: what the row factory raised. */
int hdpy_cursor_adopt(hdpy_cursor *cur, hdpy_request *request);

/* Whether a result has columns of types for which the connection's discovery should be asked; and what Python asks it. */
bool hdpy_cursor_has_foreign_types(const hdpy_cursor *cur);
PyObject *hdpy_cursor_get_has_foreign_types(PyObject *self, void *closure);
PyObject *hdpy_cursor_foreign_types(PyObject *self, PyObject *unused);

/* Hands out what a pipeline's requests have brought; keeps the first error in conn->failure, and a current exception. */
void hdpy_cursor_deliver(hdpy_connection *conn);

/* In a pipeline: waits in this thread until the cursor has its results. -1: an error of any statement. */
int hdpy_cursor_await(hdpy_cursor *cur);

/* Forgets what was executed. -1: the cursor is closed, or streaming. */
int hdpy_cursor_begin(hdpy_cursor *cur);

/* The row of the current result at cur->pos, and goes on to the next; NULL without an exception at the end. */
PyObject *hdpy_cursor_row(hdpy_cursor *cur);

/* All rows from cur->pos on; the row there, or None at the end. NULL: ProgrammingError, DataError. */
PyObject *hdpy_cursor_fetchall(hdpy_cursor *cur);
PyObject *hdpy_cursor_fetchone(hdpy_cursor *cur);

/* From the arguments of execute(); -1: TypeError. */
int hdpy_cursor_options(hdpy_cursor *cur, hdpy_options *options, PyObject *query, PyObject *params, PyObject *prepare,
                        PyObject *binary);

/* The methods that execute: of BaseCursor, of the sync cursor, of the asyncio one. */
extern PyMethodDef hdpy_execute_methods[];
extern PyMethodDef hdpy_sync_execute_methods[];
extern PyMethodDef hdpy_async_execute_methods[];

/* The methods that fetch, of BaseCursor and of the sync cursor. */
extern PyMethodDef hdpy_fetch_methods[];
extern PyMethodDef hdpy_sync_fetch_methods[];
PyObject *hdpy_cursor_next(PyObject *self);

int hdpy_cursor_init(hdpy_state *st, PyObject *module);

#endif
