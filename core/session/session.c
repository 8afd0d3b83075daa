#include "session/session.h"

#include "wire/backend.h"
#include "wire/frontend.h"
#include "wire/message.h"

enum {
    FIRST_QUEUE = 16,
    KEPT_OUT = 256 * 1024,       /* a larger outgoing buffer is given back once it was sent */
    LONGEST_STARTUP = 64 * 1024, /* no message of start-up comes near */
    PROTOCOL_3_0 = 196608,
};

typedef enum action {
    REFUSE = 0, /* not in the table */
    EMIT,
    SKIP,
    SWALLOW,
    AUTHENTICATE,
    NEGOTIATE,
    KEY,
    READY,
} action;

typedef struct transition {
    uint8_t next;
    uint8_t action;
} transition;

/* Message types are ASCII letters and digits. */
static const transition table[HD_STATES][128] = {
#define TRANSITION(state, message, next, act) [HD_ST_##state][HD_BE_##message] = {HD_ST_##next, act},
#include "session/transitions.def"
#undef TRANSITION
};

static transition
look_up(hd_state state, uint8_t type)
{
    return (int)state < HD_STATES && type < 128 ? table[state][type] : (transition){HD_ST_CLOSED, REFUSE};
}

bool
hd_session_allows(hd_state state, uint8_t type)
{
    return look_up(state, type).action != REFUSE;
}

void
hd_session_init(hd_session *s, const hd_alloc *alloc)
{
    *s = (hd_session){
        .out = hd_writer_of(alloc),
        .in = hd_inbox_of(alloc),
        .state = HD_ST_IDLE,
        .parameters = hd_parameters_of(alloc),
        .protocol = PROTOCOL_3_0,
        .alloc = alloc,
    };
}

void
hd_session_fini(hd_session *s)
{
    hd_writer_fini(&s->out);
    hd_inbox_fini(&s->in);
    hd_parameters_fini(&s->parameters);
    hd_release(s->alloc, s->queue);
    hd_session_init(s, s->alloc);
    s->state = HD_ST_CLOSED;
}

void
hd_session_shut(hd_session *s)
{
    s->state = HD_ST_CLOSED;
    s->count = 0;
    s->skipping = false;
    s->out.n = s->sent = 0;
}

/* ---- the queue of what is owed */

static hd_request *
queue_at(const hd_session *s, size_t i)
{
    return &s->queue[(s->first + i) & (s->capacity - 1)];
}

static bool
queue_grow(hd_session *s)
{
    size_t capacity = s->capacity ? s->capacity * 2 : FIRST_QUEUE;
    hd_request *queue = hd_resize(s->alloc, NULL, capacity * sizeof(*queue));
    if (queue == NULL)
        return false;
    for (size_t i = 0; i < s->count; i++)
        queue[i] = *queue_at(s, i);
    hd_release(s->alloc, s->queue);
    s->queue = queue;
    s->capacity = capacity;
    s->first = 0;
    return true;
}

static void
owe(hd_session *s, hd_state state, void *tag)
{
    if (s->out.rc != HD_OK)
        return;
    if (s->count == s->capacity && !queue_grow(s)) {
        s->out.rc = HD_ENOMEM;
        return;
    }
    *queue_at(s, s->count++) = (hd_request){(uint8_t)state, tag};
    if (s->count == 1 && s->state == HD_ST_IDLE)
        s->state = state;
}

static void
pop(hd_session *s)
{
    s->first = (s->first + 1) & (s->capacity - 1);
    s->count--;
    s->state = s->count ? (hd_state)queue_at(s, 0)->state : HD_ST_IDLE;
}

hd_session_mark
hd_session_mark_of(const hd_session *s)
{
    return (hd_session_mark){s->out.n, s->count, s->state};
}

void
hd_session_rewind(hd_session *s, hd_session_mark mark)
{
    hd_writer_rewind(&s->out, mark.out);
    s->count = mark.count;
    s->state = mark.state;
}

/* ---- requests */

void
hd_session_startup(hd_session *s, uint32_t protocol, const hd_span *pairs, size_t n_pairs)
{
    hd_write_startup(&s->out, protocol, pairs, n_pairs);
    s->protocol = protocol;
    owe(s, HD_ST_STARTUP, NULL);
}

void
hd_session_query(hd_session *s, hd_span sql, void *tag)
{
    hd_write_query(&s->out, sql);
    owe(s, HD_ST_QUERY, tag);
}

