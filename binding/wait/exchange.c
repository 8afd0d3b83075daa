#include "wait/exchange.h"

#include "module/errors.h"
#include "objects/copying.h"
#include "objects/cursor.h"
#include "wait/face.h"
#include "wait/tls.h"
#include "wire/message.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#ifdef __linux__
#include <sys/epoll.h>
#endif
#include <sys/socket.h>
#include <unistd.h>

enum {
    ATTENTION_MS = 100,           /* how often we look for signals while we wait */
    DIGESTED = 64,                /* receives of an idle connection before it counts as alive, whatever follows */
    UNATTENDED = 4 * 1024 * 1024, /* bytes of rows that are received before signals are looked at again */
};

/* ---- the socket */

static void
lose_by_errno(hdpy_connection *conn, const char *doing, int error)
{
    hdpy_connection_lose_because(conn, "the connection is lost: %s failed: %s", doing, strerror(error));
}

ssize_t
hdpy_send(hdpy_connection *conn, hd_span out)
{
    return conn->tls ? hdpy_tls_send(conn, out) : hdpy_socket_send(conn, out.p, out.n);
}

void
hdpy_flush(hdpy_connection *conn)
{
    for (;;) {
        hdpy_request *request = conn->request ? conn->last : NULL;
        if (request != NULL && request->feed != NULL) {
            request->refs++; /* where its rows come from may end the connection */
            int fed = request->feed(conn, request);
            if (fed < 0)
                hdpy_request_fail(request);
            hdpy_request_unref(request);
            if (fed < 0) {
                hdpy_connection_lose_because(conn, "out of memory while sending");
                return;
            }
            hdpy_connection_advance(conn);
        }
        hd_span out = hd_session_outgoing(&conn->session);
        if ((out.n == 0 && !hdpy_has_unsent(conn)) || conn->fd < 0)
            return;
        ssize_t n = hdpy_send(conn, out);
        if (n >= 0) {
            hd_session_sent(&conn->session, (size_t)n);
            conn->gather = Py_MIN(conn->gather * 2, (size_t)HDPY_GATHER_MOST);
        }
        else if (errno == EAGAIN || errno == EWOULDBLOCK)
            return;
        else if (errno != EINTR) {
            /* The server may have said why before it closed: reading comes first, and ends in the loss. */
            hd_session_sent(&conn->session, out.n);
            if (conn->request != NULL)
                conn->last->feed = NULL;
            return;
        }
    }
}

/* recv() into the inbox: > 0 bytes, 0 nothing there, -1 the connection is lost (errno 0: closed by the server). */
static ssize_t
receive(hdpy_connection *conn, int flags)
{
    size_t room;
    uint8_t *to = hd_inbox_reserve(&conn->session.in, &room);
    if (to == NULL) {
        errno = ENOMEM;
        return -1;
    }
    ssize_t n = conn->tls ? hdpy_tls_receive(conn, to, room, flags) : hdpy_socket_receive(conn, to, room, flags);
    if (n > 0) {
        hd_inbox_commit(&conn->session.in, (size_t)n);
        conn->received += (size_t)n;
    }
    else if (n == 0) {
        errno = 0;
        return -1;
    }
    else if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)
        return 0;
    return n;
}

static void
lose_after_receive(hdpy_connection *conn, int error)
{
    if (conn->closing)
        hdpy_connection_lose_because(conn, "the connection was closed while it was in use");
    else if (error == 0)
        hdpy_connection_lose_because(conn, "the connection is lost: the server closed it unexpectedly");
    else if (conn->tls != NULL && conn->tls->failure != NULL)
        hdpy_connection_lose_because(conn, "the connection is lost: TLS failed: %S", conn->tls->failure);
    else
        lose_by_errno(conn, "receiving", error);
}

/* ---- signals */

void
hdpy_keep_interruption(hdpy_connection *conn, PyObject *exception)
{
    if (conn->interruption == NULL)
        conn->interruption = exception;
    else
        Py_XDECREF(exception);
}

int
hdpy_raise_kept_interruption(hdpy_connection *conn)
{
    PyObject *exception = conn->interruption;
    conn->interruption = NULL;
    hdpy_raise(exception);
    return -1;
}

