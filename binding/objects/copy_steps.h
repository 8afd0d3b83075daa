/* What the blocking and the awaitable methods of a Copy share: everything but waiting. */
#ifndef HDPY_COPY_STEPS_H
#define HDPY_COPY_STEPS_H

#include "objects/copy.h"
#include "objects/copying.h"

/* ---- what may be done when. -1: OperationalError. */

int hdpy_copy_no_copy(hdpy_copy *copy, const char *doing); /* raises: "... failed: no COPY in progress" */

/* Rows may be formatted: for the server, or for a writer that needs none. */
int hdpy_copy_check_writing(hdpy_copy *copy);
int hdpy_copy_check_reading(hdpy_copy *copy);

/* Whether the server owes nothing to this COPY: it has ended, or has not begun. */
bool hdpy_copy_is_over(const hdpy_copy *copy);

/* Whether a reader has to wait for the server. */
bool hdpy_copy_is_behind(const hdpy_copy *copy);

/* ---- rows to the server or to a writer */

enum { HDPY_COPY_BATCH = 64 * 1024 }; /* bytes of rows that are sent together */

/* Whether so many have come together, or the server wants none. */
bool hdpy_copy_is_time_to_send(const hdpy_copy *copy);

/* Hands the rows over to the session, as one message. -1: MemoryError, or DataError for more than a message holds. */
int hdpy_copy_pass_rows(hdpy_copy *copy);

/* The same, sends what the socket takes of them, and looks whether the server still wants any. */
int hdpy_copy_send_rows(hdpy_copy *copy);

/* Whether the next step has to wait, or to tell of an error. */
bool hdpy_copy_has_to_wait(const hdpy_copy *copy);

/* What _write_rows(rows, most) was given: an iterator, and how many rows of it are wanted. -1: TypeError. */
int hdpy_copy_rows_given(PyObject *const *args, Py_ssize_t nargs, Py_ssize_t *most);

/* The next of the rows: a new reference. NULL at the end, or with an exception: the iterator's, or TypeError for what is no
 * sequence (iterating over a mapping would write its keys). */
PyObject *hdpy_copy_next_row(PyObject *rows);

/* The rows so far as bytes for a writer; NULL without an exception if there are none. */
PyObject *hdpy_copy_take_rows(hdpy_copy *copy);

/* The bytes of what write() is given: a new reference. TypeError for what has none. */
PyObject *hdpy_copy_encoded(PyObject *self, PyObject *data);

/* ---- data from the server */

/* What `make` makes of the next message; NULL without an exception where none is there. */
PyObject *hdpy_copy_take_next(hdpy_copy *copy, PyObject *(*make)(hdpy_copy *copy, hd_span data));
PyObject *hdpy_copy_take_view(hdpy_copy *copy, hd_span data);

/* None, or an empty view, where neither an object nor an exception is. */
PyObject *hdpy_copy_or_none(PyObject *made);
PyObject *hdpy_copy_or_empty(hdpy_copy *copy, PyObject *made);

/* ---- the beginning and the end */

/* From (statement, params). -1: TypeError if there was a beginning already. */
int hdpy_copy_prepare_start(hdpy_copy *copy, PyObject *const *args, Py_ssize_t nargs, hdpy_options *options);

/* The statement was executed. -1: ProgrammingError if it is no COPY. */
int hdpy_copy_began(hdpy_copy *copy);

/* What is to be done for the end. */
typedef enum hdpy_copy_ending {
    HDPY_COPY_END_FAILED = -1,
    HDPY_COPY_END_NOTHING,
    HDPY_COPY_END_WAIT,
    HDPY_COPY_END_CANCEL,
} hdpy_copy_ending;

/* Says the last words. `reason`: bytes for CopyFail, or None where all went well. */
hdpy_copy_ending hdpy_copy_prepare_end(hdpy_copy *copy, PyObject *reason);

/* ---- the methods, in copy_sync.c and copy_async.c */

extern PyMethodDef hdpy_copy_sync_methods[];
extern PyMethodDef hdpy_copy_async_methods[];
PyObject *hdpy_copy_iterate(PyObject *self);

#define FAST(f) (PyCFunction)(void (*)(void)) f

#endif
