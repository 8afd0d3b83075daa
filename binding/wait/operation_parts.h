/* What an operation consists of: wait/async_requests.c sets them up, wait/operation.c runs them. */
#ifndef HDPY_OPERATION_PARTS_H
#define HDPY_OPERATION_PARTS_H

#include "wait/operation.h"

/* Of a stream, the first operation takes the lock, and the last gives it back. */
typedef enum op_kind { OP_PLAIN, OP_STREAM_START, OP_STREAM_MORE, OP_STREAM_END } op_kind;

typedef enum op_state { OP_NEW, OP_TURNING, OP_LOCKING, OP_RUNNING, OP_DONE } op_state;

struct hdpy_operation {
    PyObject_HEAD
    hdpy_connection *conn;
    hdpy_cursor *cursor; /* NULL for a command */
    hdpy_copy *copy;     /* whose step this is; then the request is its own */
    hdpy_lock *lock;     /* the connection's, or that of the copy, which has the connection's */
    bool cancel;         /* at once */
    hdpy_submit submit;
    hdpy_options options; /* query and params owned */
    op_kind kind;
    bool queued; /* in a pipeline nobody waits for it: it is a command, as the BEGIN of a block */
    op_state state;
    bool failed; /* interrupted, or its loop has */
    hdpy_request *request;
    PyObject *loop;
    PyObject *future;       /* what the task waits on: a future of the loop, or a waiter */
    PyObject *interruption; /* exception to raise once the server has answered */
    PyObject *cancelling;   /* task that asks the server to cancel; NULL when none or over */
    PyObject *timer;        /* gives the connection up when the cancelled query doesn't end */
    PyObject *reminder;     /* timer that asks once more */
    double pause;           /* seconds until then */
    hdpy_deadline end;      /* of our patience */
    PyObject *expiry;       /* timer of the deadline */
    bool late;              /* the deadline passed while the lock was somebody else's */
    int turns;              /* of the loop that we let pass for our own stream to end */
};

#endif
