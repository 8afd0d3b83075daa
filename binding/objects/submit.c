/* From a call of execute() or executemany() to messages in the session. */
#include "objects/cursor.h"
#include "objects/params.h"

#include "module/errors.h"

static const hd_span unnamed = {(const uint8_t *)"", 0};

/* Takes what the caller has passed, but for the parameters. The settings then are those of this moment: borrowed, and NULL
 * with an exception. */
static hdpy_settings *
take_options(hdpy_connection *conn, hdpy_request *request, const hdpy_options *options, bool with_params)
{
    request->context = options->context;
    request->owner = Py_NewRef(options->owner);
    request->wanted = options->wanted;
    request->binding = options->binding;
    request->bare = options->bare;
    PyObject *text = hdpy_query_text(options->query, options->owner);
    hdpy_settings *settings = text ? hdpy_connection_settings(conn) : NULL;
    if (settings != NULL)
        request->query = hdpy_query_get(conn->st, &conn->queries, settings, text,
                                        with_params && options->binding != HDPY_BIND_RAW);
    Py_XDECREF(text);
    return request->query ? settings : NULL;
}

/* For those who ask the cursor what it has executed. */
static void
note_sent(hdpy_request *request, const hdpy_query *query)
{
    if (request->owner != NULL)
        Py_XSETREF(((hdpy_cursor *)request->owner)->sent, Py_NewRef(query->sql));
}

/* ---- messages */

static hd_span
sql_of(const hdpy_query *query)
{
    return (hd_span){(const uint8_t *)PyBytes_AS_STRING(query->sql), (size_t)PyBytes_GET_SIZE(query->sql)};
}

static bool
needs_begin(const hdpy_connection *conn, const hdpy_request *request)
{
    return !request->bare && !conn->autocommit && !conn->begun && conn->session.transaction_status == 'I';
}

/* BEGIN or ROLLBACK as a part of the batch. Its answers concern nobody (tag NULL); an error still reaches the request. */
static void
write_control(hdpy_connection *conn, hd_span sql)
{
    hd_session *s = &conn->session;
    hd_session_parse(s, unnamed, sql, NULL, 0, NULL);
    hd_session_bind(s, unnamed, unnamed, NULL, 0, unnamed, NULL, 0, NULL);
    hd_session_execute(s, unnamed, 0, NULL);
}

/* What travels ahead of a statement in the same batch: its failure skips the statement. */
static void
write_preamble(hdpy_connection *conn, bool begin)
{
    char name[HD_STATEMENT_NAME_MAX];
    for (size_t i = 0; i < conn->queries.n_closing; i++)
        hd_session_close_statement(
            &conn->session, hd_statement_name(&conn->queries.statements, conn->queries.closing[i], name), NULL);
    if (begin)
        write_control(conn,
                      (hd_span){(uint8_t *)PyBytes_AS_STRING(conn->begin), (size_t)PyBytes_GET_SIZE(conn->begin)});
}

static void
preamble_written(hdpy_connection *conn, bool begin)
{
    conn->queries.n_closing = 0;
    conn->begun = conn->begun || begin;
}

/* The result formats of a Bind: one code for all; or one per column, where the shape is known and the server guards it. */
static hdpy_formats
choose_formats(const hdpy_statement *stmt, hdpy_formats wanted)
{
    if (wanted == HDPY_ADAPTIVE && !(stmt->entry.ready && stmt->described))
        return HDPY_ALL_TEXT;
    return wanted;
}

