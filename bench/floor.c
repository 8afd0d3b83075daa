/* The core alone, without Python: a blocking client that prepares a statement once, then binds, executes and syncs it,
 * keeps the rows in a result and walks over every value. What a driver on this core cannot undercut.
 *
 *     floor PORT
 *
 * Logs in as postgres on 127.0.0.1, which must trust it. Reads lines of "seconds TAB sql TAB param TAB param ..." and
 * answers each with the wall and the CPU microseconds that the query costs. A line of "seconds TAB < TAB file TAB file" asks
 * what it costs to send what is in the second file and to await the server's ReadyForQuery, and nothing else; what is in
 * the first is sent once, before. Each file must ask for one ReadyForQuery. */
#include "bytes/reader.h"
#include "result/result.h"
#include "session/session.h"
#include "wire/backend.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { MAX_PARAMS = 8, PROTOCOL_3_0 = 196608 };

typedef struct client {
    int fd;
    hd_session session;
    size_t seen; /* what the walk over the values came to, so that no compiler leaves it out */
} client;

static void
give_up(const char *why)
{
    fprintf(stderr, "floor: %s\n", why);
    exit(1);
}

static hd_span
span_of(const char *s)
{
    return (hd_span){(const uint8_t *)s, strlen(s)};
}

static void
send_all(client *c)
{
    if (c->session.out.rc != HD_OK)
        give_up("a request could not be written");
    for (hd_span out = hd_session_outgoing(&c->session); out.n != 0; out = hd_session_outgoing(&c->session)) {
        ssize_t n = send(c->fd, out.p, out.n, 0);
        if (n <= 0)
            give_up("send failed");
        hd_session_sent(&c->session, (size_t)n);
    }
}

static void
receive(client *c)
{
    size_t room;
    uint8_t *p = hd_inbox_reserve(&c->session.in, &room);
    ssize_t n = p == NULL ? 0 : recv(c->fd, p, room, 0);
    if (n <= 0)
        give_up("the server has closed the connection");
    hd_inbox_commit(&c->session.in, (size_t)n);
}

static void
walk(client *c, const hd_result *r)
{
    for (size_t i = 0; i < r->n_rows; i++) {
        hd_reader values = hd_result_row(r, i);
        hd_span value;
        for (uint16_t column = 0; column < r->n_columns; column++) {
            if (hd_row_next(&values, &value))
                c->seen += value.n;
        }
    }
}

/* Until the server owes nothing. `n_columns` is set when the rows are described. */
static void
take_answer(client *c, uint16_t *n_columns)
{
    hd_result result;
    hd_result_init(&result, &hd_alloc_default, *n_columns);
    for (;;) {
        hd_span row;
        while (hd_session_next_row(&c->session, &row)) {
            if (hd_result_add(&result, c->session.in.chunk, row) != HD_OK)
                give_up("a row does not fit its description");
        }
        hd_event ev;
        hd_rc rc = hd_session_next(&c->session, &ev);
        if (rc == HD_MORE) {
            receive(c);
            continue;
        }
        if (rc != HD_OK || ev.type == HD_BE_ERROR_RESPONSE)
            give_up(rc == HD_EPROTO ? c->session.complaint : "the server refused a request");
        if (ev.type == HD_BE_DATA_ROW && hd_result_add(&result, c->session.in.chunk, ev.body) != HD_OK)
            give_up("a row does not fit its description");
        hd_row_description description;
        if (ev.type == HD_BE_ROW_DESCRIPTION && hd_decode_row_description(&description, ev.body) == HD_OK)
            *n_columns = description.count;
        if (ev.type == HD_BE_READY_FOR_QUERY)
            break;
    }
    if (hd_result_seal(&result) != HD_OK)
        give_up("no memory");
    walk(c, &result);
    hd_result_fini(&result);
}

static void
connect_to(client *c, uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (struct sockaddr *)&address, sizeof address) != 0)
        give_up("cannot connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &(int){1}, sizeof(int));
    hd_session_init(&c->session, &hd_alloc_default);
    hd_span pairs[] = {span_of("user"), span_of("postgres"), span_of("database"), span_of("postgres")};
    hd_session_startup(&c->session, PROTOCOL_3_0, pairs, 2);
    send_all(c);
    take_answer(c, &(uint16_t){0});
}

