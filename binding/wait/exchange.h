/* Bytes between the session and the socket, and events between the session and the request. Sync and asyncio use the
 * same steps; they differ only in how they wait. */
#ifndef HDPY_EXCHANGE_H
#define HDPY_EXCHANGE_H

#include "objects/request.h"

#include <limits.h>

/* send() without blocking, through TLS where there is one. */
ssize_t hdpy_send(hdpy_connection *conn, hd_span out);

/* Lets a feeding request write on, and sends what the socket takes without blocking. A lost connection ends the
 * requests; it is no error of this function. */
void hdpy_flush(hdpy_connection *conn);

/* Receives once without blocking and handles every complete message. True: something came, or the connection is lost;
 * false: nothing there. */
bool hdpy_receive(hdpy_connection *conn);

/* Whether an idle connection can still be used, as far as that shows without a round trip: handles what has come
 * meanwhile. Anything but Notice, Notification and ParameterStatus means that it is lost. `watch`: an epoll that the
 * socket is in; if nothing at all can be read there, that answers it. Or -1. */
bool hdpy_still_alive(hdpy_connection *conn, int watch);

/* Keeps the exception of a signal handler (stolen) that came where nothing can be raised: in a notice handler, within TLS. */
void hdpy_keep_interruption(hdpy_connection *conn, PyObject *exception);

/* Raises it: -1. */
int hdpy_raise_kept_interruption(hdpy_connection *conn);

/* 0: nothing was kept. */
static inline int
hdpy_raise_interruption(hdpy_connection *conn)
{
    return conn->interruption != NULL ? hdpy_raise_kept_interruption(conn) : 0;
}

/* Handles the messages already received. */
void hdpy_dispatch(hdpy_connection *conn);

/* A request to cancel that reaches the server before the query does nothing: it is repeated after this many seconds, and
 * then after twice as many. Each is waited for like the first, so that none can hit the next query. */
static inline double
hdpy_first_pause(const hdpy_connection *conn)
{
    return conn->cancel_grace < 2 ? conn->cancel_grace / 2 : 1;
}

/* Seconds until the connection is given up. */
static inline double
hdpy_patience_left(const hdpy_connection *conn, hdpy_deadline end)
{
    return end == 0 ? conn->cancel_grace : hdpy_deadline_left(end, INT_MAX) / 1e3;
}

/* Sends and receives until the request is as far as its caller waits for, blocking this thread without the GIL. -1: a
 * signal's exception (Ctrl-C); what the server was executing has been cancelled, and what is waited for is over. */
int hdpy_wait(hdpy_connection *conn, hdpy_request *request);

/* The same, but what the server executes is cancelled at once. If it doesn't end, the connection is closed. */
int hdpy_cancel_and_wait(hdpy_connection *conn, hdpy_request *request);

/* OperationalError unless the connection can be used: the one that a pipeline has met, if nobody has been told. */
int hdpy_check(hdpy_connection *conn);

/* Takes the lock, runs `submit` on a fresh request, waits, releases, all by the deadline. On success the request, to
 * be given back by the caller; NULL with an exception. Errors of a pipeline's requests are kept for
 * hdpy_raise_failure(). */
typedef int (*hdpy_submit)(hdpy_connection *conn, hdpy_request *request, void *arg);
hdpy_request *hdpy_run(hdpy_connection *conn, hdpy_submit submit, void *arg);
hdpy_request *hdpy_run_until(hdpy_connection *conn, hdpy_submit submit, void *arg, hdpy_deadline deadline);

/* The same, but the lock is kept. */
hdpy_request *hdpy_run_and_keep(hdpy_connection *conn, hdpy_submit submit, void *arg, hdpy_deadline deadline);

/* The error of a request, raised; 0 if there is none. What a pipeline's request brought is delivered, not raised here. */
int hdpy_request_raise(hdpy_connection *conn, hdpy_request *request);

/* Raises the first error of the pipeline that nobody has been told of; 0 if there is none. */
int hdpy_raise_failure(hdpy_connection *conn);

/* The same for who has waited for this request: at its deadline it had the server cancel. */
int hdpy_raise_failure_by(hdpy_connection *conn, const hdpy_request *request);

#endif
