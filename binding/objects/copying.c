#include "objects/copying.h"

#include "module/errors.h"
#include "wait/exchange.h"
#include "wire/backend.h"
#include "wire/frontend.h"

enum {
    SLICE = 256 * 1024,    /* of a large buffer in one CopyData */
    BEHIND = 256 * 1024,   /* unsent bytes at which a writer has to wait ... */
    CAUGHT_UP = 64 * 1024, /* ... until no more than these are left */
    FULL = 256 * 1024,     /* bytes received at which a reader has to catch up */
};

/* ---- what the server says */

/* The columns that a COPY has, as psycopg names them: COPY tells their number and format only. */
static hdpy_description *
describe(hdpy_connection *conn, hdpy_request *request, const hd_copy_response *response)
{
    hdpy_settings *settings = hdpy_connection_settings(conn);
    if (settings == NULL)
        return NULL;
    hd_writer body = hd_writer_of(&hd_alloc_default);
    hd_write_u16(&body, response->count);
    for (unsigned i = 1; i <= response->count; i++) {
        char name[16];
        int n = snprintf(name, sizeof(name), "column_%u", i);
        hd_write_cstr(&body, (hd_span){(const uint8_t *)name, (size_t)n});
        hd_write_u32(&body, 0);
        hd_write_u16(&body, 0);
        hd_write_u32(&body, 0);
        hd_write_u16(&body, 0);
        hd_write_u32(&body, UINT32_MAX);
        hd_write_u16(&body, response->format);
    }
    hdpy_description *d = NULL;
    if (body.rc != HD_OK)
        hdpy_raise_rc(conn->st, body.rc);
    else
        d = hdpy_description_new(conn->st, settings, hdpy_context_adapters(request->context), hd_writer_span(&body),
                                 HDPY_AS_DESCRIBED);
    hd_writer_fini(&body);
    return d;
}

const char hdpy_no_copy_both[] = "streaming replication is not supported";

static int
begin(hdpy_connection *conn, hdpy_request *request, const hd_event *ev)
{
    hd_copy_response response;
    if (ev->type == HD_BE_COPY_BOTH_RESPONSE) {
        PyErr_SetString(conn->st->NotSupportedError, hdpy_no_copy_both);
        return -1;
    }
    if (hd_decode_copy_response(&response, ev->body) != HD_OK) {
        PyErr_SetString(conn->st->OperationalError, "the server began a COPY of an unknown kind");
        return -1;
    }
    if (request->results != NULL || request->copy.result != NULL) {
        PyErr_SetString(conn->st->ProgrammingError, "COPY cannot be mixed with other operations");
        return -1;
    }
    hdpy_description *d = describe(conn, request, &response);
    if (d == NULL)
        return -1;
    bool in = ev->type == HD_BE_COPY_IN_RESPONSE;
    request->copy.result = hdpy_result_new(conn->st, d->settings, d);
    request->copy.format = response.format;
    Py_DECREF((PyObject *)d);
    if (request->copy.result == NULL)
        return -1;
    request->copy.result->status = in ? HDPY_COPY_IN : HDPY_COPY_OUT;
    request->copy.phase = in ? HDPY_COPYING_IN : HDPY_COPYING_OUT;
    request->copy.kept = request->copy.reached = true;
    return 0;
}

void
hdpy_copying_sync(hdpy_connection *conn, hdpy_request *request)
{
    if (request->copy.owes_sync) {
        request->copy.owes_sync = false;
        hd_session_sync(&conn->session, &request->first);
    }
    hd_session_sync_again(&conn->session);
    if (conn->session.out.rc != HD_OK)
        hdpy_connection_lose_because(conn, "out of memory while ending COPY");
}

static void
write_fail(hdpy_connection *conn, hdpy_request *request, hd_span reason)
{
    hd_session_mark mark = hd_session_mark_of(&conn->session);
    hd_write_copy_fail(&conn->session.out, reason);
    if (conn->session.out.rc != HD_OK) {
        hd_session_rewind(&conn->session, mark);
        hd_write_copy_fail(&conn->session.out, HD_SPAN_LITERAL("error in the client"));
    }
    hdpy_copying_sync(conn, request);
}

int
hdpy_copying_begin(hdpy_connection *conn, hdpy_request *request, const hd_event *ev)
{
    if (request->copy.phase == HDPY_COPY_ASKED && request->error == NULL && begin(conn, request, ev) == 0)
        return 0;
    request->copy.phase = HDPY_COPY_FORSAKEN;
    if (ev->type == HD_BE_COPY_IN_RESPONSE)
        write_fail(conn, request, HD_SPAN_LITERAL("COPY was not expected"));
    else if (ev->type == HD_BE_COPY_BOTH_RESPONSE) {
        hd_write_copy_done(&conn->session.out); /* a walsender takes no CopyFail */
        hdpy_copying_sync(conn, request);
    }
    return PyErr_Occurred() ? -1 : 0;
}

