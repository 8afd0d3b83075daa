#include "hd_tap.h"

#include "bytes/reader.h"
#include "hd_converse.h"
#include "session/statements.h"

#include <dirent.h>

#define B(s) HD_SPAN_LITERAL(s)

/* ---- every message in every state */

#define OK "R\0\0\0\x08\0\0\0\0"
#define CLEARTEXT "R\0\0\0\x08\0\0\0\3"
#define NEGOTIATE "v\0\0\0\x0c\0\3\0\0\0\0\0\0"
#define KEY "K\0\0\0\x0c\0\0\0\1key!"
#define ERROR "E\0\0\0\5\0"
#define COPY_IN "G\0\0\0\7\0\0\0"
#define COPY_OUT "H\0\0\0\7\0\0\0"
#define COPY_BOTH "W\0\0\0\7\0\0\0"
#define COPY_DONE "c\0\0\0\4"
#define COMPLETE "C\0\0\0\x0dSELECT 1\0"
#define NO_COLUMNS "T\0\0\0\6\0\0"

/* A proper one of each type. */
static const hd_span messages[] = {
    B(OK),
    B(KEY),
    B("2\0\0\0\4"),
    B("3\0\0\0\4"),
    B(COMPLETE),
    B(COPY_BOTH),
    B("d\0\0\0\5x"),
    B(COPY_DONE),
    B(COPY_IN),
    B(COPY_OUT),
    B("D\0\0\0\6\0\0"),
    B("I\0\0\0\4"),
    B(ERROR),
    B("V\0\0\0\x08\xff\xff\xff\xff"),
    B(NEGOTIATE),
    B("n\0\0\0\4"),
    B("N\0\0\0\5\0"),
    B("A\0\0\0\x0c\0\0\0\1c\0p\0"),
    B("t\0\0\0\6\0\0"),
    B("S\0\0\0\x08n\0v\0"),
    B("1\0\0\0\4"),
    B("s\0\0\0\4"),
    B("Z\0\0\0\5I"),
    B(NO_COLUMNS),
    /* Not messages of a server. */
    B("\0\0\0\0\4"),
    B("x\0\0\0\4"),
    B("\x7f\0\0\0\4"),
    B("\x80\0\0\0\4"),
    B("\xff\0\0\0\4"),
};

enum { MESSAGES = sizeof(messages) / sizeof(messages[0]) };

/* How to get into a state, and what may come there (PostgreSQL documentation, 54.2 "Message Flow"). */
static const struct {
    hd_state state;
    const char *request;
    hd_span stream;
    const char *allowed;
} states[] = {
    {HD_ST_IDLE, "", B(""), "E"},
    {HD_ST_STARTUP, "U", B(""), "RvE"},
    {HD_ST_NEGOTIATED, "U", B(NEGOTIATE), "RE"},
    {HD_ST_AUTHENTICATING, "U", B(CLEARTEXT), "RE"},
    {HD_ST_AUTHENTICATED, "U", B(OK), "KZE"},
    {HD_ST_KEYED, "U", B(OK KEY), "ZE"},
    {HD_ST_PARSE, "P", B(""), "1E"},
    {HD_ST_BIND, "B", B(""), "2E"},
    {HD_ST_CLOSE, "C", B(""), "3E"},
    {HD_ST_DESCRIBE_STATEMENT, "s", B(""), "tE"},
    {HD_ST_DESCRIBE_PORTAL, "p", B(""), "TnE"},
    {HD_ST_EXECUTE, "E", B(""), "DCIsGHWE"},
    {HD_ST_COPY_IN, "E", B(COPY_IN), "CE"},
    {HD_ST_COPY_OUT, "E", B(COPY_OUT), "dcE"},
    {HD_ST_COPY_OUT_DONE, "E", B(COPY_OUT COPY_DONE), "CE"},
    {HD_ST_COPY_BOTH, "E", B(COPY_BOTH), "dcE"},
    {HD_ST_COPY_BOTH_DONE, "E", B(COPY_BOTH COPY_DONE), "CE"},
    {HD_ST_SYNC, "S", B(""), "ZE"},
    {HD_ST_QUERY, "Q", B(""), "TCIGHWE"},
    {HD_ST_QUERY_NEXT, "Q", B(COMPLETE), "TCIGHWEZ"},
    {HD_ST_QUERY_ROWS, "Q", B(NO_COLUMNS), "DCE"},
    {HD_ST_QUERY_COPY_IN, "Q", B(COPY_IN), "CE"},
    {HD_ST_QUERY_COPY_OUT, "Q", B(COPY_OUT), "dcE"},
    {HD_ST_QUERY_COPY_BOTH, "Q", B(COPY_BOTH), "dcE"},
    {HD_ST_QUERY_FAILED, "Q", B(ERROR), "EZ"},
    {HD_ST_CLOSED, "U", B(ERROR), ""},
};

