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

    /* of a loop that takes no readers: wait/face.h */
    PyObject *face;    /* NULL: there is a reader */
    bool opened;       /* has a transport */
    bool paused;       /* shall not receive now */
    bool stuffed;      /* can send nothing now */
    hd_chunk *chunk;   /* in which ... */
    uint8_t *at;       /* ... here ... */
    size_t room;       /* ... so much may be received */
    size_t arrived;    /* bytes, and was */
    PyObject *failure; /* exception of the loop's; NULL: none */
};

/* Makes this loop watch the connection; takes it from another one, which may have been closed. `sock`: the socket object
 * by which the loop knows it, or NULL. -1: an exception. */
int hdpy_watch_start(hdpy_connection *conn, PyObject *loop, PyObject *sock);

/* Sends what can be sent, and has the loop report when more can. -1: an exception. */
int hdpy_watch_flush(hdpy_connection *conn);

/* The socket is about to be closed. Keeps a current exception. */
void hdpy_watch_stop(hdpy_connection *conn);

/* Receives nothing more until hdpy_watch_start(), if whoever reads a COPY or a stream is slower; whether that is so. */
bool hdpy_watch_rest(hdpy_connection *conn);

/* Whoever calls will wait in this thread, and meanwhile the loop must not touch the socket. */
void hdpy_watch_leave(hdpy_connection *conn);

/* The end of a callback of the loop: reports to the operation, or the lane, what has changed. A task that is woken here
 * runs here, and may do anything with the connection; so nothing of it is touched afterwards. Steals the reference. */
PyObject *hdpy_watch_report(hdpy_watch *watch, hdpy_connection *conn);

/* The connection: a new reference; NULL if it is gone, or going. */
hdpy_connection *hdpy_watch_connection(hdpy_watch *watch);

/* The connection is about to be freed. */
void hdpy_watch_free(hdpy_connection *conn);

int hdpy_watch_init(hdpy_state *st, PyObject *module);

#endif
