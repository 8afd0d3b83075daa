#include "wait/tls.h"

#include "module/errors.h"
#include "wait/exchange.h"
#include "wait/face.h"

#include <errno.h>
#include <sys/socket.h>

enum {
    SLICE = 64 * 1024,  /* bytes made into records at a time, so that little waits here when the socket is full */
    SMALL = 2048,       /* bytes that are better copied once more than given a view */
    NEVER_ALONE = 0xff, /* no message of PostgreSQL's is or ends with this byte alone in a record, except by chance */
};

/* What reading comes to, if to no bytes. */
enum outcome {
    NOTHING_YET = -2,
    BROKEN = -3,
    INTERRUPTED = -4,
    AGAIN = -5, /* interrupted, but nothing was read */
};

/* What the SSLObject calls: without a frame of Python's in between. */
static PyObject *
engine_of(PyObject *object)
{
    PyObject *engine = PyObject_GetAttrString(object, "_sslobj");
    if (engine == NULL) {
        PyErr_Clear();
        engine = Py_NewRef(object);
    }
    return engine;
}

static bool
has_known_tag(PyObject *object)
{
    const char *name, *version;
    int bits;
    PyObject *cipher = PyObject_CallMethod(object, "cipher", NULL);
    bool has = cipher != NULL && PyTuple_Check(cipher) && PyArg_ParseTuple(cipher, "ssi", &name, &version, &bits) &&
               strcmp(version, "TLSv1.3") == 0 && (strstr(name, "_GCM_") || strstr(name, "_POLY1305_"));
    Py_XDECREF(cipher);
    PyErr_Clear();
    return has;
}

/* They say why a call has failed, and are needed when nothing can be imported any more: an interpreter that ends has
 * finalizers that use connections. */
static int
import_exceptions(hdpy_state *st)
{
    return hdpy_import_once(&st->SSLError, "ssl", "SSLError") != NULL &&
                   hdpy_import_once(&st->SSLWantReadError, "ssl", "SSLWantReadError") != NULL &&
                   hdpy_import_once(&st->SSLZeroReturnError, "ssl", "SSLZeroReturnError") != NULL
               ? 0
               : -1;
}

hdpy_tls *
hdpy_tls_new(hdpy_state *st, PyObject *parts)
{
    PyObject *object, *incoming, *outgoing;
    if (!PyArg_ParseTuple(parts, "OOO", &object, &incoming, &outgoing) || import_exceptions(st) < 0)
        return NULL;
    hdpy_tls *tls = PyMem_Calloc(1, sizeof(*tls));
    if (tls == NULL)
        return (hdpy_tls *)PyErr_NoMemory();
    tls->object = Py_NewRef(object);
    tls->incoming = Py_NewRef(incoming);
    tls->outgoing = Py_NewRef(outgoing);
    tls->engine = engine_of(object);
    tls->read = PyObject_GetAttrString(tls->engine, "read");
    tls->write = PyObject_GetAttrString(tls->engine, "write");
    tls->put = PyObject_GetAttrString(incoming, "write");
    tls->take = PyObject_GetAttrString(outgoing, "read");
    tls->scratch = PyByteArray_FromStringAndSize(NULL, SMALL);
    if (tls->scratch != NULL) {
        memset(PyByteArray_AS_STRING(tls->scratch), 0, SMALL);
        tls->small = Py_BuildValue("(iO)", (int)SMALL, tls->scratch);
    }
    if (!tls->read || !tls->write || !tls->put || !tls->take || !tls->small) {
        hdpy_tls_free(tls);
        return NULL;
    }
    tls->known_tag = has_known_tag(object);
    return tls;
}

void
hdpy_tls_free(hdpy_tls *tls)
{
    if (tls == NULL)
        return;
    Py_CLEAR(tls->object);
    Py_CLEAR(tls->engine);
    Py_CLEAR(tls->read);
    Py_CLEAR(tls->write);
    Py_CLEAR(tls->small);
    Py_CLEAR(tls->scratch);
    Py_CLEAR(tls->incoming);
    Py_CLEAR(tls->put);
    Py_CLEAR(tls->outgoing);
    Py_CLEAR(tls->take);
    Py_CLEAR(tls->unsent);
    Py_CLEAR(tls->failure);
    PyMem_Free(tls);
}

