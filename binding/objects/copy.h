/* The object of a copy() block: rows to bytes and bytes to rows, and the steps of objects/copying.h. */
#ifndef HDPY_OBJECTS_COPY_H
#define HDPY_OBJECTS_COPY_H

#include "objects/cursor.h"
#include "text/copy.h"

/* How the values of a column are dumped, or loaded. */
typedef struct hdpy_copy_column {
    bool by_value;           /* each value says itself as what it is dumped ... */
    PyTypeObject *type;      /* ... as the one before it did, if it was of this type; borrowed from the adapters */
    PyObject *dumper;        /* else: DumperCore or Dumper, owned */
    const hdpy_dumper *dump; /* NULL: by a Dumper in Python */
    const hdpy_loader *load;
} hdpy_copy_column;

struct hdpy_copy {
    PyObject_HEAD
    hdpy_cursor *cursor;
    hdpy_connection *conn;
    hdpy_request *request; /* NULL before the statement was executed */
    hdpy_lock lock;        /* one step at a time */
    double timeout;        /* seconds for each step; HUGE_VAL: no limit */
    PyObject *writer;      /* where rows go; NULL: to the server */
    bool in, out;          /* what the server said; neither: rows for a writer only */
    bool binary;
    bool left; /* the block has ended */
    bool told; /* the request's error was raised */

    hdpy_adapters *adapters; /* among which the columns' dumpers or loaders were found */
    hdpy_copy_column *columns;
    size_t n_columns;
    bool typed;     /* set_types() was called ... */
    PyObject *oids; /* ... with these, a tuple; for loading */

    hd_writer rows; /* written and not yet sent, behind room for the header of a message */
    bool begun;     /* the header of the binary format is written, by us or by who writes blocks */
    bool by_rows;   /* write_row() was called: the trailer is ours to write */

    bool header_read;
    hd_writer scratch;
};

enum { HDPY_COPY_HEADER = 5 }; /* of a CopyData message, kept free in front of the rows */

static inline size_t
hdpy_copy_unsent(const hdpy_copy *copy)
{
    return copy->rows.n > HDPY_COPY_HEADER ? copy->rows.n - HDPY_COPY_HEADER : 0;
}

/* RuntimeError unless __init__() was called. */
int hdpy_copy_check(const hdpy_copy *copy);

/* By when a step has to be over that begins now. */
static inline hdpy_deadline
hdpy_copy_deadline(const hdpy_copy *copy)
{
    return hdpy_deadline_in(copy->timeout);
}

/* The request of a COPY under way: a new reference. NULL with OperationalError. */
hdpy_request *hdpy_copy_request(hdpy_copy *copy);

/* Raises the request's error, which stays: whoever goes on hears it again. 0 if there is none. */
int hdpy_copy_raise(hdpy_copy *copy);

/* The same at the end of the block: who was told of it while reading, and went on, is not told again. */
int hdpy_copy_raise_at_end(hdpy_copy *copy);

/* ---- copy_rows.c */

/* Appends a row to `rows`; nothing of it if it fails. It may run Python: the copy's lock must be held. */
int hdpy_copy_format_row(hdpy_copy *copy, PyObject *row);

/* Appends what somebody has formatted already. */
int hdpy_copy_append(hdpy_copy *copy, hd_span data);

/* Appends what ends the rows. */
int hdpy_copy_format_end(hdpy_copy *copy);

/* The row in a CopyData message, which is held meanwhile. None: it is no row but the end. */
PyObject *hdpy_copy_load_row(hdpy_copy *copy, hd_span data);

/* A memoryview of a CopyData message: of the chunk itself, if it is large. */
PyObject *hdpy_copy_view(hdpy_copy *copy, hd_span data);

/* _set_dumpers(list of DumperCore, Dumper or None), _set_loaders(tuple of oids) */
PyObject *hdpy_copy_set_dumpers(PyObject *self, PyObject *dumpers);
PyObject *hdpy_copy_set_loaders(PyObject *self, PyObject *oids);

void hdpy_copy_forget_columns(hdpy_copy *copy);

int hdpy_copy_rows_init(hdpy_state *st, PyObject *module);

/* ---- copy.c */

int hdpy_copy_init(hdpy_state *st, PyObject *module);

#endif
