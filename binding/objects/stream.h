/* Cursor.stream(): the rows of a query as they come, for which the connection is kept from the start to the end. */
#ifndef HDPY_STREAM_H
#define HDPY_STREAM_H

#include "objects/cursor.h"

/* From the arguments (query, params, binary, size, timeout) of _stream_start(), sync or async; -1: an exception. */
int hdpy_stream_arguments(hdpy_cursor *cur, PyObject *const *args, Py_ssize_t nargs, hdpy_options *options);

/* Submits the query, and makes the request the cursor's stream. */
int hdpy_stream_submit(hdpy_connection *conn, hdpy_request *request, void *options);

/* Makes the rows that have come the cursor's result. 1: there are some; 0: none have come, or the stream has ended; -1: it
 * has failed. */
int hdpy_stream_take(hdpy_cursor *cur);

/* No more rows are wanted. */
void hdpy_stream_discard(hdpy_request *request);

/* Gives the connection back, which is lost unless all has been answered. */
void hdpy_stream_close(hdpy_cursor *cur);

/* The methods of BaseCursor and of the sync cursor. */
extern PyMethodDef hdpy_stream_methods[];
extern PyMethodDef hdpy_sync_stream_methods[];

int hdpy_stream_init(hdpy_state *st, PyObject *module);

#endif