int
hdpy_tls_traverse(hdpy_tls *tls, visitproc visit, void *arg)
{
    if (tls == NULL)
        return 0;
    Py_VISIT(tls->object);
    Py_VISIT(tls->engine);
    Py_VISIT(tls->read);
    Py_VISIT(tls->write);
    Py_VISIT(tls->small);
    Py_VISIT(tls->incoming);
    Py_VISIT(tls->put);
    Py_VISIT(tls->outgoing);
    Py_VISIT(tls->take);
    Py_VISIT(tls->failure);
    return 0;
}

/* ---- calls of ssl's methods */

/* Gives a view of our memory back. Who has kept it would read or write there later: -1 if it can't be taken from him. */
static int
drop_view(PyObject *view)
{
    PyObject *type, *value, *traceback;
    if (Py_REFCNT(view) == 1) {
        Py_DECREF(view);
        return 0;
    }
    PyErr_Fetch(&type, &value, &traceback);
    PyObject *released = PyObject_CallMethod(view, "release", NULL);
    Py_DECREF(view);
    if (released == NULL) {
        PyErr_Clear();
        PyErr_Restore(type, value, traceback);
        return -1;
    }
    Py_DECREF(released);
    PyErr_Restore(type, value, traceback);
    return 0;
}

/* write(bytes of ours). -1: an exception. */
static int
write_by(PyObject *write, hd_span data)
{
    bool small = data.n <= SMALL; /* a copy costs less than a view */
    PyObject *given = small ? PyBytes_FromStringAndSize((const char *)data.p, (Py_ssize_t)data.n)
                            : PyMemoryView_FromMemory((char *)data.p, (Py_ssize_t)data.n, PyBUF_READ);
    if (given == NULL)
        return -1;
    PyObject *done = PyObject_CallOneArg(write, given);
    Py_XDECREF(done);
    if (small)
        Py_DECREF(given);
    else if (drop_view(given) < 0 && done != NULL) {
        PyErr_SetString(PyExc_BufferError, "the SSLObject keeps what it was given to write");
        return -1;
    }
    return done ? 0 : -1;
}

/* How much is in a MemoryBIO; -1: an exception. */
static Py_ssize_t
pending(hdpy_connection *conn, PyObject *bio)
{
    PyObject *n = PyObject_GetAttr(bio, conn->st->str_pending);
    Py_ssize_t size = n ? PyLong_AsSsize_t(n) : -1;
    Py_XDECREF(n);
    return size;
}

static bool
is_tls_failure(hdpy_connection *conn)
{
    return PyErr_ExceptionMatches(conn->st->SSLError);
}

/* The current exception ends the connection. One that is not TLS's own (Ctrl-C) is raised, too: it came behind the work,
 * and how much had been read is lost with it. */
static void
take_failure(hdpy_connection *conn)
{
    bool ours = is_tls_failure(conn);
    PyObject *exception = hdpy_take_exception();
    if (!ours)
        hdpy_keep_interruption(conn, Py_XNewRef(exception));
    Py_XSETREF(conn->tls->failure, exception);
    errno = EPROTO;
}

/* ---- sending */

/* Sends the records that were made before. False, with errno: they are not all gone. */
static bool
send_records(hdpy_connection *conn)
{
    hdpy_tls *tls = conn->tls;
    while (tls->unsent != NULL) {
        const char *p = PyBytes_AS_STRING(tls->unsent) + tls->sent;
        ssize_t n = hdpy_socket_send(conn, p, (size_t)(PyBytes_GET_SIZE(tls->unsent) - tls->sent));
        if (n < 0) {
            int error = errno;
            if (error != EAGAIN && error != EWOULDBLOCK && error != EINTR)
                Py_CLEAR(tls->unsent); /* nobody will want them */
            errno = error;
            return false;
        }
        tls->sent += n;
        if (tls->sent == PyBytes_GET_SIZE(tls->unsent))
            Py_CLEAR(tls->unsent);
    }
    return true;
}

/* Takes the records that the SSLObject has made, its own (as of a key update) among them. -1: an exception. */
static int
take_records(hdpy_connection *conn)
{
    PyObject *records = PyObject_CallNoArgs(conn->tls->take);
    if (records == NULL || !PyBytes_Check(records)) {
        if (records != NULL)
            PyErr_SetString(PyExc_TypeError, "MemoryBIO.read() returned no bytes");
        Py_XDECREF(records);
        return -1;
    }
    if (PyBytes_GET_SIZE(records) == 0)
        Py_CLEAR(records);
    conn->tls->unsent = records;
    conn->tls->sent = 0;
    return 0;
}