static void
write_bind(hdpy_connection *conn, hdpy_step *step, hd_span name)
{
    static const uint16_t binary = HD_BINARY;
    hd_span values = hd_writer_span(&conn->values);
    const hdpy_description *d = step->description;
    size_t n = step->formats == HDPY_ADAPTIVE && d != NULL ? (size_t)Py_SIZE(d) : 0;
    uint16_t few[32], *formats = few;

    if (n > Py_ARRAY_LENGTH(few) && (formats = PyMem_New(uint16_t, n)) == NULL) {
        conn->session.out.rc = HD_ENOMEM;
        return;
    }
    for (size_t i = 0; i < n; i++)
        formats[i] = d->columns[i].format;
    bool all_binary = step->formats == HDPY_ALL_BINARY;
    hd_session_bind(&conn->session, unnamed, name, conn->formats, step->stmt->n_params, values,
                    all_binary ? &binary : formats, all_binary ? 1 : n, step);
    if (formats != few)
        PyMem_Free(formats);
}

/* Parse (unless the server has the statement), Describe (unless the shape is known or nobody wants rows), Bind and
 * Execute. */
static int
write_statement(hdpy_connection *conn, hdpy_request *request, bool parse)
{
    hd_session *s = &conn->session;
    hdpy_step *step = request->step;
    hdpy_statement *stmt = step->stmt;
    char buffer[HD_STATEMENT_NAME_MAX];
    bool named = step->parsed || stmt->entry.number != 0;
    bool describe_portal = false;
    hd_span name =
        hd_statement_name(&conn->queries.statements, step->parsed ? step->number : stmt->entry.number, buffer);

    if (parse && !step->parsed) {
        step->number = stmt->entry.number;
        step->formats = choose_formats(stmt, request->wanted);
        if (named && stmt->entry.ready && stmt->described) {
            hdpy_description *shape = hdpy_statement_shape(conn, request, stmt, step->formats);
            if (shape == NULL && PyErr_Occurred())
                return -1;
            Py_XSETREF(step->description, (hdpy_description *)Py_XNewRef((PyObject *)shape));
        }
        else if (named && stmt->under_way) /* prepared ahead in this pipeline */
            describe_portal = true;
        else {
            hd_session_parse(s, name, sql_of(stmt->query), conn->oids, stmt->n_params, step);
            if (named)
                hd_session_describe_statement(s, name, step);
            step->parsed = stmt->under_way = named;
            describe_portal = !named;
        }
    }
    write_bind(conn, step, name);
    if (describe_portal && !request->discard)
        hd_session_describe_portal(s, unnamed, step);
    hd_session_execute(s, unnamed, 0, step);
    request->owed++;
    return 0;
}

/* Judges what was written since the mark, and takes it back if it failed. */
static int
settle(hdpy_connection *conn, hdpy_request *request, hd_session_mark mark, int rc)
{
    if (rc == 0 && conn->session.out.rc != HD_OK) {
        hdpy_raise_rc(conn->st, conn->session.out.rc);
        rc = -1;
    }
    if (rc < 0) {
        hdpy_statement *stmt = request->step->stmt;
        hd_session_rewind(&conn->session, mark);
        if (stmt != NULL && stmt->entry.number != 0 && !stmt->entry.ready)
            hdpy_statement_lost(&conn->queries, stmt);
    }
    return rc;
}

/* The request is one of a pipeline: what it is sent with leaves when enough has gathered, or when answers are wanted. */
static void
join_pipeline(hdpy_request *request)
{
    request->pipelined = true;
    request->until = HDPY_UNTIL_WRITTEN;
}

/* A simple Query: several statements in one string, a command, or one statement that needs no more. BEGIN before it takes
 * a round trip of its own. */
static int
submit_query(hdpy_connection *conn, hdpy_request *request, PyObject *sql, bool begin)
{
    hd_session_mark mark = hd_session_mark_of(&conn->session);
    request->simple = true;
    if (begin) {
        request->deferred = Py_NewRef(sql);
        sql = conn->begin;
    }
    hd_session_query(&conn->session, (hd_span){(uint8_t *)PyBytes_AS_STRING(sql), (size_t)PyBytes_GET_SIZE(sql)},
                     begin ? NULL : &request->first);
    return settle(conn, request, mark, 0);
}

