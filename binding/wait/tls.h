/* TLS between the session and the socket: records are made and read by Python's ssl, an SSLObject with a MemoryBIO at
 * each side, and sent and received here. So sync and asyncio have one filter, and no second OpenSSL is in the process.
 *
 * Everything here needs the GIL. Nothing leaves an exception behind: what fails looks like send() and recv() failing. */
#ifndef HDPY_TLS_H
#define HDPY_TLS_H

#include "objects/connection.h"

typedef struct hdpy_tls {
    PyObject *object; /* ssl.SSLObject, for those who ask ... */
    PyObject *engine; /* ... and what it calls itself */
    PyObject *read;   /* its methods, bound */
    PyObject *write;
    PyObject *scratch;  /* bytearray for what little is read ... */
    PyObject *small;    /* ... and the arguments of a read() into it: (its size, scratch) */
    PyObject *incoming; /* ssl.MemoryBIO with records received ... */
    PyObject *put;      /* ... and its write() */
    PyObject *outgoing; /* with records to send */
    PyObject *take;     /* its read() */
    PyObject *unsent;   /* bytes that the socket has not taken yet; NULL: none */
    Py_ssize_t sent;    /* of them, that it has */
    Py_ssize_t waiting; /* in `incoming`, while there is a record to be opened */
    Py_ssize_t left;    /* of the record being read */
    Py_ssize_t whole;   /* bytes that are at most in the record that waits alone; 0: that isn't known */
    bool known_tag;     /* TLS 1.3 with a cipher whose tags have 16 bytes: a record's length says so */
    bool drained;       /* what was received has been read: only more from the socket can give more */
    bool between;       /* records, when drained: no part of one has come, as far as is known */
    bool busy;          /* a signal handler or a finalizer within our calls must not come here again */
    PyObject *failure;  /* exception: why the connection can't be read; NULL: none */
} hdpy_tls;

/* Takes over a handshake that is done: (SSLObject, incoming, outgoing). NULL with an exception. */
hdpy_tls *hdpy_tls_new(hdpy_state *st, PyObject *parts);
void hdpy_tls_free(hdpy_tls *tls);
int hdpy_tls_traverse(hdpy_tls *tls, visitproc visit, void *arg);

/* As send() without blocking. What it takes may wait here; with nothing to send, it sends that. */
ssize_t hdpy_tls_send(hdpy_connection *conn, hd_span out);

/* Sends what is left to say, and that it was all (close_notify), as far as that is possible without blocking. */
void hdpy_tls_send_last(hdpy_connection *conn, hd_span out);

/* As recv(); it gives what has been received before anything else. */
ssize_t hdpy_tls_receive(hdpy_connection *conn, uint8_t *to, size_t room, int flags);

/* Whether something can be received that the socket doesn't tell of. */
static inline bool
hdpy_tls_has_more(const hdpy_connection *conn)
{
    return conn->tls != NULL && !conn->tls->drained && conn->fd >= 0;
}

/* Whether something is left to be sent. */
static inline bool
hdpy_has_unsent(const hdpy_connection *conn)
{
    return hd_session_outgoing(&conn->session).n != 0 || (conn->tls != NULL && conn->tls->unsent != NULL);
}

#endif