static ssize_t
encrypt_and_send(hdpy_connection *conn, hd_span out)
{
    hdpy_tls *tls = conn->tls;
    if (!send_records(conn))
        return -1;
    hd_span slice = {out.p, out.n < SLICE ? out.n : SLICE};
    if (slice.n != 0 && write_by(tls->write, slice) < 0) {
        if (is_tls_failure(conn)) {
            PyErr_Clear();
            errno = EPIPE; /* reading will tell */
            return -1;
        }
        /* A signal handler has raised, before the work or behind it: records are made of all of it, or of nothing. */
        hdpy_keep_interruption(conn, hdpy_take_exception());
        if (pending(conn, tls->outgoing) <= 0) {
            PyErr_Clear();
            errno = EAGAIN;
            return -1;
        }
    }
    if (take_records(conn) < 0) {
        take_failure(conn);
        return -1;
    }
    if (!send_records(conn) && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR)
        return -1;
    return (ssize_t)slice.n;
}

ssize_t
hdpy_tls_send(hdpy_connection *conn, hd_span out)
{
    PyObject *type, *value, *traceback;
    if (conn->tls->busy) {
        errno = EAGAIN;
        return -1;
    }
    PyErr_Fetch(&type, &value, &traceback);
    conn->tls->busy = true;
    ssize_t n = encrypt_and_send(conn, out);
    int error = errno;
    conn->tls->busy = false;
    PyErr_Restore(type, value, traceback);
    errno = error;
    return n;
}

/* Writes, and has the SSLObject say that nothing follows. It would like to hear the same, which nobody waits for. */
static void
write_last(hdpy_connection *conn, hd_span out)
{
    PyObject *done = NULL;
    if (write_by(conn->tls->write, out) == 0)
        done = PyObject_CallMethod(conn->tls->object, "unwrap", NULL);
    Py_XDECREF(done);
    if (done == NULL && is_tls_failure(conn))
        PyErr_Clear();
    else if (done == NULL)
        hdpy_keep_interruption(conn, hdpy_take_exception());
}

void
hdpy_tls_send_last(hdpy_connection *conn, hd_span out)
{
    PyObject *type, *value, *traceback;
    if (conn->tls->busy)
        return;
    PyErr_Fetch(&type, &value, &traceback);
    conn->tls->busy = true;
    if (out.n <= SLICE && send_records(conn)) {
        write_last(conn, out);
        if (take_records(conn) == 0)
            send_records(conn);
    }
    PyErr_Clear();
    conn->tls->busy = false;
    PyErr_Restore(type, value, traceback);
}

/* ---- receiving */

/* Why read() has failed: one of `outcome`, BROKEN with an exception, or 0 for the end. An exception that isn't TLS's is of
 * a signal handler, and says nothing of what was read: it is kept, and that is INTERRUPTED. */
static Py_ssize_t
read_failed(hdpy_connection *conn)
{
    hdpy_state *st = conn->st;
    if (PyErr_ExceptionMatches(st->SSLWantReadError)) {
        PyErr_Clear();
        return NOTHING_YET;
    }
    if (PyErr_ExceptionMatches(st->SSLZeroReturnError)) {
        PyErr_Clear();
        return 0;
    }
    if (is_tls_failure(conn) || PyErr_ExceptionMatches(PyExc_MemoryError))
        return BROKEN;
    hdpy_keep_interruption(conn, hdpy_take_exception());
    return INTERRUPTED;
}

/* What read() says, as a number; it has been given so much room. */
static Py_ssize_t
count_of(hdpy_connection *conn, PyObject *count, size_t room, bool kept)
{
    Py_ssize_t n = count ? PyLong_AsSsize_t(count) : -1;
    Py_XDECREF(count);
    if (n >= 0 && (size_t)n <= room && !kept)
        return n;
    if (n < 0)
        return read_failed(conn);
    PyErr_SetString(PyExc_BufferError, "the SSLObject misuses the memory that it reads into");
    return BROKEN;
}