enum { KNOWN_STATES = sizeof(states) / sizeof(states[0]) };

static bool
receive(hd_session *s, hd_span stream)
{
    while (stream.n != 0) {
        size_t room;
        uint8_t *to = hd_inbox_reserve(&s->in, &room);
        if (to == NULL)
            return false;
        room = stream.n < room ? stream.n : room;
        memcpy(to, stream.p, room);
        hd_inbox_commit(&s->in, room);
        stream = (hd_span){stream.p + room, stream.n - room};
    }
    return true;
}

/* A session in states[i]. */
static hd_session
session_in(size_t i)
{
    hd_session s;
    hd_event ev;
    hd_session_init(&s, &hd_alloc_default);
    if (states[i].request[0] != 0)
        converse_request(&s, (uint8_t)states[i].request[0], &s);
    receive(&s, states[i].stream);
    while (s.state != HD_ST_CLOSED && hd_session_next(&s, &ev) == HD_OK)
        ;
    CHECK_EQ(s.state, states[i].state);
    return s;
}

static bool
is_asynchronous(uint8_t type)
{
    return type == HD_BE_NOTICE_RESPONSE || type == HD_BE_NOTIFICATION_RESPONSE || type == HD_BE_PARAMETER_STATUS;
}

static void
every_message_in_every_state(void)
{
    CHECK_EQ(KNOWN_STATES, HD_STATES);
    for (size_t i = 0; i < KNOWN_STATES; i++) {
        for (size_t m = 0; m < MESSAGES; m++) {
            hd_session s = session_in(i);
            hd_event ev;
            uint8_t type = messages[m].p[0];
            bool listed = type != 0 && strchr(states[i].allowed, type) != NULL;
            bool allowed = listed || (is_asynchronous(type) && s.state != HD_ST_CLOSED);
            receive(&s, messages[m]);
            hd_rc rc = hd_session_next(&s, &ev);
            tap_check((rc == HD_OK) == allowed, __FILE__, __LINE__, "state %zu, message %c: %d", i, type, rc);
            tap_check(hd_session_allows(states[i].state, type) == listed, __FILE__, __LINE__, "state %zu, %c", i,
                      type);
            if (rc == HD_OK) {
                CHECK_EQ(ev.type, type);
                CHECK_SPAN(ev.body, ((hd_span){messages[m].p + 5, messages[m].n - 5}));
                CHECK(!is_asynchronous(type) || s.state == states[i].state);
            }
            else {
                CHECK_EQ(rc, HD_EPROTO);
                CHECK_EQ(s.state, HD_ST_CLOSED);
                CHECK(s.complaint != NULL);
                receive(&s, B("Z\0\0\0\5I"));
                CHECK_EQ(hd_session_next(&s, &ev), HD_EPROTO);
            }
            hd_session_fini(&s);
        }
    }
}

