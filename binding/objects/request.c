#include "objects/request.h"

#include "module/errors.h"
#include "objects/copying.h"
#include "objects/stream.h"
#include "wire/backend.h"
#include "wire/frontend.h"

hdpy_request *
hdpy_request_new(void)
{
    hdpy_request *request = PyMem_Calloc(1, sizeof(*request));
    if (request == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    request->refs = 1;
    request->first.request = request;
    request->step = &request->first;
    request->affected = -1;
    return request;
}

void
hdpy_request_unref(hdpy_request *request)
{
    if (request == NULL || --request->refs != 0)
        return;
    for (hdpy_step *step = &request->first, *next; step != NULL; step = next) {
        next = step->next;
        hdpy_statement_unref(step->stmt);
        Py_XDECREF((PyObject *)step->description);
        if (step != &request->first)
            PyMem_Free(step);
    }
    Py_XDECREF((PyObject *)request->query);
    Py_XDECREF(request->owner);
    Py_XDECREF(request->deferred);
    Py_XDECREF((PyObject *)request->current);
    Py_XDECREF(request->results);
    Py_XDECREF(request->error);
    Py_XDECREF(request->iterator);
    Py_XDECREF((PyObject *)request->copy.result);
    PyMem_Free(request);
}

bool
hdpy_request_satisfied(const hdpy_connection *conn, const hdpy_request *request)
{
    if (request->done)
        return true;
    switch (request->until) {
    case HDPY_UNTIL_ROWS:
        return request->current != NULL && request->current->rows.n_rows != 0;
    case HDPY_UNTIL_WRITTEN:
        return request->feed == NULL && hd_session_outgoing(&conn->session).n < conn->gather;
    case HDPY_UNTIL_STEP:
        return request->copy.reached;
    case HDPY_UNTIL_DONE:
        break;
    }
    return false;
}

void
hdpy_request_abandon(hdpy_connection *conn, hdpy_request *request)
{
    request->abandoned = true;
    if (request->feed != NULL && request->iterator != NULL && !request->pipelined) {
        PyErr_SetString(conn->st->OperationalError, "interrupted: the other rows of parameters were not sent");
        hdpy_request_fail(request);
    }
    if (request->streaming)
        hdpy_stream_discard(request);
    else if (request->until == HDPY_UNTIL_WRITTEN)
        request->feed = NULL; /* the pipeline's Sync is to come */
    else
        request->until = HDPY_UNTIL_DONE;
}

void
hdpy_request_fail(hdpy_request *request)
{
    PyObject *error = hdpy_take_exception();
    if (request->error == NULL)
        request->error = error;
    else
        Py_XDECREF(error);
}

void
hdpy_request_blame_deadline(hdpy_connection *conn, hdpy_request *request)
{
    if (!request->expired || request->error != NULL)
        return;
    PyErr_SetString(conn->st->OperationalError, "the query ended before it could be cancelled");
    hdpy_request_fail(request);
}

/* ---- results */

static hdpy_result *
begin_result(hdpy_connection *conn, hdpy_request *request, hdpy_step *step)
{
    if (request->current == NULL) {
        hdpy_settings *settings = hdpy_connection_settings(conn);
        if (settings != NULL)
            request->current = hdpy_result_new(conn->st, settings, step->description);
    }
    return request->current;
}

/* The row that opens a result; those behind it take the short road, hdpy_request_take_rows(). */
static int
first_row(hdpy_connection *conn, hdpy_request *request, hdpy_step *step, hd_span body)
{
    if (request->discard || request->error != NULL)
        return 0;
    if (step->description == NULL) {
        hdpy_connection_lose_because(conn, "the server sent a row that it did not describe");
        return 0;
    }
    hdpy_result *result = begin_result(conn, request, step);
    if (result == NULL)
        return -1;
    hd_rc rc = hd_result_add(&result->rows, conn->session.in.chunk, body);
    if (rc == HD_EPROTO)
        hdpy_connection_lose_because(conn, "the server sent a row with other columns than it described");
    else if (rc != HD_OK)
        PyErr_NoMemory();
    return PyErr_Occurred() ? -1 : 0;
}

/* The COPY that copy() asked for is complete: nothing else may stand in its string. */
static int
finish_copy(hdpy_connection *conn, hdpy_request *request, hd_span tag)
{
    hdpy_copy_state *copy = &request->copy;
    if (copy->result->tag.length != 0) {
        PyErr_SetString(conn->st->ProgrammingError, "COPY cannot be mixed with other operations");
        return -1;
    }
    hdpy_copying_ended(conn, request);
    copy->result->tag = hdpy_tag_of(tag);
    copy->result->affected = hd_command_tag_rows(tag);
    if (copy->result->status == HDPY_COPY_IN) { /* its columns are nobody's concern any more */
        copy->result->status = HDPY_COMMAND_OK;
        Py_CLEAR(copy->result->description);
    }
    return 0;
}

static int
finish_result(hdpy_connection *conn, hdpy_request *request, hdpy_step *step, hdpy_exec_status status, hd_span tag)
{
    if (request->copy.result != NULL)
        return finish_copy(conn, request, tag);
    if (request->discard) {
        int64_t affected = hd_command_tag_rows(tag);
        request->affected += affected > 0 ? affected : 0;
        request->tag = hdpy_tag_of(tag);
        return 0;
    }
    hdpy_result *result = begin_result(conn, request, step);
    if (result == NULL || hdpy_result_complete(result, status, tag) < 0)
        return -1;
    request->current = NULL;
    if (request->simple)
        Py_CLEAR(step->description);
    if (request->results == NULL) { /* who finds a list finds a result in it */
        request->results = PyList_New(1);
        if (request->results != NULL)
            PyList_SET_ITEM(request->results, 0, (PyObject *)result);
        else
            Py_DECREF((PyObject *)result);
        return request->results ? 0 : -1;
    }
    int rc = PyList_Append(request->results, (PyObject *)result);
    Py_DECREF((PyObject *)result);
    return rc;
}

static bool
starts_with(hd_span tag, const char *word)
{
    return tag.n >= strlen(word) && memcmp(tag.p, word, strlen(word)) == 0;
}

/* A statement that was executed may have changed what prepared ones return, or dropped them. */
static void
heed_tag(hdpy_connection *conn, hd_span tag)
{
    if (tag.n == 0 || strchr("ACDR", tag.p[0]) == NULL)
        return; /* INSERT, UPDATE, SELECT: most of them */
    if (starts_with(tag, "DEALLOCATE ALL") || starts_with(tag, "DISCARD ALL"))
        hdpy_query_cache_lost(&conn->queries, false);
    else if (starts_with(tag, "ALTER ") || starts_with(tag, "DROP ")) {
        conn->altered = conn->types_changed = true;
        hdpy_query_cache_lost(&conn->queries, true);
    }
    else if (starts_with(tag, "CREATE "))
        conn->altered = true;
    else if (starts_with(tag, "COMMIT"))
        conn->altered = false;
    else if (starts_with(tag, "ROLLBACK") && conn->altered) {
        /* Tables are again what they were; the flag stays, since it may have been to a savepoint. */
        hdpy_query_cache_lost(&conn->queries, true);
    }
}

/* ---- descriptions */

hdpy_description *
hdpy_statement_shape(hdpy_connection *conn, hdpy_request *request, hdpy_statement *stmt, hdpy_formats formats)
{
    hdpy_settings *settings = hdpy_connection_settings(conn);
    hdpy_description *base = stmt->shapes[HDPY_ALL_TEXT];
    if (settings == NULL || base == NULL)
        return NULL;
    hdpy_description *shape = stmt->shapes[formats];
    hdpy_adapters *adapters = hdpy_context_adapters(request->context);
    if (shape == NULL || shape->settings != settings || shape->adapters != adapters) {
        shape = hdpy_description_in(conn->st, settings, adapters, base, formats);
        if (shape != NULL)
            Py_XSETREF(stmt->shapes[formats], shape);
    }
    return shape;
}

/* A prepared statement was described: the formats will be those that Bind asks for. */
static hdpy_description *
describe_statement(hdpy_connection *conn, hdpy_step *step, hdpy_settings *settings, hd_span body)
{
    hdpy_statement *stmt = step->stmt;
    hdpy_adapters *adapters = hdpy_context_adapters(step->request->context);
    hdpy_description *d = hdpy_description_new(conn->st, settings, adapters, body, HDPY_ALL_TEXT);
    if (d == NULL)
        return NULL;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(stmt->shapes); i++)
        Py_CLEAR(stmt->shapes[i]);
    stmt->shapes[HDPY_ALL_TEXT] = d;
    stmt->described = true;
    stmt->under_way = false;
    return (hdpy_description *)Py_XNewRef((PyObject *)hdpy_statement_shape(conn, step->request, stmt, step->formats));
}