/* engine.read(room, to): the number of bytes, or as read_failed(). */
static Py_ssize_t
call_read(hdpy_connection *conn, uint8_t *to, size_t room)
{
    hdpy_tls *tls = conn->tls;
    bool small = room <= SMALL, kept = false;
    PyObject *into =
        small ? Py_NewRef(tls->scratch) : PyMemoryView_FromMemory((char *)to, (Py_ssize_t)room, PyBUF_WRITE);
    PyObject *size = into ? PyLong_FromSize_t(room) : NULL;
    PyObject *args[] = {size, into};
    PyObject *count = size ? PyObject_Vectorcall(tls->read, args, 2, NULL) : NULL;
    Py_XDECREF(size);
    if (small) { /* whether or not it says how much: what there is has its place */
        memcpy(to, PyByteArray_AS_STRING(into), room);
        Py_DECREF(into);
    }
    else
        kept = into != NULL && drop_view(into) < 0;
    return count_of(conn, count, room, kept);
}

/* Bytes that are left of the record being read; BROKEN with an exception. */
static Py_ssize_t
left_of_record(hdpy_connection *conn)
{
    PyObject *n = PyObject_CallMethodNoArgs(conn->tls->engine, conn->st->str_pending);
    Py_ssize_t left = n ? PyLong_AsSsize_t(n) : -1;
    Py_XDECREF(n);
    return left < 0 ? BROKEN : left;
}

/* Reads the first byte of a record, and finds out how much is behind it.
 *
 * Signal handlers run within ssl's read(), and if one raises, the number of bytes read is lost. In these two steps it
 * can be told afterwards: by what is left of the record, by the byte if it was the only one, and by what is left of what
 * was received. INTERRUPTED: it can't; the byte was one that nobody sends alone, or part of a record had come. */
static Py_ssize_t
open_record(hdpy_connection *conn, uint8_t *to)
{
    hdpy_tls *tls = conn->tls;
    if (PyErr_CheckSignals() < 0) /* here rather than there */
        hdpy_keep_interruption(conn, hdpy_take_exception());
    PyByteArray_AS_STRING(tls->scratch)[0] = (char)NEVER_ALONE;
    Py_ssize_t n = call_read(conn, to, 1);
    if (n != 1 && n != INTERRUPTED)
        return n;
    tls->left = left_of_record(conn);
    if (tls->left == BROKEN) {
        tls->left = 0;
        return BROKEN;
    }
    if (n == 1 || tls->left > 0 || *to != NEVER_ALONE)
        return 1;
    return pending(conn, tls->incoming) == tls->waiting ? AGAIN : INTERRUPTED;
}

/* Reads of the record that was opened. */
static Py_ssize_t
read_on(hdpy_connection *conn, uint8_t *to, size_t room)
{
    hdpy_tls *tls = conn->tls;
    size_t wanted = (size_t)tls->left < room ? (size_t)tls->left : room;
    Py_ssize_t n = call_read(conn, to, wanted);
    if (n == INTERRUPTED) {
        Py_ssize_t left = left_of_record(conn);
        n = left == tls->left ? AGAIN : left == tls->left - (Py_ssize_t)wanted ? (Py_ssize_t)wanted : INTERRUPTED;
    }
    if (n > 0)
        tls->left -= n;
    return n;
}

/* Reads the only record there is, at once. If the number of bytes read is lost (see open_record()), it is known when one was
 * written where the last can be, which had another value before: a record that is not padded has as many as it can. */
static Py_ssize_t
read_whole(hdpy_connection *conn, uint8_t *to)
{
    hdpy_tls *tls = conn->tls;
    Py_ssize_t whole = tls->whole;
    if (PyErr_CheckSignals() < 0)
        hdpy_keep_interruption(conn, hdpy_take_exception());
    uint8_t *bytes = (uint8_t *)PyByteArray_AS_STRING(tls->scratch);
    bytes[whole - 1] = NEVER_ALONE;
    Py_ssize_t n = count_of(conn, PyObject_Call(tls->read, tls->small, NULL), SMALL, false);
    if (n == INTERRUPTED && pending(conn, tls->incoming) == tls->waiting)
        return AGAIN;
    if (n == INTERRUPTED && bytes[whole - 1] != NEVER_ALONE)
        n = whole;
    tls->whole = 0;
    if (n > 0)
        memcpy(to, bytes, (size_t)n);
    return n;
}