static void
tags_follow_their_requests(void)
{
    static const struct {
        const char *requests;
        hd_span stream;
        const char *trace;
    } cases[] = {
        {"PBpES",
         B("1\0\0\0\4"
           "2\0\0\0\4n\0\0\0\4C\0\0\0\5\0Z\0\0\0\5I"),
         "1a2bncCdZe"},
        {"PBES", B(ERROR "Z\0\0\0\5I"), "Ea-cZd"},
        {"PBEBES", B("1\0\0\0\4" ERROR "Z\0\0\0\5I"), "1aEb-c-eZf"},
        {"EEEE", B(ERROR), "Ea-b-c-d"},
        {"EES ES", B(ERROR "Z\0\0\0\5ID\0\0\0\6\0\0C\0\0\0\5\0Z\0\0\0\5I"), "Ea-bZcDdCdZe"},
        {"EESES", B(ERROR "Z\0\0\0\5IC\0\0\0\5\0Z\0\0\0\5I"), "Ea-bZcCdZe"},
        {"SSS", B("Z\0\0\0\5IZ\0\0\0\5TZ\0\0\0\5E"), "ZaZbZc"},
        {"QQ", B("C\0\0\0\5\0Z\0\0\0\5I" ERROR "Z\0\0\0\5I"), "CaZaEbZb"},
        /* The Sync behind a COPY that began is never answered; the one sent after it is. */
        {"ES", B(COPY_IN "C\0\0\0\5\0Z\0\0\0\5I"), "GaCaZc"},
        {"ES", B(COPY_IN ERROR "Z\0\0\0\5I"), "GaEaZc"},
        {"ES", B(ERROR "Z\0\0\0\5I"), "EaZb"},
        {"ESES", B(COPY_IN ERROR "Z\0\0\0\5I"), "GaEa-cZd"},
        /* An error at the commit that a Sync implies. */
        {"ES", B("C\0\0\0\5\0" ERROR "Z\0\0\0\5I"), "CaEbZb"},
        /* What answers nothing. */
        {"", B("A\0\0\0\x0c\0\0\0\1c\0p\0S\0\0\0\x08n\0v\0N\0\0\0\5\0" ERROR), "A.S.N.E."},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hd_conversation c;
        hd_converse_begin(&c, &hd_alloc_default, tap_span(cases[i].requests));
        hd_converse_feed(&c, cases[i].stream);
        CHECK_EQ(c.rc, HD_MORE);
        CHECK_SPAN(hd_writer_span(&c.trace), tap_span(cases[i].trace));
        hd_converse_end(&c);
    }
}

/* ---- what the session keeps of start-up and status */

static void
startup_is_kept(void)
{
    hd_conversation c;
    hd_session *s = &c.session;
    hd_converse_begin(&c, &hd_alloc_default, B("U"));
    CHECK_EQ(s->transaction_status, 0);
    hd_converse_feed(&c, B("v\0\0\0\x0c\0\3\0\0\0\0\0\0" OK "S\0\0\0\x11TimeZone\0UTC\0"
                           "K\0\0\0\x0c\0\0\1\2key!"));
    CHECK_EQ(s->state, HD_ST_KEYED);
    CHECK(!hd_session_is_idle(s));
    CHECK_EQ(s->protocol, 196608);
    CHECK_EQ(s->backend_pid, 258);
    CHECK_SPAN(((hd_span){s->key, s->key_length}), B("key!"));
    hd_converse_feed(&c, B("Z\0\0\0\5T"));
    CHECK(hd_session_is_idle(s));
    CHECK_EQ(s->transaction_status, 'T');
    CHECK_SPAN(tap_span(hd_parameters_get(&s->parameters, "TimeZone")), B("UTC"));
    uint32_t version = s->parameters.version;
    hd_converse_feed(&c, B("S\0\0\0\x12TimeZone\0Asia\0"));
    CHECK_SPAN(tap_span(hd_parameters_get(&s->parameters, "TimeZone")), B("Asia"));
    CHECK(s->parameters.version != version);
    CHECK(hd_parameters_get(&s->parameters, "DateStyle") == NULL);
    CHECK_EQ(c.rc, HD_MORE);
    hd_converse_end(&c);
}

