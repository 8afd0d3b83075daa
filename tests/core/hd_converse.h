/* Plays a recorded conversation to a session: the requests, and the server's bytes in parts of any size. A recording is
 * what tools/make_corpus.py writes: a line of request letters in groups, then the stream. Who includes this defines
 * CHECK(condition) first: it is told what must hold whatever the bytes are. */
#ifndef HD_CONVERSE_H
#define HD_CONVERSE_H

#include "session/session.h"
#include "wire/frontend.h"
#include "wire/message.h"

#include <string.h>

typedef struct hd_recording {
    hd_span requests;
    hd_span stream;
} hd_recording;

/* False: not a recording. */
static inline bool
hd_recording_of(hd_span file, hd_recording *recording)
{
    const uint8_t *end = file.n ? memchr(file.p, '\n', file.n) : NULL;
    if (end == NULL)
        return false;
    recording->requests = (hd_span){file.p, (size_t)(end - file.p)};
    recording->stream = (hd_span){end + 1, file.n - recording->requests.n - 1};
    for (size_t i = 0; i < recording->requests.n; i++) {
        if (memchr("UQPBspECS ", recording->requests.p[i], 10) == NULL)
            return false;
    }
    return true;
}

typedef struct hd_conversation {
    hd_session session;
    hd_span requests; /* not made yet */
    uintptr_t n_made;
    hd_rc rc;          /* HD_MORE as long as all is well */
    hd_writer trace;   /* per event: its type ('-': aborted) and which request it answers ('a' the first, '.' none) */
    uint64_t digest;   /* of what the events carry */
    hd_span interlude; /* events with this body are only counted */
    size_t interludes;
    bool short_road; /* takes rows by hd_session_next_row() where it can */
} hd_conversation;

static inline void
converse_request(hd_session *s, uint8_t letter, void *tag)
{
    static const uint16_t binary = HD_BINARY;
    static const uint32_t oid = 23;
    hd_span pairs[] = {HD_SPAN_LITERAL("user"), HD_SPAN_LITERAL("me")};
    hd_span name = HD_SPAN_LITERAL("s1"), unnamed = HD_SPAN_LITERAL(""), sql = HD_SPAN_LITERAL("select $1");
    switch (letter) {
    case 'U':
        hd_session_startup(s, 196610, pairs, 1);
        break;
    case 'Q':
        hd_session_query(s, sql, tag);
        break;
    case 'P':
        hd_session_parse(s, name, sql, &oid, 1, tag);
        break;
    case 'B':
        hd_session_bind(s, unnamed, name, &binary, 1, HD_SPAN_LITERAL("\0\0\0\1x"), &binary, 1, tag);
        break;
    case 's':
        hd_session_describe_statement(s, name, tag);
        break;
    case 'p':
        hd_session_describe_portal(s, unnamed, tag);
        break;
    case 'E':
        hd_session_execute(s, unnamed, 0, tag);
        break;
    case 'C':
        hd_session_close_statement(s, name, tag);
        break;
    default:
        hd_session_sync(s, tag);
    }
}

/* What waits to be sent is a row of whole messages, and leaves in parts. */
static inline void
converse_send(hd_session *s)
{
    hd_span out = hd_session_outgoing(s);
    hd_reader r = hd_reader_of(out);
    while (r.left != 0 && !r.bad) {
        if (*r.p != 0) /* all but start-up have a type */
            hd_read_u8(&r);
        uint32_t length = hd_read_u32(&r);
        CHECK(length >= 4);
        hd_read_span(&r, length - 4);
    }
    CHECK(hd_reader_done(&r));
    hd_session_sent(s, out.n / 2);
    CHECK(hd_session_outgoing(s).n == out.n - out.n / 2);
    hd_session_sent(s, out.n - out.n / 2);
    CHECK(hd_session_outgoing(s).n == 0);
}

/* Makes the next group of requests. */
static inline void
converse_ask(hd_conversation *c)
{
    hd_session *s = &c->session;
    while (hd_session_is_idle(s) && c->requests.n != 0 && s->out.rc == HD_OK) {
        uint8_t letter;
        do {
            letter = *c->requests.p++;
            c->requests.n--;
            if (letter != ' ')
                converse_request(s, letter, (void *)++c->n_made);
        } while (letter != ' ' && c->requests.n != 0);
        if (s->out.rc != HD_OK) {
            c->rc = s->out.rc;
            return;
        }
        converse_send(s);
    }
}