void
hd_session_parse(hd_session *s, hd_span name, hd_span sql, const uint32_t *oids, size_t n, void *tag)
{
    hd_write_parse(&s->out, name, sql, oids, n);
    owe(s, HD_ST_PARSE, tag);
}

void
hd_session_bind(hd_session *s, hd_span portal, hd_span statement, const uint16_t *param_formats, size_t n_params,
                hd_span values, const uint16_t *result_formats, size_t n_results, void *tag)
{
    hd_write_bind(&s->out, portal, statement, param_formats, n_params, values, result_formats, n_results);
    owe(s, HD_ST_BIND, tag);
}

void
hd_session_describe_statement(hd_session *s, hd_span name, void *tag)
{
    hd_write_describe(&s->out, 'S', name);
    owe(s, HD_ST_DESCRIBE_STATEMENT, tag);
}

void
hd_session_describe_portal(hd_session *s, hd_span portal, void *tag)
{
    hd_write_describe(&s->out, 'P', portal);
    owe(s, HD_ST_DESCRIBE_PORTAL, tag);
}

void
hd_session_execute(hd_session *s, hd_span portal, uint32_t max_rows, void *tag)
{
    hd_write_execute(&s->out, portal, max_rows);
    owe(s, HD_ST_EXECUTE, tag);
}

void
hd_session_close_statement(hd_session *s, hd_span name, void *tag)
{
    hd_write_close(&s->out, 'S', name);
    owe(s, HD_ST_CLOSE, tag);
}

void
hd_session_sync(hd_session *s, void *tag)
{
    hd_write_sync(&s->out);
    owe(s, HD_ST_SYNC, tag);
}

void
hd_session_flush(hd_session *s)
{
    hd_write_flush(&s->out);
}

void
hd_session_sync_again(hd_session *s)
{
    if (s->swallowed)
        hd_session_sync(s, s->swallowed_tag);
    s->swallowed = false;
}

void *
hd_session_tag(const hd_session *s)
{
    return s->count ? queue_at(s, 0)->tag : NULL;
}

void
hd_session_sent(hd_session *s, size_t n)
{
    s->sent += n;
    if (s->sent < s->out.n)
        return;
    s->out.n = s->sent = 0;
    if (s->out.cap > KEPT_OUT)
        hd_writer_fini(&s->out);
}

/* ---- events */

static const char no_place_here[] = "the server sent a message that has no place here";

static hd_rc
refuse(hd_session *s, const char *complaint)
{
    hd_session_shut(s);
    s->complaint = complaint;
    return HD_EPROTO;
}

static hd_rc
authenticate(hd_session *s, hd_span body)
{
    hd_authentication auth;
    if (hd_decode_authentication(&auth, body) != HD_OK)
        return refuse(s, "the server sent a malformed authentication request");
    if (auth.code == 0)
        s->state = HD_ST_AUTHENTICATED;
    return HD_OK;
}

static hd_rc
negotiate(hd_session *s, hd_span body)
{
    hd_negotiate_protocol_version v;
    if (hd_decode_negotiate_protocol_version(&v, body) != HD_OK)
        return refuse(s, "the server sent a malformed NegotiateProtocolVersion");
    if (v.newest_minor > s->protocol || v.newest_minor < PROTOCOL_3_0)
        return refuse(s, "the server negotiated a protocol version that was not asked for");
    s->protocol = v.newest_minor;
    return HD_OK;
}

static hd_rc
keep_key(hd_session *s, hd_span body)
{
    hd_backend_key_data k;
    if (hd_decode_backend_key_data(&k, body) != HD_OK || (s->protocol == PROTOCOL_3_0 && k.key.n != 4))
        return refuse(s, "the server sent a malformed BackendKeyData");
    s->backend_pid = k.pid;
    s->key_length = (uint16_t)k.key.n;
    memcpy(s->key, k.key.p, k.key.n);
    return HD_OK;
}

static hd_rc
keep_parameter(hd_session *s, hd_span body)
{
    hd_parameter_status ps;
    if (hd_decode_parameter_status(&ps, body) != HD_OK)
        return refuse(s, "the server sent a malformed ParameterStatus");
    hd_rc rc = hd_parameters_set(&s->parameters, ps.name, ps.value);
    if (rc == HD_EPROTO)
        return refuse(s, "the server reports more settings than any server has");
    if (rc != HD_OK)
        hd_session_shut(s);
    return rc;
}

static hd_rc
ready(hd_session *s, hd_span body)
{
    hd_ready_for_query z;
    if (hd_decode_ready_for_query(&z, body) != HD_OK)
        return refuse(s, "the server sent a malformed ReadyForQuery");
    s->transaction_status = (char)z.status;
    return HD_OK;
}

