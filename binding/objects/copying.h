/* A request that copies: what goes to and fro between CopyInResponse or CopyOutResponse and ReadyForQuery.
 *
 * Such a request is waited for in several steps (HDPY_UNTIL_STEP): the server is ready to copy; data has come; there is
 * room for more; all is over. In between, the copy() block keeps the connection's lock. */
#ifndef HDPY_COPYING_H
#define HDPY_COPYING_H

#include "objects/request.h"

extern const char hdpy_no_copy_both[];

/* CopyInResponse, CopyOutResponse or CopyBothResponse came. -1: an exception, and the server has been told. */
int hdpy_copying_begin(hdpy_connection *conn, hdpy_request *request, const hd_event *ev);

/* The statement's command tag came, or an error; the request has taken note of either. */
void hdpy_copying_ended(hdpy_connection *conn, hdpy_request *request);

/* Sends the Sync of a COPY, once: behind the data, the end of the statement or an error. It has travelled with the statement
 * only where that copies to the client (hd_sql_copies_out()): a server that is about to copy in would discard it, or answer
 * it if it is cancelled just before it reads it, and nobody could tell which. */
void hdpy_copying_sync(hdpy_connection *conn, hdpy_request *request);

/* Whether the next message is data that a reader has to take: nobody else may, so dispatching stops here. */
bool hdpy_copying_has_data(const hdpy_connection *conn);

/* The same, and so much that no more should be received before some of it was read. */
bool hdpy_copying_is_full(const hdpy_connection *conn);

/* Whoever copies was interrupted, or doesn't want the rest: nothing is handed on any more, and the server is told that no
 * more will come. */
void hdpy_copying_forsake(hdpy_connection *conn, hdpy_request *request, hd_span reason);

/* ---- steps, to be submitted; hdpy_request_satisfied() says whether they have to be waited for. -1: an exception. */

/* Executes the statement: hdpy_options. */
int hdpy_copying_start(hdpy_connection *conn, hdpy_request *request, void *options);

/* Until data has come, or its end. */
int hdpy_copying_await_data(hdpy_connection *conn, hdpy_request *request, void *unused);

/* Sends an hd_span, which must live until the request is done; returns when little is left to be sent. */
int hdpy_copying_send(hdpy_connection *conn, hdpy_request *request, void *data);

/* Until ReadyForQuery, after CopyDone, or dropping what is left to be read. */
int hdpy_copying_end(hdpy_connection *conn, hdpy_request *request, void *unused);

/* Whether so much waits to be sent that a writer has to pause. */
bool hdpy_copying_is_behind(const hdpy_connection *conn);

/* The next CopyData, if it has come; valid until bytes are received. */
bool hdpy_copying_take(hdpy_connection *conn, hd_span *data);

#endif