/* A portal was described, or a simple Query's rows: usually as the last time. */
static hdpy_description *
describe_portal(hdpy_connection *conn, hdpy_step *step, hdpy_settings *settings, hd_span body)
{
    hdpy_description **last = step->stmt ? &step->stmt->shapes[HDPY_AS_DESCRIBED] : NULL;
    hdpy_adapters *adapters = hdpy_context_adapters(step->request->context);
    if (last != NULL && *last != NULL && hdpy_description_matches(*last, settings, adapters, body))
        return (hdpy_description *)Py_NewRef((PyObject *)*last);
    hdpy_description *d = hdpy_description_new(conn->st, settings, adapters, body, HDPY_AS_DESCRIBED);
    if (d != NULL && last != NULL)
        Py_XSETREF(*last, (hdpy_description *)Py_NewRef((PyObject *)d));
    return d;
}

/* Whether the statement still goes by the name under which the step sent it. */
static bool
is_current(const hdpy_step *step)
{
    return step->number != 0 && step->stmt->entry.number == step->number;
}

static int
describe(hdpy_connection *conn, hdpy_step *step, hd_span body)
{
    hdpy_settings *settings = hdpy_connection_settings(conn);
    hdpy_description *d = NULL;
    if (settings != NULL)
        d = step->parsed ? describe_statement(conn, step, settings, body)
                         : describe_portal(conn, step, settings, body);
    if (d == NULL && step->parsed && is_current(step) && !step->stmt->described)
        hdpy_statement_lost(&conn->queries, step->stmt); /* prepared, but of no use */
    Py_XSETREF(step->description, d);
    return d ? 0 : -1;
}

