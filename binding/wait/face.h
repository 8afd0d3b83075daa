/* For event loops that take no readers, as Windows' Proactor: the loop reads and writes the socket itself, by a transport
 * whose protocol is howdah._face.Face. It reads into the inbox, where recv() would; and so for everybody else it stands
 * for the two system calls.
 *
 * When the transport ends, whatever the reason, the socket is read directly from then on: that gives the server's last
 * words and says what has happened. */
#ifndef HDPY_FACE_H
#define HDPY_FACE_H

#include "wait/watch.h"

#include <sys/socket.h>

/* Has the loop make a transport, of `sock` if that is the socket object by which it knows the connection, or NULL. The
 * watch is told when there is one; until then it sends by itself. -1: an exception. */
int hdpy_face_open(hdpy_connection *conn, PyObject *loop, PyObject *sock);

/* The transport is given up. True: with bytes that it had taken and not sent. Keeps a current exception. */
bool hdpy_face_close(hdpy_watch *watch);

/* Whether it is to read. Keeps a current exception. */
void hdpy_face_pause(hdpy_watch *watch, bool pause);

/* As send() and recv() without blocking; of a failure that is not the connection's, the exception is kept ... */
ssize_t hdpy_face_send(hdpy_watch *watch, const void *p, size_t n);
ssize_t hdpy_face_receive(hdpy_watch *watch, void *to, size_t room);

/* ... and raised here, the connection being closed. 0: there was none. */
int hdpy_face_raise(hdpy_connection *conn);

static inline bool
hdpy_has_face(const hdpy_connection *conn)
{
    return conn->watch != NULL && conn->watch->face != NULL;
}

/* Whether there are bytes to be received, where the inbox has room. */
static inline bool
hdpy_has_arrived(const hdpy_connection *conn)
{
    return hdpy_has_face(conn) && conn->watch->arrived != 0;
}

/* send() and recv() on the connection. */
static inline ssize_t
hdpy_socket_send(hdpy_connection *conn, const void *p, size_t n)
{
    return hdpy_has_face(conn) ? hdpy_face_send(conn->watch, p, n)
                               : send(conn->fd, p, n, MSG_NOSIGNAL | MSG_DONTWAIT);
}

static inline ssize_t
hdpy_socket_receive(hdpy_connection *conn, void *to, size_t room, int flags)
{
    return hdpy_has_face(conn) ? hdpy_face_receive(conn->watch, to, room) : recv(conn->fd, to, room, flags);
}

/* What the type of hdpy_watch needs for it. */
int hdpy_face_get_buffer(PyObject *watch, Py_buffer *view, int flags);
void hdpy_face_release_buffer(PyObject *watch, Py_buffer *view);
PyObject *hdpy_face_room(PyObject *watch, PyObject *unused);
PyObject *hdpy_face_arrived(PyObject *watch, PyObject *n);
PyObject *hdpy_face_lost(PyObject *watch, PyObject *unused);

#endif
