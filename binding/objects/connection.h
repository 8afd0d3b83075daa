/* The connection: a session of the core, the socket, and who is using them. */
#ifndef HDPY_CONNECTION_H
#define HDPY_CONNECTION_H

#include "module/process.h"
#include "plan/query.h"
#include "session/session.h"
#include "wait/lock.h"

#include <structmember.h>

typedef struct hdpy_request hdpy_request;
typedef struct hdpy_watch hdpy_watch;
typedef struct hdpy_copy hdpy_copy;
typedef struct hdpy_tls hdpy_tls;
typedef struct hdpy_lane hdpy_lane;

typedef struct hdpy_connection {
    PyObject_HEAD
    hdpy_state *st;
    hd_session session;
    int fd;        /* -1: not connected, or closed */
    hdpy_tls *tls; /* between the session and the socket; NULL: nothing is */
    pid_t owner;   /* process that connected */
    bool closed;   /* nothing can be executed any more */
    bool broken;   /* closed, and not by close() */
    bool closing;  /* close() was called while somebody else was waiting */
    bool autocommit;
    bool simply;     /* for replication: the server takes simple Queries only */
    PyObject *begin; /* bytes: the statement that opens a transaction */
    hdpy_context context;
    PyObject *row_factory;
    PyObject *cursor_factory;
    bool types_changed;  /* what `discovery` knows may be no longer so */
    PyObject *discovery; /* what learns the types of the server that results are of; or None */
    hdpy_settings *settings;
    uint32_t settings_version; /* of session.parameters when `settings` was made */
    hdpy_query_cache queries;
    uint32_t commands; /* of _command() that have succeeded, even where the wait for that was interrupted */
    bool altered;      /* tables may have been made, altered or dropped in this transaction */
    hdpy_lock lock;
    hdpy_request *request;  /* being answered; NULL when idle. Those behind it follow by `next` ... */
    hdpy_request *last;     /* ... up to this one */
    bool pipelined;         /* in pipeline mode: statements are queued, and nobody waits for each */
    size_t received;        /* bytes in all, which may wrap: an event loop takes a share of them at a time */
    size_t gather;          /* bytes that a pipeline sends, when they have come together */
    bool begun;             /* our BEGIN is among what was sent since the last Sync */
    bool unsynced;          /* something was sent since the last Sync */
    hdpy_request *arrived;  /* of the pipeline, answered; for hdpy_cursor_deliver() ... */
    hdpy_request *newest;   /* ... up to this one */
    PyObject *streamer;     /* the task to which a stream belongs; NULL: none */
    PyObject *loop;         /* in which it was used last; NULL: none */
    PyObject *failure;      /* the first error of the pipeline that nobody has been told of */
    PyObject *complaint;    /* tuple (text, fields): the server's last error, until something else is sent; or NULL */
    PyObject *pool;         /* that has lent it; None for none */
    double expires;         /* seconds of time.monotonic(): the pool keeps it no longer */
    hdpy_copy *copy;        /* whose block holds the lock; borrowed, NULL for none */
    hdpy_lane *lane;        /* which has the connection to itself; borrowed, NULL for none */
    double cancel_grace;    /* seconds that an interrupted query may take to end before the connection is given up */
    PyObject *wait;         /* callable (fd, write, seconds or None) used instead of poll(), or None: gevent */
    PyObject *loss;         /* exception: why the connection is broken */
    PyObject *interruption; /* exception of a signal handler, kept for whoever can raise it; NULL: none */
    hdpy_watch *watch;      /* the event loop's reader; NULL for sync use */

    /* scratch of parameter dumping, kept between queries */
    hd_writer values;
    uint64_t dumps; /* how often it was filled */
    uint32_t *oids;
    uint16_t *formats;
    size_t params_capacity;
} hdpy_connection;

/* Whether another process has connected: a forked child must leave server and event loop alone. */
static inline bool
hdpy_connection_is_inherited(const hdpy_connection *conn)
{
    return conn->owner != hdpy_process();
}

/* Raises OperationalError unless the connection can be used. */
int hdpy_connection_check(hdpy_connection *conn);

/* The session settings as the server last reported them (borrowed); NULL with an exception. */
hdpy_settings *hdpy_connection_read_settings(hdpy_connection *conn);

static inline hdpy_settings *
hdpy_connection_settings(hdpy_connection *conn)
{
    if (conn->settings != NULL && conn->settings_version == conn->session.parameters.version)
        return conn->settings;
    return hdpy_connection_read_settings(conn);
}

/* Puts a request that was written into the queue of those to be answered. */
void hdpy_connection_push(hdpy_connection *conn, hdpy_request *request);

/* Takes those out that are answered. */
void hdpy_connection_advance(hdpy_connection *conn);

/* Those that nobody will ask for any more. */
void hdpy_drop_requests(hdpy_request **first);

/* connection._pending(): the cursors that wait for an answer, oldest first; None for a command. */
PyObject *hdpy_connection_pending(PyObject *self, PyObject *unused);

/* The connection is of no use any more: every waiting request ends with this error (stolen), the socket is closed. */
void hdpy_connection_lose(hdpy_connection *conn, PyObject *error);

/* The same with an OperationalError of this text. */
void hdpy_connection_lose_because(hdpy_connection *conn, const char *format, ...);

/* This thread, for hdpy_lock_acquire(); 0 where greenlets share it. */
static inline unsigned long
hdpy_connection_thread(const hdpy_connection *conn)
{
    return conn->wait == Py_None ? PyThread_get_thread_ident() : 0;
}

/* Gives the lock back, and closes if close() was called meanwhile. */
void hdpy_connection_release(hdpy_connection *conn);

/* Closes it; idempotent. It needs no memory. -1: an exception of a signal handler, though it is closed. */
int hdpy_connection_close(hdpy_connection *conn);

/* The exception for an ErrorResponse. Its text is kept, and not the exception, which would keep the frames that it passes. */
PyObject *hdpy_connection_complaint(hdpy_connection *conn, hd_span body, PyObject *sql);

/* Calls conn._on_notice(fields) or conn._on_notification(pid, channel, payload); what they raise is unraisable. */
void hdpy_connection_notice(hdpy_connection *conn, hd_span body);
void hdpy_connection_notification(hdpy_connection *conn, hd_span body);

/* What BaseConnection tells of itself: objects/attributes.c. */
extern PyMethodDef hdpy_connection_status_methods[];
extern PyGetSetDef hdpy_connection_getset[];
extern PyMemberDef hdpy_connection_members[];

/* What it executes for itself, and what only the blocking one does: objects/commands.c. */
extern PyMethodDef hdpy_connection_command_methods[];
extern PyMethodDef hdpy_sync_command_methods[];

/* Adds the methods of start-up, which have a file of their own. */
int hdpy_startup_init(PyTypeObject *type);

int hdpy_connection_init(hdpy_state *st, PyObject *module);

#endif