static double
microseconds(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Parameters travel as text, rows come back in binary. */
static void
measure(client *c, double seconds, const char *sql, char *const *params, size_t n_params)
{
    hd_session *s = &c->session;
    static const uint16_t text = HD_TEXT, binary = HD_BINARY;
    hd_span portal = {NULL, 0}, name = span_of("floor");
    uint16_t n_columns = 0;

    hd_session_close_statement(s, name, NULL);
    hd_session_parse(s, name, span_of(sql), NULL, 0, NULL);
    hd_session_describe_statement(s, name, NULL);
    hd_session_sync(s, NULL);
    send_all(c);
    take_answer(c, &n_columns);

    hd_writer values = hd_writer_of(&hd_alloc_default);
    size_t n = 0;
    double wall = microseconds(CLOCK_MONOTONIC), cpu = microseconds(CLOCK_PROCESS_CPUTIME_ID), now = wall;
    for (; now < wall + seconds * 1e6; n++, now = microseconds(CLOCK_MONOTONIC)) {
        hd_writer_rewind(&values, 0);
        for (size_t i = 0; i < n_params; i++) {
            size_t at = hd_write_value_begin(&values);
            hd_write_span(&values, span_of(params[i]));
            hd_write_value_end(&values, at);
        }
        uint16_t formats[MAX_PARAMS];
        for (size_t i = 0; i < n_params; i++)
            formats[i] = text;
        hd_session_bind(s, portal, name, formats, n_params, hd_writer_span(&values), &binary, 1, NULL);
        hd_session_execute(s, portal, 0, NULL);
        hd_session_sync(s, NULL);
        send_all(c);
        take_answer(c, &n_columns);
    }
    printf("%.3f %.3f\n", (now - wall) / (double)n, (microseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)n);
    fflush(stdout);
    hd_writer_fini(&values);
}

/* ---- bytes that were composed before */

static hd_span
read_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL || fseek(file, 0, SEEK_END) != 0)
        give_up("a file cannot be opened");
    size_t n = (size_t)ftell(file);
    uint8_t *p = malloc(n);
    rewind(file);
    if (p == NULL || fread(p, 1, n, file) != n)
        give_up("a file cannot be read");
    fclose(file);
    return (hd_span){p, n};
}

static void
replay(client *c, hd_span bytes)
{
    while (bytes.n != 0) {
        ssize_t n = send(c->fd, bytes.p, bytes.n, 0);
        if (n <= 0)
            give_up("send failed");
        bytes = (hd_span){bytes.p + n, bytes.n - (size_t)n};
    }
    for (hd_message message = {0}; message.type != HD_BE_READY_FOR_QUERY;) {
        hd_rc rc = hd_inbox_next(&c->session.in, &message);
        if (rc == HD_MORE)
            receive(c);
        else if (rc != HD_OK || message.type == HD_BE_ERROR_RESPONSE)
            give_up("the server refused what was composed");
    }
}

static void
measure_bytes(client *c, double seconds, const char *once, const char *repeated)
{
    hd_span before = read_file(once), bytes = read_file(repeated);
    replay(c, before);
    size_t n = 0;
    double wall = microseconds(CLOCK_MONOTONIC), cpu = microseconds(CLOCK_PROCESS_CPUTIME_ID), now = wall;
    for (; now < wall + seconds * 1e6; n++, now = microseconds(CLOCK_MONOTONIC))
        replay(c, bytes);
    printf("%.3f %.3f\n", (now - wall) / (double)n, (microseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu) / (double)n);
    fflush(stdout);
    free((void *)(uintptr_t)before.p);
    free((void *)(uintptr_t)bytes.p);
}

int
main(int argc, char **argv)
{
    if (argc != 2)
        give_up("usage: floor PORT");
    client c = {0};
    connect_to(&c, (uint16_t)atoi(argv[1]));
    char *line = NULL;
    size_t size = 0;
    while (getline(&line, &size, stdin) > 0) {
        line[strcspn(line, "\n")] = 0;
        char *rest = NULL, *seconds = strtok_r(line, "\t", &rest), *sql = strtok_r(NULL, "\t", &rest);
        char *params[MAX_PARAMS];
        size_t n_params = 0;
        while (n_params < MAX_PARAMS && (params[n_params] = strtok_r(NULL, "\t", &rest)) != NULL)
            n_params++;
        if (sql == NULL)
            give_up("a line lacks its query");
        if (strcmp(sql, "<") == 0 && n_params == 2)
            measure_bytes(&c, atof(seconds), params[0], params[1]);
        else
            measure(&c, atof(seconds), sql, params, n_params);
    }
    free(line);
    hd_session_fini(&c.session);
    close(c.fd);
    return c.seen == 0;
}