/* ---- events */

static void
no_request(hdpy_connection *conn, const hd_event *ev)
{
    /* Unasked: an error, which the server sends before it hangs up. It is kept for whoever comes next. */
    if (ev->type == HD_BE_ERROR_RESPONSE && conn->loss == NULL)
        conn->loss = hdpy_connection_complaint(conn, ev->body, NULL);
}

/* An event for the oldest request. */
static void
answer(hdpy_connection *conn, const hd_event *ev)
{
    hdpy_request *request = conn->request;
    if (ev->tag != NULL && ((hdpy_step *)ev->tag)->request != request) {
        hdpy_connection_lose_because(conn, "the connection is lost: an answer came for another query");
        return;
    }
    request->refs++; /* it may be the last event, or the end of the connection */
    if (ev->type == HD_BE_READY_FOR_QUERY)
        conn->begun = conn->unsynced = false;
    hdpy_request_event(conn, request, ev);
    if (ev->type == HD_BE_DATA_ROW && conn->fd >= 0 && hdpy_request_take_rows(conn, request) != HD_OK)
        hdpy_connection_lose_because(conn, "the connection is lost: bad rows, or no memory for them");
    hdpy_connection_advance(conn);
    hdpy_request_unref(request);
}

void
hdpy_dispatch(hdpy_connection *conn)
{
    hd_event ev;
    while (conn->fd >= 0) {
        if (hdpy_copying_has_data(conn)) {
            conn->request->copy.reached = true;
            return;
        }
        hd_rc rc = hd_session_next(&conn->session, &ev);
        if (rc == HD_MORE)
            return;
        if (rc == HD_ENOMEM)
            hdpy_connection_lose_because(conn, "the connection is lost: out of memory while receiving");
        else if (rc != HD_OK)
            hdpy_connection_lose_because(conn, "the connection is lost: %s", conn->session.complaint);
        else if (ev.type == HD_BE_NOTICE_RESPONSE)
            hdpy_connection_notice(conn, ev.body);
        else if (ev.type == HD_BE_NOTIFICATION_RESPONSE)
            hdpy_connection_notification(conn, ev.body);
        else if (ev.type == HD_BE_PARAMETER_STATUS)
            continue; /* the session keeps it; settings are made from it when next needed */
        else if (conn->request == NULL)
            no_request(conn, &ev);
        else
            answer(conn, &ev);
    }
}

bool
hdpy_receive(hdpy_connection *conn)
{
    if (conn->fd < 0)
        return true;
    bool came = false;
    do {
        ssize_t n = receive(conn, MSG_DONTWAIT);
        if (n < 0 && hdpy_copying_has_data(conn)) { /* which comes first; the end will be met again behind it */
            conn->request->copy.ended = true;
            break;
        }
        if (n < 0)
            lose_after_receive(conn, errno);
        else if (n > 0)
            hdpy_dispatch(conn);
        came |= n != 0;
        if (n <= 0)
            break;
    } while (hdpy_tls_has_more(conn)); /* the socket would not tell of it */
    return came;
}

/* Whether a server sends such a message unasked to a client it keeps. */
static bool
is_harmless(uint8_t type)
{
    return type == HD_BE_NOTICE_RESPONSE || type == HD_BE_NOTIFICATION_RESPONSE || type == HD_BE_PARAMETER_STATUS;
}

/* Whether what is left to parse can become such a message; before its header has come, it can. */
static bool
is_left_harmless(const hdpy_connection *conn)
{
    size_t size;
    uint8_t type = hd_inbox_header(&conn->session.in, &size);
    return type == 0 || is_harmless(type);
}

/* Where the loop receives for itself, only what it will find can be looked at, and not through TLS. */
static bool
will_be_lost(const hdpy_connection *conn)
{
    uint8_t type;
    ssize_t n = recv(conn->fd, &type, 1, MSG_PEEK | MSG_DONTWAIT);
    bool known = conn->tls == NULL && hd_inbox_pending(&conn->session.in) == 0;
    return n == 0 || (n > 0 && known && !is_harmless(type));
}