static void
lies_at_startup_are_refused(void)
{
    static const hd_span cases[] = {
        B("v\0\0\0\x0c\0\3\0\3\0\0\0\0"),                               /* newer than asked for */
        B("v\0\0\0\x08\0\3\0\0"),                                       /* cut off */
        B("v\0\0\0\x0c\0\2\0\0\0\0\0\0"),                               /* another protocol */
        B("v\0\0\0\x0c\0\3\0\0\0\0\0\0" OK "K\0\0\0\x0d\0\0\0\1long!"), /* a long key under 3.0 */
        B(OK "K\0\0\0\x0b\0\0\0\1key"),                                 /* a short one */
        B("R\0\0\0\7\0\0\0"),                                           /* no code */
        B("R\0\0\0\x0c\0\0\0\0more"),                                   /* more than Ok */
        B(OK OK),                                                       /* twice */
        B("K\0\0\0\x0c\0\0\0\1key!"),                                   /* before Ok */
        B("Z\0\0\0\5I"),                                                /* the same */
        B(OK "Z\0\0\0\5X"),                                             /* no such status */
        B("S\0\0\0\x06n\0"),                                            /* no value */
        B(OK KEY KEY),                                                  /* two keys */
        B(NEGOTIATE NEGOTIATE OK),                                      /* twice */
        B(CLEARTEXT NEGOTIATE),                                         /* too late */
        B("HTTP/1.1 400 Bad Request\r\n"),                              /* somebody else */
        B("SSH-2.0-OpenSSH_9.2p1\r\n"), /* the type is one of ours, the length isn't */
        B("E\x00\x01\x00\x00"),         /* an error of 64 KiB, as if */
        B("Z\0\0\0\3"),                 /* impossible length */
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        hd_conversation c;
        hd_converse_begin(&c, &hd_alloc_default, B("U"));
        hd_converse_feed(&c, cases[i]);
        tap_check(c.rc == HD_EPROTO, __FILE__, __LINE__, "case %zu: %d", i, c.rc);
        hd_converse_end(&c);
    }
}

static void
floods_of_settings_are_refused(void)
{
    hd_conversation c;
    hd_converse_begin(&c, &hd_alloc_default, B(""));
    for (int i = 0; i < 5000 && c.rc == HD_MORE; i++) {
        hd_writer w = hd_writer_of(&hd_alloc_default);
        char name[16];
        size_t at = hd_write_begin(&w, 'S');
        snprintf(name, sizeof(name), "n%d", i);
        hd_write_cstr(&w, tap_span(name));
        hd_write_cstr(&w, B("v"));
        hd_write_end(&w, at);
        hd_converse_feed(&c, hd_writer_span(&w));
        hd_writer_fini(&w);
    }
    CHECK_EQ(c.rc, HD_EPROTO);
    hd_converse_end(&c);
}

/* ---- requests */

static void
requests_are_taken_back(void)
{
    hd_session s;
    hd_event ev;
    hd_span unnamed = B("");
    hd_session_init(&s, &hd_alloc_default);
    hd_session_query(&s, B("select 1"), &s);
    hd_span before = hd_session_outgoing(&s);

    hd_session_mark mark = hd_session_mark_of(&s);
    for (int i = 0; i < 100; i++)
        hd_session_parse(&s, unnamed, B("select 2"), NULL, 0, &ev);
    hd_session_query(&s, B("select\0 3"), &ev);
    CHECK_EQ(s.out.rc, HD_EINVAL);
    hd_session_sync(&s, &ev);
    hd_session_rewind(&s, mark);
    CHECK_EQ(s.out.rc, HD_OK);
    CHECK_EQ(hd_session_outgoing(&s).n, before.n);
    CHECK_EQ(s.count, 1);

    receive(&s, B("C\0\0\0\5\0Z\0\0\0\5I"));
    CHECK_EQ(hd_session_next(&s, &ev), HD_OK);
    CHECK_EQ(hd_session_next(&s, &ev), HD_OK);
    CHECK_EQ(ev.type, HD_BE_READY_FOR_QUERY);
    CHECK(ev.tag == &s);
    CHECK(hd_session_is_idle(&s));

    mark = hd_session_mark_of(&s);
    hd_session_parse(&s, unnamed, B("select\0 3"), NULL, 0, &ev);
    hd_session_rewind(&s, mark);
    CHECK(hd_session_is_idle(&s));
    CHECK_EQ(hd_session_next(&s, &ev), HD_MORE);
    hd_session_fini(&s);
}

/* A buffer that a long query made large is not kept for the next one. */
static void
large_buffers_are_given_back(void)
{
    enum { LONG = 1 << 20 };
    hd_session s;
    uint8_t *sql = malloc(LONG);
    memset(sql, ' ', LONG);
    hd_session_init(&s, &hd_alloc_default);
    hd_session_query(&s, (hd_span){sql, LONG}, NULL);
    hd_session_sent(&s, LONG / 2);
    CHECK_EQ(hd_session_outgoing(&s).n, 1 + 4 + LONG + 1 - LONG / 2);
    hd_session_query(&s, B(""), NULL);
    hd_session_sent(&s, hd_session_outgoing(&s).n);
    CHECK_EQ(s.out.cap, 0);
    hd_session_sync(&s, NULL);
    CHECK_SPAN(hd_session_outgoing(&s), B("S\0\0\0\4"));
    hd_session_fini(&s);
    free(sql);
}

