#include "text/placeholders.h"

#include "text/lexer.h"

#include <stdio.h>

typedef struct parser {
    hd_query *q;
    hd_writer *dst;
    const hd_alloc *alloc;
    hd_span sql;
    hd_query_error *error;
} parser;

void
hd_query_fini(hd_query *q, const hd_alloc *alloc)
{
    hd_release(alloc, q->params);
    hd_release(alloc, q->names);
    *q = (hd_query){0};
}

/* `text` is shown in the message, shortened. */
static hd_rc
complain(parser *ps, const char *before, hd_span text, const char *after)
{
    int shown = text.n < 80 ? (int)text.n : 80;
    snprintf(ps->error->message, sizeof(ps->error->message), "%s%.*s%s", before, shown, (const char *)text.p, after);
    return HD_EINVAL;
}

/* One use of a placeholder as it stands in the text. */
typedef struct use {
    hd_span all;  /* from % to the letter */
    hd_span name; /* between the parentheses */
    bool named;
    bool percent; /* %% */
    bool literal; /* a % before the end of the line or of the text stands for itself */
} use;

static hd_rc
read_use(parser *ps, size_t at, use *u)
{
    hd_span rest = {ps->sql.p + at, ps->sql.n - at};
    *u = (use){.all = {rest.p, 2}};
    if (rest.n == 1 || rest.p[1] == '\n') {
        u->literal = true;
        u->all.n = 1;
        return HD_OK;
    }
    if (rest.p[1] == '%') {
        u->percent = true;
        return HD_OK;
    }
    if (rest.p[1] == ' ')
        return complain(ps, "incomplete placeholder: '%'; if you want to use '%' as an operator you can double it up, "
                            "i.e. use '%%'", (hd_span){rest.p, 0}, "");
    if (rest.p[1] == '(') {
        const uint8_t *close = memchr(rest.p, ')', rest.n);
        size_t end = close ? (size_t)(close - rest.p) : 0;
        if (end < 3 || end + 1 == rest.n)
            return complain(ps, "incomplete placeholder: '", rest, "'");
        u->named = true;
        u->name = (hd_span){rest.p + 2, end - 2};
        u->all.n = end + 2;
    }
    uint8_t letter = u->all.p[u->all.n - 1];
    if (letter != 's' && letter != 'b' && letter != 't') {
        while (u->all.n < rest.n && (rest.p[u->all.n] & 0xc0) == 0x80)
            u->all.n++; /* show a whole UTF-8 character */
        return complain(ps, "only '%s', '%b', '%t' are allowed as placeholders, got '", u->all, "'");
    }
    return HD_OK;
}

static hd_rc
add_param(parser *ps, const use *u)
{
    hd_query *q = ps->q;
    if (q->n_params == q->capacity) {
        size_t capacity = q->capacity ? q->capacity * 2 : 8;
        hd_placeholder *params = hd_resize(ps->alloc, q->params, capacity * sizeof(*params));
        if (params == NULL)
            return HD_ENOMEM;
        q->params = params;
        q->capacity = capacity;
    }
    q->params[q->n_params++] = (hd_placeholder){u->all.p[u->all.n - 1], u->name};
    return HD_OK;
}

static bool
same_name(hd_span a, hd_span b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* The number of the parameter that a use stands for. */
static hd_rc
number_of(parser *ps, const use *u, size_t *number)
{
    hd_query *q = ps->q;
    if (q->n_params != 0 && q->named != u->named)
        return complain(ps, "positional and named placeholders cannot be mixed", (hd_span){u->all.p, 0}, "");
    q->named = u->named;
    for (size_t i = 0; u->named && i < q->n_params; i++) {
        if (!same_name(q->params[i].name, u->name))
            continue;
        if (q->params[i].format != u->all.p[u->all.n - 1])
            return complain(ps, "placeholder '", u->name, "' cannot have different formats");
        *number = i + 1;
        return HD_OK;
    }
    hd_rc rc = add_param(ps, u);
    *number = q->n_params;
    return rc;
}

/* The % at `at`: writes what it becomes and moves on behind it. */
static hd_rc
rewrite(parser *ps, size_t *at, bool opaque)
{
    use u;
    hd_rc rc = read_use(ps, *at, &u);
    if (rc != HD_OK)
        return rc;
    *at += u.all.n;
    if (u.percent)
        hd_write_u8(ps->dst, '%');
    else if (u.literal || opaque)
        hd_write_span(ps->dst, u.all);
    else {
        size_t number;
        char digits[24];
        rc = number_of(ps, &u, &number);
        if (rc != HD_OK)
            return rc;
        hd_write_bytes(ps->dst, digits, (size_t)snprintf(digits, sizeof(digits), "$%zu", number));
    }
    return HD_OK;
}

static hd_rc
parse_all(parser *ps)
{
    size_t opaque_end = 0;
    for (size_t at = 0; at < ps->sql.n;) {
        if (at >= opaque_end)
            opaque_end = hd_sql_skip_opaque(ps->sql, at);
        if (ps->sql.p[at] == '%') {
            hd_rc rc = rewrite(ps, &at, at < opaque_end);
            if (rc != HD_OK)
                return rc;
        }
        else
            hd_write_u8(ps->dst, ps->sql.p[at++]);
    }
    return ps->dst->rc;
}

/* The names so far point into the text, which the caller may free. */
static hd_rc
own_names(parser *ps)
{
    hd_query *q = ps->q;
    size_t total = 0;
    for (size_t i = 0; i < q->n_params; i++)
        total += q->params[i].name.n;
    if (total == 0)
        return HD_OK;
    uint8_t *to = q->names = hd_resize(ps->alloc, NULL, total);
    if (to == NULL)
        return HD_ENOMEM;
    for (size_t i = 0; i < q->n_params; i++) {
        hd_span *name = &q->params[i].name;
        if (name->n != 0)
            memcpy(to, name->p, name->n);
        name->p = to;
        to += name->n;
    }
    return HD_OK;
}

hd_rc
hd_query_parse(hd_query *q, hd_writer *dst, const hd_alloc *alloc, hd_span sql, hd_query_error *error)
{
    parser ps = {q, dst, alloc, sql, error};
    *q = (hd_query){0};
    error->message[0] = 0;
    hd_rc rc = parse_all(&ps);
    if (rc == HD_OK)
        rc = own_names(&ps);
    if (rc != HD_OK)
        hd_query_fini(q, alloc);
    return rc;
}