/* ---- events */

static const char no_copy[] = "COPY cannot be used with this method; use copy() instead";

/* The server wants COPY data that nobody has: refuse, and follow the protocol to ReadyForQuery. -1: an exception. */
static int
refuse_copy(hdpy_connection *conn, uint8_t response)
{
    if (response == HD_BE_COPY_IN_RESPONSE)
        hd_write_copy_fail(&conn->session.out, HD_SPAN_LITERAL("COPY was not expected"));
    else if (response == HD_BE_COPY_BOTH_RESPONSE)
        hd_write_copy_done(&conn->session.out); /* a walsender takes no CopyFail */
    if (response != HD_BE_COPY_OUT_RESPONSE)
        hd_session_sync_again(&conn->session);
    if (conn->session.out.rc != HD_OK)
        hdpy_connection_lose_because(conn, "out of memory while refusing COPY");
    if (response == HD_BE_COPY_BOTH_RESPONSE)
        PyErr_SetString(conn->st->NotSupportedError, hdpy_no_copy_both);
    else
        PyErr_SetString(conn->st->ProgrammingError, no_copy);
    return -1;
}

static bool
is_sqlstate(hd_span body, const char *sqlstate)
{
    hd_diagnostics diagnostics;
    if (hd_decode_diagnostics(&diagnostics, body) != HD_OK)
        return false;
    hd_span code = diagnostics.field[strchr(hd_diag_letters, 'C') - hd_diag_letters];
    return code.n == strlen(sqlstate) && memcmp(code.p, sqlstate, code.n) == 0;
}

/* Whether the error says that a prepared statement is of no more use. invalid_sql_statement_name: it was deallocated
 * unseen, by its name or in a function. feature_not_supported: "cached plan must not change result type", among other
 * things, for which it is prepared anew without need. */
static bool
is_outlived(hd_span body)
{
    return is_sqlstate(body, "26000") || is_sqlstate(body, "0A000");
}

static void
server_error(hdpy_connection *conn, hdpy_request *request, hdpy_step *step, hd_span body)
{
    if (!request->streaming)
        Py_CLEAR(request->current);
    request->outlived =
        request->error == NULL && step->number != 0 && !step->parsed && !step->bound && is_outlived(body);
    if (is_current(step) && (!step->stmt->entry.ready || is_outlived(body)))
        hdpy_statement_lost(&conn->queries, step->stmt);
    if (request->error == NULL)
        request->error = hdpy_connection_complaint(conn, body, request->query ? request->query->sql : NULL);
}

/* An Execute was skipped, since something before it in its batch has failed. */
static void
aborted(hdpy_connection *conn, hdpy_request *request, hdpy_step *step)
{
    if (is_current(step) && !step->stmt->entry.ready)
        hdpy_statement_lost(&conn->queries, step->stmt);
    if (request->pipelined && request->error == NULL) {
        PyErr_SetString(conn->st->PipelineAborted, "pipeline aborted");
        hdpy_request_fail(request);
    }
}

/* Our own BEGIN was answered: now the user's string may go. */
static int
send_deferred(hdpy_connection *conn, hdpy_request *request)
{
    PyObject *sql = request->deferred;
    request->deferred = NULL;
    hd_session_mark mark = hd_session_mark_of(&conn->session);
    hd_session_query(&conn->session, (hd_span){(uint8_t *)PyBytes_AS_STRING(sql), (size_t)PyBytes_GET_SIZE(sql)},
                     &request->first);
    Py_DECREF(sql);
    if (conn->session.out.rc == HD_OK)
        return 0;
    hdpy_raise_rc(conn->st, conn->session.out.rc);
    hd_session_rewind(&conn->session, mark);
    return -1;
}

