/* The event loop's view of a connection: one reader, kept from operation to operation, because adding and removing one
 * each time costs more than the query. It doesn't keep an idle connection alive; while an operation waits, it does. */
#ifndef HDPY_WATCH_H
#define HDPY_WATCH_H

#include "objects/connection.h"

typedef struct hdpy_operation hdpy_operation;

struct hdpy_watch {
    PyObject_HEAD
    hdpy_connection *conn; /* borrowed; NULL once the connection is gone */
    PyObject *loop;        /* on which the reader is; NULL: none */
    int fd;
    bool writing;              /* a writer is registered too */
    bool direct;               /* tasks may run within our callback: a plain asyncio loop, not in debug mode */
    bool forgetful;            /* libuv stops watching a socket with an error, and there may be data before that */
    hdpy_operation *operation; /* waiting; owned */
};

/* Makes this loop watch the connection; takes it from another one, which may have been closed. -1: an exception. */
int hdpy_watch_start(hdpy_connection *conn, PyObject *loop);

/* Sends what can be sent, and has the loop report when more can. -1: an exception. */
int hdpy_watch_flush(hdpy_connection *conn);

/* The socket is about to be closed. Keeps a current exception. */
void hdpy_watch_stop(hdpy_connection *conn);

/* The connection is about to be freed. */
void hdpy_watch_free(hdpy_connection *conn);

int hdpy_watch_init(hdpy_state *st, PyObject *module);

#endif