/* Whether there is nothing to be read, at the cost of one system call and no memory. */
static bool
is_quiet(hdpy_connection *conn, int watch)
{
    char byte;
    if (conn->loss != NULL || hd_inbox_pending(&conn->session.in) != 0 || hdpy_tls_has_more(conn))
        return false;
#ifdef __linux__
    /* Half the price of recv(), and it holds for all connections of a pool. */
    struct epoll_event event;
    if (watch >= 0 && epoll_wait(watch, &event, 1, 0) == 0)
        return true;
#endif
    return recv(conn->fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

bool
hdpy_still_alive(hdpy_connection *conn, int watch)
{
    if (conn->fd < 0 || conn->closed || hdpy_connection_is_inherited(conn))
        return false;
    if (conn->lock.held || is_quiet(conn, watch))
        return true; /* who uses it reads for himself */
    hdpy_lock_try(&conn->lock);
    conn->lock.owner = hdpy_connection_thread(conn);
    for (int i = 0; i < DIGESTED && conn->fd >= 0 && hdpy_receive(conn); i++)
        ;
    if (conn->fd >= 0 &&
        (conn->loss != NULL || !is_left_harmless(conn) || (hdpy_has_face(conn) && will_be_lost(conn))))
        hdpy_connection_lose_because(conn, "the connection is lost: the server sent what nobody had asked for");
    hdpy_connection_release(conn);
    return conn->fd >= 0 && !conn->closed;
}

/* ---- waiting in this thread */

/* Receives without the GIL, blocking, and takes the rows that follow one another: many rows need one turn of the GIL.
 * Few rows that come one by one need one turn in a while. The same results as receive(). */
static ssize_t
receive_blocking(hdpy_connection *conn, hd_rc *rc)
{
    hdpy_request *request = conn->request;
    ssize_t n, received = 0;
    hdpy_deadline pause = 0;
    int error;
    PyThreadState *without_gil = conn->tls == NULL ? PyEval_SaveThread() : NULL; /* TLS gives it up for itself */
    /* SO_RCVTIMEO brings us back regularly, to look for signals; a server that is never waited for does not. */
    n = receive(conn, 0);
    while (n > 0 && (*rc = hdpy_request_take_rows(conn, request)) == HD_OK) {
        bool within_rows = conn->session.state == HD_ST_EXECUTE || conn->session.state == HD_ST_QUERY_ROWS;
        received += n;
        if (!within_rows || request->streaming || received > UNATTENDED || hd_inbox_peek(&conn->session.in) != 0)
            break;
        if (pause == 0)
            pause = hdpy_deadline_in(ATTENTION_MS / 1e3);
        else if (hdpy_deadline_passed(pause))
            break;
        n = receive(conn, 0);
    }
    error = errno;
    if (without_gil != NULL)
        PyEval_RestoreThread(without_gil);
    errno = error;
    return n;
}

/* Waits until the socket can be read (or written, if bytes wait); 0, or -1 with an exception of a signal handler. */
static int
wait_by_poll(hdpy_connection *conn, hdpy_deadline deadline)
{
    int longest = hdpy_deadline_left(deadline, ATTENTION_MS);
    struct pollfd p = {conn->fd, POLLIN, 0};
    if (hdpy_has_unsent(conn))
        p.events |= POLLOUT;
    Py_BEGIN_ALLOW_THREADS
    poll(&p, 1, longest);
    Py_END_ALLOW_THREADS
    return PyErr_CheckSignals();
}

/* The same by Python's select, which gevent has replaced. */
static int
wait_by_callable(hdpy_connection *conn, hdpy_deadline deadline)
{
    PyObject *seconds = Py_NewRef(Py_None);
    if (deadline != 0)
        Py_SETREF(seconds, PyFloat_FromDouble(hdpy_deadline_left(deadline, INT_MAX) / 1000.0));
    PyObject *write = hdpy_has_unsent(conn) ? Py_True : Py_False;
    PyObject *fd = PyLong_FromLong(conn->fd);
    PyObject *wait = Py_NewRef(conn->wait);
    PyObject *done = fd && seconds ? PyObject_CallFunctionObjArgs(wait, fd, write, seconds, NULL) : NULL;
    Py_DECREF(wait);
    Py_XDECREF(fd);
    Py_XDECREF(seconds);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* One round of sending and receiving, which ends with the deadline. -1: a signal handler raised. */
static int
turn(hdpy_connection *conn, hdpy_request *request, hdpy_deadline deadline)
{
    hd_rc rc = HD_OK;
    hdpy_flush(conn);
    if (hdpy_raise_interruption(conn) < 0)
        return -1;
    if (conn->session.skipping) /* what was queued behind an error is aborted without a word of the server */
        hdpy_dispatch(conn);
    if (hdpy_request_satisfied(conn, request) || conn->fd < 0)
        return 0;
    if (conn->wait != Py_None) {
        if (!hdpy_has_unsent(conn) && hdpy_receive(conn))
            return 0;
        if (wait_by_callable(conn, deadline) < 0)
            return -1;
        hdpy_receive(conn);
        return 0;
    }
    if (deadline != 0 || hdpy_has_unsent(conn)) {
        if (!hdpy_tls_has_more(conn) && wait_by_poll(conn, deadline) < 0)
            return -1;
        hdpy_receive(conn);
        return 0;
    }
    ssize_t n = receive_blocking(conn, &rc);
    int error = errno;
    if (rc != HD_OK)
        hdpy_connection_lose_because(conn, "the connection is lost: bad rows, or no memory for them");
    else {
        hdpy_dispatch(conn);
        if (n < 0 && !request->done)
            lose_after_receive(conn, error);
        else if (hdpy_tls_has_more(conn))
            hdpy_receive(conn);
    }
    if (hdpy_raise_interruption(conn) < 0)
        return -1;
    return request->done ? 0 : PyErr_CheckSignals();
}

/* Asks the server to cancel, over a connection of its own, by the end of our patience. -1: a signal handler raised. */
static int
request_cancel(hdpy_connection *conn, hdpy_deadline end)
{
    PyObject *left = PyFloat_FromDouble(hdpy_patience_left(conn, end));
    PyObject *done = left ? PyObject_CallMethodOneArg((PyObject *)conn, conn->st->str_on_cancel, left) : NULL;
    Py_XDECREF(left);
    Py_XDECREF(done);
    return done ? 0 : -1;
}

/* `cancel`: the server is asked to cancel before anything else. */
static int
wait_for(hdpy_connection *conn, hdpy_request *request, bool cancel)
{
    PyObject *interruption = NULL;
    bool asked = false, looked = false; /* the server to cancel; what came while we asked */
    hdpy_deadline deadline = request->deadline, end = 0;
    double pause = hdpy_first_pause(conn);
    if (hdpy_connection_is_inherited(conn))
        hdpy_connection_lose_because(conn, "the connection belongs to the process that forked this one");
    hdpy_watch_leave(conn);
    while (!hdpy_request_satisfied(conn, request) && conn->fd >= 0) {
        if (hdpy_deadline_passed(deadline)) {
            if (asked && !looked) {
                looked = true;
                hdpy_receive(conn);
                continue;
            }
            if (asked && hdpy_deadline_passed(end)) {
                hdpy_connection_lose_because(conn, "the connection was closed: the cancelled query did not end");
                break;
            }
            cancel = true;
            request->expired |= !asked;
        }
        if (!cancel && turn(conn, request, deadline) == 0)
            continue;
        if (!cancel && interruption == NULL)
            interruption = hdpy_take_exception();
        if (request->done) {
            PyErr_Clear();
            break;
        }
        if (cancel || !asked) {
            if (!asked) {
                end = hdpy_deadline_in(conn->cancel_grace);
                hdpy_request_abandon(conn, request);
                hdpy_copying_forsake(conn, request, HD_SPAN_LITERAL("interrupted"));
            }
            asked = true;
            cancel = looked = false;
            if (request_cancel(conn, end) == 0) {
                deadline = hdpy_deadline_first(hdpy_deadline_in(pause), end);
                pause *= 2;
                continue;
            }
            if (interruption == NULL)
                interruption = hdpy_take_exception();
        }
        /* A second Ctrl-C is impatience: don't wait for the server any longer. */
        PyErr_Clear();
        hdpy_connection_lose_because(conn, "the connection was closed: interrupted while cancelling");
        break;
    }
    if (interruption == NULL)
        return hdpy_raise_interruption(conn);
    hdpy_raise(interruption);
    return -1;
}

int
hdpy_wait(hdpy_connection *conn, hdpy_request *request)
{
    return wait_for(conn, request, false);
}

int
hdpy_cancel_and_wait(hdpy_connection *conn, hdpy_request *request)
{
    return wait_for(conn, request, true);
}

int
hdpy_request_raise(hdpy_connection *conn, hdpy_request *request)
{
    PyObject *error = request->error;
    if (error == NULL || (request->pipelined && request->done))
        return 0;
    request->error = NULL;
    if (request->expired)
        hdpy_raise_timeout(conn->st, error, conn->closed);
    else
        hdpy_raise(error);
    return -1;
}

int
hdpy_raise_failure(hdpy_connection *conn)
{
    if (conn->failure == NULL)
        return 0;
    PyObject *failure = conn->failure;
    conn->failure = NULL;
    hdpy_raise(failure);
    return -1;
}

int
hdpy_raise_failure_by(hdpy_connection *conn, const hdpy_request *request)
{
    PyObject *failure = conn->failure;
    if (!request->expired || failure == NULL)
        return hdpy_raise_failure(conn);
    conn->failure = NULL;
    hdpy_raise_timeout(conn->st, failure, conn->closed);
    return -1;
}

int
hdpy_check(hdpy_connection *conn)
{
    if (conn->lane != NULL) {
        PyErr_SetString(conn->st->ProgrammingError, "the connection belongs to a read lane");
        return -1;
    }
    if (hdpy_connection_check(conn) == 0)
        return 0;
    hdpy_cursor_deliver(conn);
    if (conn->failure != NULL) {
        PyErr_Clear();
        hdpy_raise_failure(conn);
    }
    return -1;
}

static hdpy_request *
request_by(hdpy_connection *conn, hdpy_deadline deadline)
{
    if (hdpy_deadline_passed(deadline)) {
        hdpy_raise_timeout(conn->st, NULL, false);
        return NULL;
    }
    hdpy_request *request = hdpy_request_new();
    if (request != NULL)
        request->deadline = deadline;
    return request;
}

static hdpy_request *
run(hdpy_connection *conn, hdpy_submit submit, void *arg, hdpy_deadline deadline, bool keep)
{
    unsigned long me = hdpy_connection_thread(conn);
    if (hdpy_check(conn) < 0 || hdpy_lock_acquire(conn->st, &conn->lock, me, deadline) < 0)
        return NULL;
    hdpy_request *request = NULL;
    int rc = -1;
    if (hdpy_check(conn) == 0) /* it may have been closed while we waited */
        request = request_by(conn, deadline);
    if (request != NULL && (rc = submit(conn, request, arg)) == 0 && !request->done) {
        hdpy_connection_push(conn, request);
        rc = hdpy_wait(conn, request);
    }
    if (rc < 0 || !keep)
        hdpy_connection_release(conn);
    hdpy_cursor_deliver(conn);
    if (request != NULL && (rc < 0 || (!keep && hdpy_request_raise(conn, request) < 0))) {
        hdpy_request_unref(request);
        request = NULL;
    }
    return request;
}

hdpy_request *
hdpy_run(hdpy_connection *conn, hdpy_submit submit, void *arg)
{
    return run(conn, submit, arg, 0, false);
}

hdpy_request *
hdpy_run_until(hdpy_connection *conn, hdpy_submit submit, void *arg, hdpy_deadline deadline)
{
    return run(conn, submit, arg, deadline, false);
}

hdpy_request *
hdpy_run_and_keep(hdpy_connection *conn, hdpy_submit submit, void *arg, hdpy_deadline deadline)
{
    return run(conn, submit, arg, deadline, true);
}