/* In a pipeline there is no simple Query. */
static int
pipeline_command(hdpy_connection *conn, hdpy_request *request, PyObject *sql)
{
    hd_session_mark mark = hd_session_mark_of(&conn->session);
    hd_span text = {(uint8_t *)PyBytes_AS_STRING(sql), (size_t)PyBytes_GET_SIZE(sql)};
    join_pipeline(request);
    hd_session_parse(&conn->session, unnamed, text, NULL, 0, &request->first);
    hd_session_bind(&conn->session, unnamed, unnamed, NULL, 0, unnamed, NULL, 0, &request->first);
    hd_session_execute(&conn->session, unnamed, 0, &request->first);
    request->owed++;
    return settle(conn, request, mark, 0);
}

int
hdpy_submit_command(hdpy_connection *conn, hdpy_request *request, PyObject *sql)
{
    request->context = &conn->context;
    request->command = true;
    return conn->pipelined ? pipeline_command(conn, request, sql) : submit_query(conn, request, sql, false);
}

int
hdpy_submit_ending(hdpy_connection *conn, hdpy_request *request, PyObject *sql)
{
    /* Somebody else has ended it while we waited for the connection. */
    if (!conn->pipelined && !conn->begun && conn->session.transaction_status == 'I') {
        request->done = true;
        return 0;
    }
    return hdpy_submit_command(conn, request, sql);
}

int
hdpy_submit_flush(hdpy_connection *conn, hdpy_request *request, void *unused)
{
    hd_session_mark mark = hd_session_mark_of(&conn->session);
    request->pipelined = true;
    if (conn->request == NULL)
        return 0;
    hd_session_flush(&conn->session);
    return settle(conn, request, mark, 0);
}

int
hdpy_submit_sync(hdpy_connection *conn, hdpy_request *request, void *unused)
{
    hd_session_mark mark = hd_session_mark_of(&conn->session);
    request->pipelined = request->sync = true;
    hd_session_sync(&conn->session, &request->first);
    return settle(conn, request, mark, 0);
}

/* The request's step for the statement that conn->oids call for. */
static int
choose_statement(hdpy_connection *conn, hdpy_request *request, size_t n_params, int prepare)
{
    hdpy_statement *stmt = hdpy_statement_get(&conn->queries, request->query, conn->oids, n_params, prepare);
    if (stmt == NULL)
        return -1;
    hdpy_step *step = &request->first;
    while (step->next != NULL && step->stmt != stmt)
        step = step->next;
    if (step->stmt == stmt)
        hdpy_statement_unref(stmt);
    else if (step->stmt == NULL)
        step->stmt = stmt;
    else {
        step->next = PyMem_Calloc(1, sizeof(*step));
        if (step->next == NULL) {
            hdpy_statement_unref(stmt);
            PyErr_NoMemory();
            return -1;
        }
        step = step->next;
        step->request = request;
        step->stmt = stmt;
    }
    request->step = step;
    return 0;
}

/* The request's query with the parameters as a part of its text: a new reference. */
static hdpy_query *
merge_params(hdpy_connection *conn, hdpy_request *request, hdpy_settings *settings, PyObject *params)
{
    Py_INCREF((PyObject *)settings); /* Python code that adapts may change the session's */
    PyObject *text = hdpy_merge_params(conn, request, settings, params);
    hdpy_query *merged = text ? hdpy_query_once(conn->st, settings, text) : NULL;
    Py_XDECREF(text);
    Py_DECREF((PyObject *)settings);
    return merged;
}

/* Dumps the parameters, or makes them a part of the text, whose request this is from then on. */
static int
bind_params(hdpy_connection *conn, hdpy_request *request, hdpy_settings *settings, PyObject *params, size_t *n)
{
    if (request->binding != HDPY_BIND_CLIENT)
        return hdpy_dump_params(conn, request, settings, params, n);
    hdpy_query *merged = merge_params(conn, request, settings, params);
    if (merged == NULL)
        return -1;
    Py_SETREF(request->query, merged);
    hd_writer_rewind(&conn->values, 0);
    *n = 0;
    return 0;
}