/* Reads what has been received: > 0 bytes, NOTHING_YET, or -1 with errno, 0 for the end. */
static ssize_t
decrypt(hdpy_connection *conn, uint8_t *to, size_t room)
{
    hdpy_tls *tls = conn->tls;
    size_t got = 0;
    if (room < SMALL)
        tls->whole = 0;
    while (got < room && conn->fd >= 0) {
        bool at_once = tls->whole != 0;
        Py_ssize_t n = at_once     ? read_whole(conn, to + got)
                       : tls->left ? read_on(conn, to + got, room - got)
                                   : open_record(conn, to + got);
        if (n == AGAIN)
            continue;
        if (n == INTERRUPTED)
            PyErr_SetString(PyExc_RuntimeError, "interrupted while a record was read");
        if (n == INTERRUPTED || n == BROKEN)
            take_failure(conn);
        else if (n == 0)
            errno = 0;
        if (n == INTERRUPTED || n == BROKEN || n == 0)
            return got != 0 ? (ssize_t)got : -1; /* the next call comes here again */
        got += n == NOTHING_YET ? 0 : (size_t)n;
        if (tls->left != 0)
            continue;
        /* OpenSSL takes no more than one record out of the BIO, so an empty one means that nothing is left. */
        if (at_once || n == NOTHING_YET || (tls->waiting = pending(conn, tls->incoming)) == 0) {
            tls->drained = true;
            tls->between = n > 0;
            break;
        }
    }
    return got != 0 ? (ssize_t)got : NOTHING_YET;
}

/* How many bytes are at most in what was received, if that is one small record; else 0. */
static Py_ssize_t
only_record(const hdpy_tls *tls, const uint8_t *p, Py_ssize_t n)
{
    enum {
        APPLICATION_DATA = 23,
        HEADER = 5,
        AROUND = HEADER + 1 + 16 /* the type of what is inside, and the tag */
    };
    if (!tls->known_tag || n <= AROUND || n > SMALL || p[0] != APPLICATION_DATA || HEADER + (p[3] << 8 | p[4]) != n)
        return 0;
    return n - AROUND;
}

static ssize_t
receive_and_decrypt(hdpy_connection *conn, uint8_t *to, size_t room, int flags)
{
    hdpy_tls *tls = conn->tls;
    while (conn->fd >= 0) {
        if (tls->failure != NULL) {
            errno = EPROTO;
            return -1;
        }
        if (!tls->drained && !hdpy_has_arrived(conn)) { /* decrypting would overwrite what has */
            ssize_t n = decrypt(conn, to, room);
            if (n != NOTHING_YET)
                return n;
            /* Wanting to read may mean that it wants to be answered first. */
            if (pending(conn, tls->outgoing) > 0 && encrypt_and_send(conn, (hd_span){NULL, 0}) < 0 && errno == EPIPE)
                return -1;
        }
        ssize_t n;
        int fd = conn->fd;
        if (flags & MSG_DONTWAIT)
            n = hdpy_socket_receive(conn, to, room, flags);
        else {
            Py_BEGIN_ALLOW_THREADS
            n = recv(fd, to, room, flags);
            Py_END_ALLOW_THREADS
        }
        if (n <= 0)
            return n;
        if ((size_t)n == room)
            hd_inbox_enlarge(&conn->session.in);
        tls->whole = tls->drained && tls->between ? only_record(tls, to, n) : 0;
        if (write_by(tls->put, (hd_span){to, (size_t)n}) < 0) {
            take_failure(conn);
            return -1;
        }
        tls->waiting = tls->drained ? n : pending(conn, tls->incoming);
        tls->drained = false;
    }
    errno = 0;
    return -1;
}

ssize_t
hdpy_tls_receive(hdpy_connection *conn, uint8_t *to, size_t room, int flags)
{
    PyObject *type, *value, *traceback;
    if (conn->tls->busy) {
        errno = EAGAIN;
        return -1;
    }
    PyErr_Fetch(&type, &value, &traceback);
    conn->tls->busy = true;
    ssize_t n = receive_and_decrypt(conn, to, room, flags);
    int error = errno;
    conn->tls->busy = false;
    PyErr_Restore(type, value, traceback);
    errno = error;
    return n;
}