static int
ready(hdpy_connection *conn, hdpy_request *request)
{
    if (request->deferred != NULL && request->error == NULL) {
        if (request->abandoned)
            PyErr_SetString(conn->st->OperationalError, "interrupted: nothing but BEGIN was sent");
        else if (send_deferred(conn, request) == 0)
            return 0;
    }
    if (request->outlived && !request->abandoned && request->repeatable && request->dump == conn->dumps) {
        request->repeatable = request->outlived = false;
        Py_CLEAR(request->error);
        if (hdpy_submit_again(conn, request) == 0)
            return 0;
    }
    request->done = true;
    if (request->command && request->error == NULL)
        conn->commands++;
    return PyErr_Occurred() ? -1 : 0;
}

static int
handle(hdpy_connection *conn, hdpy_request *request, hdpy_step *step, const hd_event *ev)
{
    switch (ev->type) {
    case HD_BE_PARSE_COMPLETE:
        if (is_current(step))
            step->stmt->entry.ready = true;
        return 0;
    case HD_BE_BIND_COMPLETE:
        step->bound = true;
        return 0;
    case HD_BE_ROW_DESCRIPTION:
        return describe(conn, step, ev->body);
    case HD_BE_DATA_ROW:
        return first_row(conn, request, step, ev->body);
    case HD_BE_NO_DATA:
        if (is_current(step)) {
            step->stmt->described = true;
            step->stmt->under_way = false;
        }
        Py_CLEAR(step->description);
        return 0;
    case HD_BE_COMMAND_COMPLETE: {
        hd_command_complete message;
        if (hd_decode_command_complete(&message, ev->body) != HD_OK)
            break;
        heed_tag(conn, message.tag);
        return finish_result(conn, request, step, step->description ? HDPY_TUPLES_OK : HDPY_COMMAND_OK, message.tag);
    }
    case HD_BE_EMPTY_QUERY_RESPONSE:
        return finish_result(conn, request, step, HDPY_EMPTY_QUERY, HD_SPAN_LITERAL(""));
    case HD_BE_PORTAL_SUSPENDED: /* every Execute asks for all rows: what is held back would be lost without a word */
        hdpy_connection_lose_because(conn, "the connection is lost: the server held rows back that were asked for");
        return 0;
    case HD_BE_COPY_IN_RESPONSE:
    case HD_BE_COPY_OUT_RESPONSE:
    case HD_BE_COPY_BOTH_RESPONSE:
        if (request->copy.phase != HDPY_NO_COPY)
            return hdpy_copying_begin(conn, request, ev);
        return refuse_copy(conn, ev->type);
    case HD_BE_ERROR_RESPONSE:
        server_error(conn, request, step, ev->body);
        if (request->copy.phase != HDPY_NO_COPY)
            hdpy_copying_ended(conn, request);
        return 0;
    case HD_EV_ABORTED:
        aborted(conn, request, step);
        return 0;
    case HD_BE_READY_FOR_QUERY:
        return ready(conn, request);
    default: /* ParameterDescription, CloseComplete, COPY data nobody asked for */
        return 0;
    }
    hdpy_connection_lose_because(conn, "the server sent a malformed message of type '%c'", ev->type);
    return 0;
}

void
hdpy_request_event(hdpy_connection *conn, hdpy_request *request, const hd_event *ev)
{
    hdpy_step *step = ev->tag;
    if (step == NULL) {
        /* The answer to what travelled ahead of the statement, our BEGIN: only its failure matters, and that a string of
         * several statements now may follow it. */
        if (ev->type != HD_BE_ERROR_RESPONSE && ev->type != HD_BE_READY_FOR_QUERY)
            return;
        step = &request->first;
    }
    if (handle(conn, request, step, ev) < 0)
        hdpy_request_fail(request);
    if (request->copy.owes_sync && (ev->ends || ev->type == HD_BE_ERROR_RESPONSE))
        hdpy_copying_sync(conn, request);
    if (ev->ends && ev->tag != NULL && request->owed != 0)
        request->owed--;
}

hd_rc
hdpy_request_take_rows(hdpy_connection *conn, hdpy_request *request)
{
    hd_span body;
    hd_rc rc = HD_OK;
    const hdpy_step *step = hd_session_tag(&conn->session);
    if (step == NULL || step->request != request)
        return HD_OK;
    bool unwanted = request->discard || request->error != NULL;
    if (request->current == NULL && !unwanted)
        return HD_OK; /* the first row makes the result, which needs the GIL: hdpy_request_event() */
    while (rc == HD_OK && hd_session_next_row(&conn->session, &body)) {
        if (!unwanted)
            rc = hd_result_add(&request->current->rows, conn->session.in.chunk, body);
    }
    return rc;
}