void
hdpy_copying_ended(hdpy_connection *conn, hdpy_request *request)
{
    if (request->copy.phase == HDPY_COPYING_IN && request->error == NULL) {
        PyErr_SetString(conn->st->OperationalError, "the server ended COPY before all the data was sent");
        hdpy_request_fail(request);
    }
    if (request->copy.phase != HDPY_COPY_ASKED)
        request->copy.phase = HDPY_COPY_FORSAKEN;
}

static bool
is_reading(const hdpy_connection *conn)
{
    const hd_session *s = &conn->session;
    return conn->request != NULL && conn->request->copy.phase == HDPY_COPYING_OUT && !s->skipping &&
           (s->state == HD_ST_COPY_OUT || s->state == HD_ST_QUERY_COPY_OUT);
}

bool
hdpy_copying_has_data(const hdpy_connection *conn)
{
    return is_reading(conn) && hd_inbox_peek(&conn->session.in) == HD_BE_COPY_DATA;
}

bool
hdpy_copying_is_full(const hdpy_connection *conn)
{
    return hdpy_copying_has_data(conn) && (conn->request->copy.ended || hd_inbox_pending(&conn->session.in) >= FULL);
}

bool
hdpy_copying_take(hdpy_connection *conn, hd_span *data)
{
    hd_event ev;
    if (!hdpy_copying_has_data(conn) || hd_session_next(&conn->session, &ev) != HD_OK)
        return false;
    *data = ev.body;
    return true;
}

void
hdpy_copying_forsake(hdpy_connection *conn, hdpy_request *request, hd_span reason)
{
    hdpy_copy_phase phase = request->copy.phase;
    if (phase == HDPY_NO_COPY || request->done)
        return;
    request->feed = NULL;
    request->copy.unsent = (hd_span){NULL, 0};
    request->copy.dropped = phase != HDPY_COPY_ENDING;
    request->copy.phase = HDPY_COPY_FORSAKEN;
    if (phase == HDPY_COPYING_IN)
        write_fail(conn, request, reason);
    hdpy_dispatch(conn); /* what nobody reads any more */
}

/* ---- steps */

int
hdpy_copying_start(hdpy_connection *conn, hdpy_request *request, void *options)
{
    request->copy.phase = HDPY_COPY_ASKED;
    request->until = HDPY_UNTIL_STEP;
    return hdpy_submit_execute(conn, request, options);
}

/* Another step begins. False: nothing is left but to wait for the end of a request that has failed, or to do nothing. */
static bool
begin_step(hdpy_request *request, hdpy_until until)
{
    request->copy.reached = false;
    request->until = request->error != NULL ? HDPY_UNTIL_DONE : until;
    return !request->done && request->error == NULL;
}

int
hdpy_copying_await_data(hdpy_connection *conn, hdpy_request *request, void *unused)
{
    if (begin_step(request, HDPY_UNTIL_STEP))
        hdpy_dispatch(conn);
    return 0;
}

bool
hdpy_copying_is_behind(const hdpy_connection *conn)
{
    return hd_session_outgoing(&conn->session).n > BEHIND;
}

/* Writes on as the socket takes it. */
static int
feed(hdpy_connection *conn, hdpy_request *request)
{
    hd_span *unsent = &request->copy.unsent;
    if (request->error != NULL || request->copy.phase != HDPY_COPYING_IN) {
        *unsent = (hd_span){NULL, 0};
        request->feed = NULL;
        request->until = HDPY_UNTIL_DONE;
        return 0;
    }
    while (unsent->n != 0 && hd_session_outgoing(&conn->session).n < SLICE) {
        hd_span slice = {unsent->p, unsent->n < SLICE ? unsent->n : SLICE};
        hd_write_copy_data(&conn->session.out, slice);
        if (conn->session.out.rc != HD_OK)
            return -1;
        unsent->p += slice.n;
        unsent->n -= slice.n;
    }
    if (unsent->n == 0 && hd_session_outgoing(&conn->session).n <= CAUGHT_UP) {
        request->feed = NULL;
        request->copy.reached = true;
    }
    return 0;
}

int
hdpy_copying_send(hdpy_connection *conn, hdpy_request *request, void *data)
{
    if (begin_step(request, HDPY_UNTIL_STEP)) {
        request->copy.unsent = *(const hd_span *)data;
        request->feed = feed;
    }
    return 0;
}

int
hdpy_copying_end(hdpy_connection *conn, hdpy_request *request, void *unused)
{
    if (begin_step(request, HDPY_UNTIL_DONE)) {
        if (request->copy.phase == HDPY_COPYING_IN) {
            request->copy.phase = HDPY_COPY_ENDING;
            hd_write_copy_done(&conn->session.out);
            hdpy_copying_sync(conn, request);
        }
        else
            hdpy_copying_forsake(conn, request, (hd_span){NULL, 0});
    }
    return 0;
}