/* The request's statement, in a batch of its own. `undo`: the transaction is to be rolled back before. */
static int
submit_statement(hdpy_connection *conn, hdpy_request *request, bool undo)
{
    hd_session_mark mark = hd_session_mark_of(&conn->session);
    if (undo)
        write_control(conn, HD_SPAN_LITERAL("ROLLBACK"));
    bool begin = undo ? !conn->autocommit : needs_begin(conn, request);
    write_preamble(conn, begin);
    int rc = write_statement(conn, request, true);
    request->copy.owes_sync = false;
    if (conn->pipelined)
        join_pipeline(request);
    else if (request->copy.phase != HDPY_NO_COPY && !hd_sql_copies_out(sql_of(request->query))) {
        hd_session_flush(&conn->session);
        request->copy.owes_sync = true;
    }
    else
        hd_session_sync(&conn->session, request->step);
    rc = settle(conn, request, mark, rc);
    if (rc == 0)
        preamble_written(conn, begin);
    return rc;
}

/* What the caller of execute() has passed: the query, and the parameters dumped for it. */
static int
take_call(hdpy_connection *conn, hdpy_request *request, const hdpy_options *options, size_t *n_params)
{
    bool with_params = options->params != NULL && options->params != Py_None;
    hdpy_settings *settings = take_options(conn, request, options, with_params);
    if (settings == NULL)
        return -1;
    *n_params = 0;
    hd_writer_rewind(&conn->values, 0);
    return with_params ? bind_params(conn, request, settings, options->params, n_params) : 0;
}

int
hdpy_submit_execute(hdpy_connection *conn, hdpy_request *request, const hdpy_options *options)
{
    size_t n_params;
    if (take_call(conn, request, options, &n_params) < 0)
        return -1;
    note_sent(request, request->query);
    bool simple = n_params == 0 && options->wanted != HDPY_ALL_BINARY && options->prepare <= 0 && !conn->pipelined &&
                  !options->streaming;
    if (simple && (request->query->batch || conn->simply))
        return submit_query(conn, request, request->query->sql, needs_begin(conn, request));
    if (choose_statement(conn, request, n_params, options->prepare) < 0)
        return -1;
    /* One unprepared statement with nothing ahead of it as well: the consoles of poolers take nothing else, and the server
     * does not list its portal among the cursors. */
    bool alone = conn->queries.n_closing == 0 && !needs_begin(conn, request);
    if (simple && alone && request->step->stmt->entry.number == 0 && request->copy.phase == HDPY_NO_COPY)
        return submit_query(conn, request, request->query->sql, false);
    request->repeatable = conn->session.transaction_status == 'I' && !conn->pipelined;
    request->dump = conn->dumps;
    return submit_statement(conn, request, false);
}

int
hdpy_submit_read(hdpy_connection *conn, hdpy_request *request, const hdpy_options *options)
{
    size_t n_params;
    if (take_call(conn, request, options, &n_params) < 0 || choose_statement(conn, request, n_params, 1) < 0)
        return -1;
    const hdpy_statement *stmt = request->step->stmt;
    bool preparable = stmt->entry.number != 0; /* one statement, and not none or several */
    if (preparable && !(stmt->entry.ready && stmt->described))
        return 0;
    if (!preparable || stmt->shapes[HDPY_ALL_TEXT] == NULL) {
        PyErr_SetString(conn->st->ProgrammingError, "a read lane carries only single statements that return rows");
        return -1;
    }
    return submit_statement(conn, request, false);
}