static void
a_failed_batch_without_sync_goes_on_failing(void)
{
    hd_session s;
    hd_event ev;
    hd_session_init(&s, &hd_alloc_default);
    hd_session_execute(&s, B(""), 0, &s);
    receive(&s, B(ERROR));
    CHECK_EQ(hd_session_next(&s, &ev), HD_OK);
    CHECK(!hd_session_is_idle(&s));
    hd_session_execute(&s, B(""), 0, &ev);
    CHECK_EQ(hd_session_next(&s, &ev), HD_OK);
    CHECK_EQ(ev.type, HD_EV_ABORTED);
    hd_session_sync(&s, &s);
    CHECK_EQ(hd_session_next(&s, &ev), HD_MORE);
    receive(&s, B("Z\0\0\0\5I"));
    CHECK_EQ(hd_session_next(&s, &ev), HD_OK);
    CHECK(ev.tag == &s);
    CHECK(hd_session_is_idle(&s));
    hd_session_fini(&s);
}

/* Each Execute is answered once: by its command tag, by an error, or by being skipped. */
static void
the_last_of_an_answer_says_so(void)
{
    hd_session s;
    hd_event ev;
    int tags[3], ended[3] = {0, 0, 0};
    hd_session_init(&s, &hd_alloc_default);
    for (int i = 0; i < 3; i++) {
        hd_session_bind(&s, B(""), B(""), NULL, 0, B(""), NULL, 0, &tags[i]);
        hd_session_execute(&s, B(""), 0, &tags[i]);
    }
    hd_session_flush(&s);
    CHECK_EQ(s.count, 6); /* a Flush is owed no answer */
    receive(&s, B("2\0\0\0\4D\0\0\0\6\0\0C\0\0\0\x0dSELECT 1\0" ERROR));
    while (hd_session_next(&s, &ev) == HD_OK) {
        CHECK(ev.tag == hd_session_tag(&s) || ev.ends || ev.type != HD_BE_DATA_ROW);
        if (ev.ends)
            ended[(int *)ev.tag - tags]++;
    }
    for (int i = 0; i < 3; i++)
        CHECK_EQ(ended[i], 1);
    CHECK(hd_session_tag(&s) == NULL);
    hd_session_fini(&s);
}

static void
a_swallowed_sync_is_sent_again(void)
{
    hd_session s;
    hd_event ev;
    hd_session_init(&s, &hd_alloc_default);
    hd_session_execute(&s, B(""), 0, &s);
    hd_session_sync(&s, &ev);
    receive(&s, B(COPY_IN));
    CHECK_EQ(hd_session_next(&s, &ev), HD_OK);
    CHECK_EQ(s.count, 1);
    hd_session_sync_again(&s);
    hd_session_sync_again(&s);
    CHECK_EQ(s.count, 2);
    receive(&s, B(ERROR "Z\0\0\0\5I"));
    CHECK_EQ(hd_session_next(&s, &ev), HD_OK);
    CHECK(ev.tag == &s && ev.ends);
    CHECK_EQ(hd_session_next(&s, &ev), HD_OK);
    CHECK(ev.tag == &ev && ev.type == HD_BE_READY_FOR_QUERY);

    hd_session_execute(&s, B(""), 0, &s); /* without one there is none to send */
    hd_session_flush(&s);
    receive(&s, B(COPY_IN));
    CHECK_EQ(hd_session_next(&s, &ev), HD_OK);
    hd_session_sync_again(&s);
    CHECK_EQ(s.count, 1);
    hd_session_fini(&s);
}

static void
long_pipelines(void)
{
    enum { LENGTH = 1000 };
    hd_session s;
    hd_event ev;
    uintptr_t answered = 0, asked = 0;
    hd_session_init(&s, &hd_alloc_default);
    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < LENGTH + round * 37; i++)
            hd_session_sync(&s, (void *)++asked);
        for (int i = 0; i < LENGTH; i++) {
            receive(&s, B("Z\0\0\0\5I"));
            if (!CHECK(hd_session_next(&s, &ev) == HD_OK && (uintptr_t)ev.tag == ++answered))
                break;
        }
        hd_session_sent(&s, hd_session_outgoing(&s).n);
    }
    CHECK_EQ(s.count, asked - answered);
    hd_session_fini(&s);
}