/* What is done besides the change of state. */
static hd_rc
act(hd_session *s, action a, hd_span body)
{
    switch (a) {
    case EMIT:
        return HD_OK;
    case SKIP:
        s->skipping = true;
        return HD_OK;
    case SWALLOW:
        /* The server discards a Sync that it reads while in COPY mode; only the one right behind can be meant. */
        s->swallowed = s->count > 1 && queue_at(s, 1)->state == HD_ST_SYNC;
        if (s->swallowed) {
            s->swallowed_tag = queue_at(s, 1)->tag;
            *queue_at(s, 1) = *queue_at(s, 0);
            s->first = (s->first + 1) & (s->capacity - 1);
            s->count--;
        }
        return HD_OK;
    case AUTHENTICATE:
        return authenticate(s, body);
    case NEGOTIATE:
        return negotiate(s, body);
    case KEY:
        return keep_key(s, body);
    case READY:
        return ready(s, body);
    case REFUSE:
        break;
    }
    return refuse(s, no_place_here);
}

/* After an error: drops what was sent before the next Sync. True when an event came of it. */
static bool
skip_abandoned(hd_session *s, hd_event *ev)
{
    while (s->count != 0 && queue_at(s, 0)->state != HD_ST_SYNC) {
        hd_request dropped = *queue_at(s, 0);
        pop(s);
        if (dropped.state == HD_ST_EXECUTE || dropped.state == HD_ST_QUERY) {
            *ev = (hd_event){HD_EV_ABORTED, dropped.state == HD_ST_EXECUTE, dropped.tag, {NULL, 0}};
            return true;
        }
    }
    if (s->count != 0)
        s->skipping = false;
    return false;
}

/* Whatever answers at this port may be no PostgreSQL: its first bytes tell, before a whole message has come. The same
 * goes for every message of start-up. */
static bool
is_foreign(const hd_session *s)
{
    if (s->state < HD_ST_STARTUP || s->state > HD_ST_KEYED)
        return false;
    size_t size;
    uint8_t type = hd_inbox_header(&s->in, &size);
    if (type == 0)
        return false;
    bool anywhere =
        type == HD_BE_NOTICE_RESPONSE || type == HD_BE_PARAMETER_STATUS || type == HD_BE_NOTIFICATION_RESPONSE;
    return size > LONGEST_STARTUP || !(anywhere || hd_session_allows(s->state, type));
}

hd_rc
hd_session_next(hd_session *s, hd_event *ev)
{
    hd_message msg;

    if (s->state == HD_ST_CLOSED)
        return refuse(s, "the connection is closed");
    if (s->skipping && skip_abandoned(s, ev))
        return HD_OK;
    if (is_foreign(s))
        return refuse(s,
                      s->state == HD_ST_STARTUP ? "the server does not speak PostgreSQL's protocol" : no_place_here);
    hd_rc rc = hd_inbox_next(&s->in, &msg);
    if (rc == HD_EPROTO)
        return refuse(s, "the server sent a message of impossible length");
    if (rc != HD_OK)
        return rc;

    *ev = (hd_event){msg.type, false, hd_session_tag(s), msg.body};
    if (msg.type == HD_BE_NOTICE_RESPONSE || msg.type == HD_BE_NOTIFICATION_RESPONSE)
        return HD_OK;
    if (msg.type == HD_BE_PARAMETER_STATUS)
        return keep_parameter(s, msg.body);

    transition t = look_up(s->state, msg.type);
    hd_state before = s->state;
    ev->ends = t.next == HD_ST_DONE && s->count != 0 && queue_at(s, 0)->state == HD_ST_EXECUTE;
    rc = act(s, (action)t.action, msg.body);
    if (rc != HD_OK)
        return rc;
    if (t.next == HD_ST_DONE)
        pop(s);
    else if (t.next == HD_ST_CLOSED)
        hd_session_shut(s);
    else if (s->state == before) /* authenticate() has gone on by itself */
        s->state = (hd_state)t.next;
    return HD_OK;
}

bool
hd_session_next_row(hd_session *s, hd_span *body)
{
    hd_message msg;
    if (s->skipping || (s->state != HD_ST_EXECUTE && s->state != HD_ST_QUERY_ROWS))
        return false;
    if (hd_inbox_peek(&s->in) != HD_BE_DATA_ROW || hd_inbox_next(&s->in, &msg) != HD_OK)
        return false;
    *body = msg.body;
    return true;
}