static inline void
converse_note(hd_conversation *c, const hd_event *ev)
{
    uintptr_t tag = (uintptr_t)ev->tag;
    CHECK(tag <= c->n_made);
    if (c->interlude.n != 0 && ev->body.n == c->interlude.n &&
        memcmp(ev->body.p, c->interlude.p, c->interlude.n) == 0) {
        c->interludes++;
        return;
    }
    hd_write_u8(&c->trace, ev->type == HD_EV_ABORTED ? '-' : ev->type);
    hd_write_u8(&c->trace, tag ? (uint8_t)('a' + (tag - 1) % 26) : '.');
    for (size_t i = 0; i < ev->body.n; i++)
        c->digest = (c->digest ^ ev->body.p[i]) * 0x100000001b3u;
    c->digest = (c->digest ^ ev->type ^ ev->body.n << 8) * 0x100000001b3u;
}

/* Ends COPY as soon as it begins. The Sync that was sent with it was discarded by the server, if there was one. */
static inline void
converse_copy(hd_conversation *c)
{
    hd_session *s = &c->session;
    hd_write_copy_done(&s->out);
    if (s->state == HD_ST_COPY_IN || s->state == HD_ST_COPY_BOTH)
        hd_session_sync(s, (void *)++c->n_made);
    if (s->out.rc != HD_OK)
        c->rc = s->out.rc;
    else
        converse_send(s);
}

static inline void
converse_check(const hd_session *s)
{
    CHECK(s->count <= s->capacity || s->capacity == 0);
    CHECK(s->state <= HD_ST_CLOSED);
    CHECK(s->state == HD_ST_CLOSED || (s->state == HD_ST_IDLE) == (s->count == 0));
    CHECK(s->transaction_status == 0 || memchr("ITE", s->transaction_status, 3) != NULL);
    CHECK(s->key_length <= HD_CANCEL_KEY_MAX);
}

/* Takes all events out of what was received. */
static inline void
converse_listen(hd_conversation *c)
{
    hd_session *s = &c->session;
    hd_event ev = {0};
    while (c->rc == HD_MORE) {
        if (!c->short_road || ev.type != HD_BE_DATA_ROW || !hd_session_next_row(s, &ev.body)) {
            hd_rc rc = hd_session_next(s, &ev);
            if (rc == HD_MORE)
                return;
            if (rc != HD_OK) {
                CHECK(s->state == HD_ST_CLOSED && (rc == HD_ENOMEM || s->complaint != NULL));
                c->rc = rc;
                return;
            }
        }
        converse_check(s);
        converse_note(c, &ev);
        if (ev.type == HD_BE_COPY_IN_RESPONSE || ev.type == HD_BE_COPY_BOTH_RESPONSE)
            converse_copy(c);
        if (s->state == HD_ST_CLOSED)
            c->rc = HD_OK;
        else if (c->rc == HD_MORE)
            converse_ask(c);
    }
}

static inline void
hd_converse_begin(hd_conversation *c, const hd_alloc *alloc, hd_span requests)
{
    *c = (hd_conversation){.requests = requests, .rc = HD_MORE, .trace = hd_writer_of(&hd_alloc_default)};
    hd_session_init(&c->session, alloc);
    converse_ask(c);
}

/* Some more of the stream. */
static inline void
hd_converse_feed(hd_conversation *c, hd_span part)
{
    while (part.n != 0 && c->rc == HD_MORE) {
        size_t room;
        uint8_t *to = hd_inbox_reserve(&c->session.in, &room);
        if (to == NULL) {
            c->rc = HD_ENOMEM;
            return;
        }
        room = part.n < room ? part.n : room;
        memcpy(to, part.p, room);
        hd_inbox_commit(&c->session.in, room);
        part = (hd_span){part.p + room, part.n - room};
        converse_listen(c);
    }
}

static inline void
hd_converse_end(hd_conversation *c)
{
    hd_session_fini(&c->session);
    hd_writer_fini(&c->trace);
}

#endif