static void
rows_by_the_short_road(void)
{
    hd_session s;
    hd_event ev;
    hd_span body;
    hd_session_init(&s, &hd_alloc_default);
    CHECK(!hd_session_next_row(&s, &body));
    hd_session_execute(&s, B(""), 0, &s);
    hd_session_execute(&s, B(""), 0, &ev);
    hd_session_sync(&s, &s);
    CHECK(!hd_session_next_row(&s, &body));
    receive(&s, B("D\0\0\0\6\0\0"
                  "D\0\0\0\7\0\0x"
                  "C\0\0\0\5\0"
                  "D\0\0\0\6\0\0"
                  "D\0\0\0\6\0"));
    CHECK(hd_session_next_row(&s, &body));
    CHECK_SPAN(body, B("\0\0"));
    CHECK(hd_session_next_row(&s, &body));
    CHECK_SPAN(body, B("\0\0x"));
    CHECK(!hd_session_next_row(&s, &body));
    CHECK_EQ(hd_session_next(&s, &ev), HD_OK);
    CHECK_EQ(ev.type, HD_BE_COMMAND_COMPLETE);
    CHECK(hd_session_next_row(&s, &body));
    CHECK(!hd_session_next_row(&s, &body)); /* not complete yet */
    CHECK_EQ(hd_session_next(&s, &ev), HD_MORE);
    hd_session_fini(&s);
}

/* No row may reach a request that the server will not run. */
static void
no_rows_for_an_aborted_request(void)
{
    hd_session s;
    hd_event ev;
    hd_span body;
    hd_session_init(&s, &hd_alloc_default);
    hd_session_execute(&s, B(""), 0, &s);
    hd_session_execute(&s, B(""), 0, &ev);
    hd_session_sync(&s, &s);
    receive(&s, B(ERROR "D\0\0\0\6\0\0"));
    CHECK_EQ(hd_session_next(&s, &ev), HD_OK);
    CHECK(!hd_session_next_row(&s, &body));
    CHECK_EQ(hd_session_next(&s, &ev), HD_OK);
    CHECK_EQ(ev.type, HD_EV_ABORTED);
    CHECK_EQ(hd_session_next(&s, &ev), HD_EPROTO);
    hd_session_fini(&s);
}

/* ---- recorded conversations */

enum { MOST_RECORDINGS = 100 };

static struct {
    char name[256];
    uint8_t *data;
    hd_recording recording;
} recordings[MOST_RECORDINGS];

static size_t n_recordings;

static void
load_recordings(const char *path)
{
    DIR *folder = opendir(path);
    struct dirent *entry;
    while (folder != NULL && n_recordings < MOST_RECORDINGS && (entry = readdir(folder)) != NULL) {
        static uint8_t data[65536];
        char file[4096];
        if (strncmp(entry->d_name, "pg-", 3) != 0)
            continue;
        snprintf(file, sizeof(file), "%s/%s", path, entry->d_name);
        FILE *f = fopen(file, "rb");
        if (f == NULL)
            continue;
        hd_span all = {data, fread(data, 1, sizeof(data), f)};
        fclose(f);
        all.p = recordings[n_recordings].data = tap_copy(all);
        snprintf(recordings[n_recordings].name, sizeof(recordings[0].name), "%s", entry->d_name);
        n_recordings += hd_recording_of(all, &recordings[n_recordings].recording);
    }
    if (folder != NULL)
        closedir(folder);
}

/* The next message of a recorded stream. */
static hd_span
message_at(hd_span stream)
{
    hd_reader r = hd_reader_of(stream);
    hd_read_u8(&r);
    uint32_t length = hd_read_u32(&r);
    return (hd_span){stream.p, length < stream.n ? length + 1 : stream.n};
}

static bool
same_outcome(const hd_conversation *a, const hd_conversation *b)
{
    return a->rc == b->rc && a->digest == b->digest && a->session.state == b->session.state &&
           a->session.transaction_status == b->session.transaction_status && a->trace.n == b->trace.n &&
           memcmp(a->trace.p, b->trace.p, a->trace.n) == 0;
}