int
hdpy_submit_describe(hdpy_connection *conn, hdpy_request *request)
{
    hd_session_mark mark = hd_session_mark_of(&conn->session);
    hdpy_step *step = request->step;
    char buffer[HD_STATEMENT_NAME_MAX];
    hd_span name = hd_statement_name(&conn->queries.statements, step->stmt->entry.number, buffer);
    step->number = step->stmt->entry.number;
    step->formats = request->wanted;
    step->parsed = step->stmt->under_way = true;
    write_preamble(conn, false);
    hd_session_parse(&conn->session, name, sql_of(step->stmt->query), conn->oids, step->stmt->n_params, step);
    hd_session_describe_statement(&conn->session, name, step);
    hd_session_sync(&conn->session, step);
    int rc = settle(conn, request, mark, 0);
    if (rc == 0)
        preamble_written(conn, false);
    return rc;
}

int
hdpy_submit_again(hdpy_connection *conn, hdpy_request *request)
{
    hdpy_step *step = request->step;
    step->number = 0;
    step->parsed = step->bound = false;
    Py_CLEAR(step->description);
    return submit_statement(conn, request, conn->session.transaction_status != 'I');
}

PyObject *
hdpy_mogrify(hdpy_connection *conn, const hdpy_options *options)
{
    hdpy_request *request = hdpy_request_new();
    if (request == NULL)
        return NULL;
    bool with_params = options->params != NULL && options->params != Py_None;
    hdpy_settings *settings = take_options(conn, request, options, with_params);
    hdpy_query *query = NULL;
    if (settings != NULL && with_params)
        query = merge_params(conn, request, settings, options->params);
    else if (settings != NULL)
        query = (hdpy_query *)Py_NewRef((PyObject *)request->query);
    PyObject *sql = query ? Py_NewRef(query->sql) : NULL;
    Py_XDECREF((PyObject *)query);
    hdpy_request_unref(request);
    return sql;
}

/* ---- executemany: one batch, one Sync, written on as the socket takes it */

/* One row of parameters: Bind and Execute, with a Parse before where the types have changed. */
static int
write_row(hdpy_connection *conn, hdpy_request *request, PyObject *row)
{
    size_t n_params = 0;
    hdpy_settings *settings = hdpy_connection_settings(conn);
    if (settings == NULL || bind_params(conn, request, settings, row, &n_params) < 0)
        return -1;
    if (conn->fd < 0) /* since then */
        return hdpy_connection_check(conn);
    note_sent(request, request->query);
    const hdpy_statement *stmt = request->step->stmt;
    bool changed =
        stmt == NULL || request->binding == HDPY_BIND_CLIENT || !hdpy_statement_takes(stmt, conn->oids, n_params);
    if (changed && choose_statement(conn, request, n_params, request->prepare) < 0)
        return -1;
    hd_session_mark mark = hd_session_mark_of(&conn->session);
    bool begin = !request->fed_any && needs_begin(conn, request);
    if (!request->fed_any)
        write_preamble(conn, begin);
    int rc = settle(conn, request, mark, write_statement(conn, request, changed));
    if (rc == 0 && !request->fed_any)
        preamble_written(conn, begin);
    return rc;
}

static int
feed_row(hdpy_connection *conn, hdpy_request *request, PyObject *row)
{
    hdpy_query *query =
        (hdpy_query *)Py_NewRef((PyObject *)request->query); /* bound on the client, a row has its own */
    int rc = write_row(conn, request, row);
    Py_SETREF(request->query, query);
    return rc;
}

/* The rows have ended, or one of them failed on this side. In autocommit the batch is all or nothing: those already
 * sent are taken back by an error provoked on the server (a Bind to a statement that doesn't exist); where the rest was
 * given up, so that a part doesn't look like the whole. */
static int
end_feed(hdpy_connection *conn, hdpy_request *request)
{
    request->feed = NULL;
    if (conn->fd < 0)
        return 0;
    hd_session_mark mark = hd_session_mark_of(&conn->session);
    if (request->pipelined) {
        if (request->until == HDPY_UNTIL_DONE)
            hd_session_flush(&conn->session);
        return settle(conn, request, mark, 0);
    }
    if (request->error != NULL && (request->implicit || request->abandoned))
        hd_session_bind(&conn->session, unnamed, HD_SPAN_LITERAL("_hd_abandoned"), NULL, 0, unnamed, NULL, 0, NULL);
    hd_session_sync(&conn->session, request->step);
    return settle(conn, request, mark, 0);
}

