/* The requests of a connection: unanswered, in the order in which they were sent; and those of a pipeline that are answered,
 * until they are handed out. */
#include "objects/cursor.h"

static void
append(hdpy_request **first, hdpy_request **last, hdpy_request *request)
{
    request->next = NULL;
    if (*first == NULL)
        *first = request;
    else
        (*last)->next = request;
    *last = request;
}

/* Whether the oldest request is answered. In a pipeline one that has sent nothing of its own (a Flush) is so when its turn
 * comes. */
static bool
is_answered(hdpy_request *request)
{
    if (request->pipelined && !request->sync && request->owed == 0 && request->feed == NULL)
        request->done = true;
    return request->done;
}

void
hdpy_connection_advance(hdpy_connection *conn)
{
    while (conn->request != NULL && is_answered(conn->request)) {
        hdpy_request *request = conn->request;
        conn->request = request->next;
        if (request->pipelined)
            append(&conn->arrived, &conn->newest, request);
        else
            hdpy_request_unref(request);
    }
}

void
hdpy_connection_push(hdpy_connection *conn, hdpy_request *request)
{
    Py_CLEAR(conn->complaint);
    if (conn->request == NULL)
        conn->gather = HDPY_GATHER_FIRST;
    request->refs++;
    append(&conn->request, &conn->last, request);
    conn->unsynced |= request->owed != 0;
    if (request->pipelined && request->owner != NULL) {
        hdpy_cursor *cur = (hdpy_cursor *)request->owner;
        cur->pending = request;
        cur->rowcount = request->affected;
    }
    hdpy_connection_advance(conn);
}

void
hdpy_drop_requests(hdpy_request **first)
{
    while (*first != NULL) {
        hdpy_request *request = *first;
        *first = request->next;
        hdpy_request_unref(request);
    }
}

PyObject *
hdpy_connection_pending(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(self);
    PyObject *cursors = PyList_New(0);
    for (hdpy_request *r = ((hdpy_connection *)self)->request; cursors != NULL && r != NULL; r = r->next) {
        if (PyList_Append(cursors, r->owner ? r->owner : Py_None) < 0)
            Py_CLEAR(cursors);
    }
    return cursors;
}

/* Of the cursor's last execution, unless it has executed something else meanwhile. */
static void
deliver(hdpy_cursor *cur, hdpy_request *request)
{
    if (cur->pending != request)
        return;
    cur->pending = NULL;
    if (request->error == NULL && hdpy_cursor_adopt(cur, request) < 0)
        hdpy_request_fail(request);
    Py_XSETREF(cur->failure, Py_XNewRef(request->error));
    cur->unlearned = hdpy_cursor_has_foreign_types(cur);
}

void
hdpy_cursor_deliver(hdpy_connection *conn)
{
    if (conn->arrived == NULL)
        return;
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    hdpy_request *request;
    while ((request = conn->arrived) != NULL) {
        conn->arrived = request->next;
        if (request->owner != NULL)
            deliver((hdpy_cursor *)request->owner, request);
        if (conn->failure == NULL)
            conn->failure = Py_XNewRef(request->error);
        hdpy_request_unref(request);
    }
    PyErr_Restore(type, value, traceback);
}