/* All at once. Nothing that a server said may be refused, and everything asked is answered. */
static hd_conversation
play_whole(size_t i)
{
    hd_conversation c;
    hd_converse_begin(&c, &hd_alloc_default, recordings[i].recording.requests);
    hd_converse_feed(&c, recordings[i].recording.stream);
    return c;
}

static void
recordings_are_understood(void)
{
    CHECK(n_recordings >= 30);
    for (size_t i = 0; i < n_recordings; i++) {
        hd_conversation c = play_whole(i);
        bool cut_off = strstr(recordings[i].name, "killed") || strstr(recordings[i].name, "fatal");
        bool done = c.rc == HD_MORE && hd_session_is_idle(&c.session) && c.requests.n == 0;
        tap_check(done || (cut_off && c.rc >= 0), __FILE__, __LINE__, "%s: %d in state %d after %.*s (%s)",
                  recordings[i].name, c.rc, c.session.state, (int)c.trace.n, (const char *)c.trace.p,
                  c.session.complaint ? c.session.complaint : "");
        CHECK_EQ(hd_inbox_pending(&c.session.in), 0);
        hd_converse_end(&c);
    }
}

static void
recordings_split_at_every_byte(void)
{
    for (size_t i = 0; i < n_recordings; i++) {
        hd_conversation whole = play_whole(i);
        hd_span stream = recordings[i].recording.stream;
        for (size_t cut = 0; cut <= stream.n; cut++) {
            hd_conversation c;
            hd_converse_begin(&c, &hd_alloc_default, recordings[i].recording.requests);
            c.short_road = cut % 2;
            hd_converse_feed(&c, (hd_span){stream.p, cut});
            hd_converse_feed(&c, (hd_span){stream.p + cut, stream.n - cut});
            tap_check(same_outcome(&c, &whole), __FILE__, __LINE__, "%s cut at %zu", recordings[i].name, cut);
            hd_converse_end(&c);
        }
        hd_converse_end(&whole);
    }
}

static void
recordings_byte_by_byte(void)
{
    for (size_t i = 0; i < n_recordings; i++) {
        hd_conversation whole = play_whole(i), c;
        hd_span stream = recordings[i].recording.stream;
        hd_converse_begin(&c, &hd_alloc_default, recordings[i].recording.requests);
        for (size_t at = 0; at < stream.n; at++)
            hd_converse_feed(&c, (hd_span){stream.p + at, 1});
        tap_check(same_outcome(&c, &whole), __FILE__, __LINE__, "%s", recordings[i].name);
        hd_converse_end(&c);
        hd_converse_end(&whole);
    }
}

static void
interrupt(hd_span interlude)
{
    for (size_t i = 0; i < n_recordings; i++) {
        hd_conversation whole = play_whole(i), c;
        hd_span stream = recordings[i].recording.stream;
        size_t n_messages = 0;
        hd_converse_begin(&c, &hd_alloc_default, recordings[i].recording.requests);
        c.interlude = (hd_span){interlude.p + 5, interlude.n - 5};
        while (stream.n != 0) {
            hd_span message = message_at(stream);
            hd_converse_feed(&c, interlude);
            hd_converse_feed(&c, message);
            stream = (hd_span){stream.p + message.n, stream.n - message.n};
            n_messages++;
        }
        tap_check(same_outcome(&c, &whole), __FILE__, __LINE__, "%s: %.*s", recordings[i].name, (int)c.trace.n,
                  (const char *)c.trace.p);
        CHECK_EQ(c.interludes, n_messages);
        hd_converse_end(&c);
        hd_converse_end(&whole);
    }
}

/* What a server may send at any time, between every two messages of everything it said. */
static void
recordings_with_interludes(void)
{
    interrupt(B("N\0\0\0\x10Minterlude\0\0"));
    interrupt(B("S\0\0\0\x10interlude\0x\0"));
    interrupt(B("A\0\0\0\x14\0\0\0\1interlude\0x\0"));
}