/* Writes rows while the socket keeps up; an error of the server or of a row ends them. */
static int
feed(hdpy_connection *conn, hdpy_request *request)
{
    while (request->error == NULL) {
        if (hd_session_outgoing(&conn->session).n >= HDPY_UNSENT)
            return 0;
        PyObject *row = PyIter_Next(request->iterator);
        if (row == NULL && !PyErr_Occurred())
            break;
        int rc = row == NULL ? -1 : feed_row(conn, request, row);
        Py_XDECREF(row);
        if (rc < 0)
            hdpy_request_fail(request);
        else
            request->fed_any = true;
    }
    return end_feed(conn, request);
}

/* Appends the query with one row's parameters in it, for which a statement of its own stands in the text. */
static int
merge_row(hdpy_connection *conn, hdpy_request *request, PyObject *row, hd_writer *all)
{
    hdpy_settings *settings = hdpy_connection_settings(conn);
    hdpy_query *merged = settings ? merge_params(conn, request, settings, row) : NULL;
    if (merged == NULL)
        return -1;
    if (all->n != 0)
        hd_write_span(all, HD_SPAN_LITERAL("\n;")); /* the text may end with a comment */
    hd_write_span(all, sql_of(merged));
    note_sent(request, merged);
    Py_DECREF((PyObject *)merged);
    return 0;
}

/* With client-side binding every row is another text: all of them travel as one simple Query. */
static int
submit_merged(hdpy_connection *conn, hdpy_request *request)
{
    hd_writer all = hd_writer_of(&hd_alloc_default);
    PyObject *row, *sql = NULL;
    int rc = 0;
    while (rc == 0 && (row = PyIter_Next(request->iterator)) != NULL) {
        rc = merge_row(conn, request, row, &all);
        Py_DECREF(row);
    }
    if (all.rc != HD_OK)
        hdpy_raise_rc(conn->st, all.rc);
    else if (rc == 0 && !PyErr_Occurred() && all.n == 0)
        request->done = true;
    else if (rc == 0 && !PyErr_Occurred())
        sql = PyBytes_FromStringAndSize((const char *)all.p, (Py_ssize_t)all.n);
    hd_writer_fini(&all);
    if (sql == NULL)
        return PyErr_Occurred() ? -1 : 0;
    rc = submit_query(conn, request, sql, needs_begin(conn, request));
    Py_DECREF(sql);
    return rc;
}

int
hdpy_submit_many(hdpy_connection *conn, hdpy_request *request, const hdpy_options *options, bool returning)
{
    if (take_options(conn, request, options, true) == NULL)
        return -1;
    request->iterator = PyObject_GetIter(options->params);
    if (request->iterator == NULL)
        return -1;
    request->discard = !returning;
    request->affected = returning ? -1 : 0;
    request->prepare = options->prepare;
    request->implicit = conn->autocommit && conn->session.transaction_status == 'I';

    if (request->binding == HDPY_BIND_CLIENT && !conn->pipelined)
        return submit_merged(conn, request);
    if (conn->pipelined)
        join_pipeline(request);
    if (returning)
        request->until = HDPY_UNTIL_DONE;

    PyObject *row = PyIter_Next(request->iterator);
    if (row == NULL) {
        request->pipelined = false;
        request->done = true; /* nothing to do is nothing to send */
        return PyErr_Occurred() ? -1 : 0;
    }
    int rc = feed_row(conn, request, row);
    Py_DECREF(row);
    if (rc < 0)
        return -1;
    request->fed_any = true;
    request->feed = feed;
    return feed(conn, request);
}
