/* One conversation with a server, without a socket: requests go in and become bytes to send, received bytes go in and
 * become events. What the server still owes us is a queue; the oldest entry's state and the next message's type decide,
 * by the table in transitions.def, what happens. */
#ifndef HD_SESSION_H
#define HD_SESSION_H

#include "bytes/chunk.h"
#include "bytes/writer.h"
#include "session/parameters.h"

typedef enum hd_state {
    HD_ST_IDLE, /* nothing is owed */
    HD_ST_STARTUP,
    HD_ST_NEGOTIATED,
    HD_ST_AUTHENTICATING,
    HD_ST_AUTHENTICATED, /* after AuthenticationOk */
    HD_ST_KEYED,
    HD_ST_PARSE,
    HD_ST_BIND,
    HD_ST_CLOSE,
    HD_ST_DESCRIBE_STATEMENT,
    HD_ST_DESCRIBE_PORTAL,
    HD_ST_EXECUTE,
    HD_ST_COPY_IN,
    HD_ST_COPY_OUT,
    HD_ST_COPY_OUT_DONE,
    HD_ST_COPY_BOTH,
    HD_ST_COPY_BOTH_DONE,
    HD_ST_SYNC,
    HD_ST_QUERY,
    HD_ST_QUERY_NEXT, /* of several statements, one or more are answered */
    HD_ST_QUERY_ROWS,
    HD_ST_QUERY_COPY_IN,
    HD_ST_QUERY_COPY_OUT,
    HD_ST_QUERY_COPY_BOTH,
    HD_ST_QUERY_FAILED,
    HD_ST_CLOSED, /* nothing more is read or written */
    HD_ST_DONE,   /* only in the table: the request is answered */
} hd_state;

enum { HD_STATES = HD_ST_DONE };

/* What hd_session_next() reports. */
typedef struct hd_event {
    uint8_t type; /* hd_backend, or HD_EV_ABORTED */
    bool ends;    /* it is the last of an Execute's answer, or stands for it: ErrorResponse, HD_EV_ABORTED */
    void *tag;    /* of the request it answers; NULL for what answers none */
    hd_span
        body; /* not decoded, except that its fitness for the session's own use was checked; lives like hd_message */
} hd_event;

/* Not a message: an Execute or a Query was skipped because an earlier request of its batch failed. */
enum { HD_EV_ABORTED = 0 };

enum { HD_CANCEL_KEY_MAX = 256 };

typedef struct hd_request {
    uint8_t state; /* hd_state at which it starts */
    void *tag;
} hd_request;

typedef struct hd_session {
    hd_writer out;
    size_t sent; /* of `out`, already handed to the socket */
    hd_inbox in;
    hd_state state;
    bool skipping;           /* an error abandoned everything up to the next Sync */
    bool swallowed;          /* a Sync has gone unanswered, since the server read it as a part of COPY ... */
    void *swallowed_tag;     /* ... of this request */
    char transaction_status; /* of the last ReadyForQuery: 'I', 'T', 'E'; 0 before the first */
    hd_request *queue;       /* ring of what is owed; [first] is being answered */
    size_t first, count, capacity;
    hd_parameters parameters;
    uint32_t protocol; /* as negotiated: 196608 is 3.0 */
    uint32_t backend_pid;
    uint16_t key_length;
    uint8_t key[HD_CANCEL_KEY_MAX];
    const char *complaint; /* after HD_EPROTO: what the server did wrong; a literal */
    const hd_alloc *alloc;
} hd_session;

void hd_session_init(hd_session *s, const hd_alloc *alloc);
void hd_session_fini(hd_session *s);

/* ---- requests. An error is sticky in out.rc until hd_session_rewind(). */

/* StartupMessage: `pairs` holds n_pairs names and values in turn. */
void hd_session_startup(hd_session *s, uint32_t protocol, const hd_span *pairs, size_t n_pairs);
void hd_session_query(hd_session *s, hd_span sql, void *tag);
void hd_session_parse(hd_session *s, hd_span name, hd_span sql, const uint32_t *oids, size_t n, void *tag);
/* `values`: n_params values, each behind its length word, as hd_write_value_begin() makes them. */
void hd_session_bind(hd_session *s, hd_span portal, hd_span statement, const uint16_t *param_formats, size_t n_params,
                     hd_span values, const uint16_t *result_formats, size_t n_results, void *tag);
void hd_session_describe_statement(hd_session *s, hd_span name, void *tag);
void hd_session_describe_portal(hd_session *s, hd_span portal, void *tag);
void hd_session_execute(hd_session *s, hd_span portal, uint32_t max_rows, void *tag);
void hd_session_close_statement(hd_session *s, hd_span name, void *tag);
void hd_session_sync(hd_session *s, void *tag);
/* Flush: the answers to what was sent so far are wanted now. It has none itself. */
void hd_session_flush(hd_session *s);
/* COPY was refused: sends the Sync again that the server has swallowed, if there was one. */
void hd_session_sync_again(hd_session *s);

/* Where the requests stood. Valid until bytes are sent or received. */
typedef struct hd_session_mark {
    size_t out;
    size_t count;
    hd_state state;
} hd_session_mark;

hd_session_mark hd_session_mark_of(const hd_session *s);
/* Takes back every request made since the mark, and the error that one of them met. */
void hd_session_rewind(hd_session *s, hd_session_mark mark);

/* ---- bytes out. What is written directly to `out` (passwords, COPY data, Terminate) travels in the same order. */
static inline hd_span
hd_session_outgoing(const hd_session *s)
{
    return (hd_span){s->out.p + s->sent, s->out.n - s->sent};
}

void hd_session_sent(hd_session *s, size_t n);

/* ---- bytes in: hd_inbox_reserve(&s->in), recv, hd_inbox_commit(&s->in), then: */

/* The next event. HD_MORE: receive first. HD_EPROTO: the session is closed and `complaint` says why. HD_ENOMEM: closed
 * as well, since the event is lost. */
HD_MUSTCHECK hd_rc hd_session_next(hd_session *s, hd_event *ev);

/* The next message, when it is a complete DataRow of the request being answered: the short road for many rows, which
 * changes nothing else in the session. */
bool hd_session_next_row(hd_session *s, hd_span *body);

/* The request being answered: its tag; NULL when nothing is owed. */
void *hd_session_tag(const hd_session *s);

/* True when the server owes nothing: a new request may be sent without a pipeline. */
static inline bool
hd_session_is_idle(const hd_session *s)
{
    return s->state == HD_ST_IDLE && !s->skipping;
}

/* Nothing is read or written any more. */
void hd_session_shut(hd_session *s);

/* For tests and the fuzzer: the table. False: the pair breaks the protocol. */
bool hd_session_allows(hd_state state, uint8_t type);

#endif