/* A server that goes mad after any message. */
static void
recordings_with_a_wrong_message(void)
{
    for (size_t i = 0; i < n_recordings; i++) {
        hd_span stream = recordings[i].recording.stream, left = stream;
        while (left.n != 0) {
            hd_span message = message_at(left);
            left = (hd_span){left.p + message.n, left.n - message.n};
            for (size_t m = 0; m < MESSAGES; m++) {
                hd_conversation c;
                hd_converse_begin(&c, &hd_alloc_default, recordings[i].recording.requests);
                hd_converse_feed(&c, (hd_span){stream.p, stream.n - left.n});
                hd_converse_feed(&c, messages[m]);
                hd_converse_feed(&c, left);
                CHECK(c.rc == HD_MORE || c.rc == HD_OK || c.rc == HD_EPROTO);
                hd_converse_end(&c);
            }
        }
    }
}

static void
play_with(const hd_alloc *alloc)
{
    for (size_t i = 0; i < n_recordings; i++) {
        hd_conversation c;
        hd_converse_begin(&c, alloc, recordings[i].recording.requests);
        hd_converse_feed(&c, recordings[i].recording.stream);
        CHECK(c.rc == HD_MORE || c.rc == HD_OK || c.rc == HD_ENOMEM);
        hd_converse_end(&c);
    }
}

static void
recordings_survive_allocation_failures(void)
{
    tap_fail_each_allocation(play_with);
}

/* ---- prepared statements */

static void
statements_age(void)
{
    hd_statements ss = {0};
    hd_statement st[4] = {0};
    char name[HD_STATEMENT_NAME_MAX];

    for (int i = 0; i < 4; i++)
        hd_statements_use(&ss, &st[i], false);
    CHECK_EQ(ss.counted.count, 4);
    for (int i = 0; i < 4; i++)
        hd_statements_use(&ss, &st[i], true);
    CHECK_EQ(ss.counted.count, 0);
    CHECK_EQ(ss.prepared.count, 4);
    CHECK(st[0].number != 0 && st[0].number != st[1].number);
    CHECK_EQ(st[0].uses, 2);
    CHECK(hd_statements_excess(&ss.prepared, 4) == NULL);
    CHECK(hd_statements_excess(&ss.prepared, 3) == &st[0]);
    hd_statements_use(&ss, &st[0], false);
    CHECK(hd_statements_excess(&ss.prepared, 3) == &st[1]);

    st[2].ready = true;
    uint32_t old = st[2].number;
    hd_statements_lost(&ss, &st[2]);
    CHECK(!st[2].ready && st[2].number == 0);
    CHECK_EQ(ss.prepared.count, 3);
    CHECK_EQ(ss.counted.count, 1);
    hd_statements_use(&ss, &st[2], true);
    CHECK(st[2].number != old); /* a name is never used again */
    for (int i = 0; i < 4; i++) {
        hd_statements_drop(&ss, &st[i]);
        hd_statements_drop(&ss, &st[i]);
    }
    CHECK(ss.prepared.count == 0 && ss.prepared.oldest == NULL && ss.prepared.newest == NULL);

    memcpy(ss.prefix, "_hd_abcdefgh_", HD_STATEMENT_PREFIX);
    CHECK_SPAN(hd_statement_name(&ss, 0, name), B(""));
    CHECK_SPAN(hd_statement_name(&ss, 70, name), B("_hd_abcdefgh_70"));
    CHECK_SPAN(hd_statement_name(&ss, UINT32_MAX, name), B("_hd_abcdefgh_4294967295"));
}

int
main(int argc, char **argv)
{
    if (argc > 1)
        load_recordings(argv[1]);
    RUN(every_message_in_every_state);
    RUN(tags_follow_their_requests);
    RUN(startup_is_kept);
    RUN(lies_at_startup_are_refused);
    RUN(floods_of_settings_are_refused);
    RUN(requests_are_taken_back);
    RUN(large_buffers_are_given_back);
    RUN(a_failed_batch_without_sync_goes_on_failing);
    RUN(the_last_of_an_answer_says_so);
    RUN(a_swallowed_sync_is_sent_again);
    RUN(long_pipelines);
    RUN(rows_by_the_short_road);
    RUN(no_rows_for_an_aborted_request);
    RUN(recordings_are_understood);
    RUN(recordings_split_at_every_byte);
    RUN(recordings_byte_by_byte);
    RUN(recordings_with_interludes);
    RUN(recordings_with_a_wrong_message);
    RUN(recordings_survive_allocation_failures);
    RUN(statements_age);
    for (size_t i = 0; i < n_recordings; i++)
        free(recordings[i].data);
    return tap_done();
}
