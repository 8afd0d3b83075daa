#include "text/placeholders.h"

#include "text/lexer.h"

#include <stdio.h>

enum {
    FIRST_PARAMS = 8,
    MOST_SHOWN = 80, /* bytes of the query in a message */
    LEAST_NAMED = 5, /* %(x)s */
};

typedef struct parser {
    hd_query *q;
    hd_writer *dst;
    const hd_alloc *alloc;
    hd_span sql;
    hd_query_error *error;
    /* Hash table of names, so that thousands of them don't cost their square: [i] is a parameter's number, 0 is free.
     * It has twice the slots that q->params has places; none before the first name. */
    uint32_t *slots;
} parser;

void
hd_query_fini(hd_query *q, const hd_alloc *alloc)
{
    hd_release(alloc, q->params);
    hd_release(alloc, q->names);
    hd_release(alloc, q->places);
    *q = (hd_query){0};
}

/* `shown` is a part of the query, to be shortened. */
static hd_rc
complain(parser *ps, const char *before, hd_span shown, const char *after)
{
    int n = shown.n < MOST_SHOWN ? (int)shown.n : MOST_SHOWN;
    snprintf(ps->error->message, sizeof(ps->error->message), "%s%.*s%s", before, n, (const char *)shown.p, after);
    return HD_EINVAL;
}

/* ---- one placeholder as it stands in the text */

typedef struct use {
    hd_span all; /* from % to the letter */
    hd_span name;
    uint8_t letter; /* of the format; '%' for %%; 0: the % stands for itself */
} use;

static bool
is_format(uint8_t letter)
{
    return letter == 's' || letter == 'b' || letter == 't';
}

static hd_rc
complain_of_letter(parser *ps, hd_span rest, size_t n)
{
    while (n < rest.n && (rest.p[n] & 0xc0) == 0x80)
        n++; /* show a whole UTF-8 character */
    return complain(ps, "only '%s', '%b' and '%t' are placeholders, and '%%' is a percent sign; got '",
                    (hd_span){rest.p, n}, "'");
}

/* %(name)s. */
static hd_rc
read_named(parser *ps, hd_span rest, use *u)
{
    const uint8_t *close = memchr(rest.p, ')', rest.n);
    size_t n = close ? (size_t)(close - rest.p) + 2 : 0;
    if (n < LEAST_NAMED || n > rest.n || rest.p[n - 1] == '\n') {
        for (n = 0; n < rest.n && rest.p[n] > ' '; n++)
            ;
        return complain(ps, "a placeholder has no end: '", (hd_span){rest.p, n}, "'; it is written '%(name)s'");
    }
    if (!is_format(rest.p[n - 1]))
        return complain_of_letter(ps, rest, n);
    *u = (use){{rest.p, n}, {rest.p + 2, n - 4}, rest.p[n - 1]};
    return HD_OK;
}

/* `rest` begins with % and reaches to the end of what a placeholder may take up. */
static hd_rc
read_use(parser *ps, hd_span rest, use *u)
{
    *u = (use){{rest.p, 1}, {rest.p, 0}, 0};
    if (rest.n == 1 || rest.p[1] == '\n')
        return HD_OK;
    if (rest.p[1] == '(')
        return read_named(ps, rest, u);
    if (rest.p[1] == ' ')
        return complain(ps, "a single '%' is not a placeholder: write '%%' for a percent sign or for the operator",
                        u->name, "");
    if (rest.p[1] != '%' && !is_format(rest.p[1]))
        return complain_of_letter(ps, rest, 2);
    *u = (use){{rest.p, 2}, {rest.p, 0}, rest.p[1]};
    return HD_OK;
}

/* ---- the parameters found so far */

static bool
same(hd_span a, hd_span b)
{
    return a.n == b.n && memcmp(a.p, b.p, a.n) == 0;
}

/* The slot of a name: either its parameter's or a free one. */
static uint32_t *
find_slot(const parser *ps, hd_span name)
{
    size_t mask = 2 * ps->q->capacity - 1;
    uint64_t hash = 0xcbf29ce484222325u; /* FNV-1a */
    for (size_t i = 0; i < name.n; i++)
        hash = (hash ^ name.p[i]) * 0x100000001b3u;
    size_t at = (size_t)(hash ^ hash >> 32) & mask;
    while (ps->slots[at] != 0 && !same(ps->q->params[ps->slots[at] - 1].name, name))
        at = (at + 1) & mask;
    return &ps->slots[at];
}

static hd_rc
grow_slots(parser *ps)
{
    hd_query *q = ps->q;
    size_t size = 2 * q->capacity * sizeof(*ps->slots);
    uint32_t *slots = hd_resize(ps->alloc, ps->slots, size);
    if (slots == NULL)
        return HD_ENOMEM;
    ps->slots = slots;
    memset(slots, 0, size);
    for (size_t i = 0; i < q->n_params; i++)
        *find_slot(ps, q->params[i].name) = (uint32_t)(i + 1);
    return HD_OK;
}

static hd_rc
grow_params(parser *ps)
{
    hd_query *q = ps->q;
    size_t capacity = q->capacity ? 2 * q->capacity : FIRST_PARAMS;
    hd_placeholder *params = hd_resize(ps->alloc, q->params, capacity * sizeof(*params));
    if (params == NULL)
        return HD_ENOMEM;
    q->params = params;
    q->capacity = capacity;
    return q->named ? grow_slots(ps) : HD_OK;
}

/* The number of the parameter that a use stands for. */
static hd_rc
number_of(parser *ps, const use *u, size_t *number)
{
    hd_query *q = ps->q;
    bool named = u->name.n != 0;
    if (q->n_params == 0)
        q->named = named;
    else if (q->named != named)
        return complain(ps, "the query mixes positional (%s) and named (%(name)s) placeholders",
                        (hd_span){u->name.p, 0}, "");
    if (q->n_params == q->capacity) {
        hd_rc rc = grow_params(ps);
        if (rc != HD_OK)
            return rc;
    }
    uint32_t *slot = named ? find_slot(ps, u->name) : NULL;
    if (slot != NULL && *slot != 0) {
        *number = *slot;
        if (q->params[*slot - 1].format != u->letter)
            return complain(ps, "the placeholder '", u->name, "' is used with different formats");
        return HD_OK;
    }
    q->params[q->n_params++] = (hd_placeholder){u->letter, u->name};
    *number = q->n_params;
    if (slot != NULL)
        *slot = (uint32_t)q->n_params;
    return HD_OK;
}

/* ---- the text */

static hd_rc
note_place(parser *ps, hd_place place)
{
    hd_query *q = ps->q;
    if (q->n_places == q->places_capacity) {
        size_t capacity = q->places_capacity ? 2 * q->places_capacity : FIRST_PARAMS;
        hd_place *places = hd_resize(ps->alloc, q->places, capacity * sizeof(*places));
        if (places == NULL)
            return HD_ENOMEM;
        q->places = places;
        q->places_capacity = capacity;
    }
    q->places[q->n_places++] = place;
    return HD_OK;
}

static hd_rc
rewrite_use(parser *ps, const use *u, bool opaque)
{
    char digits[24];
    size_t number;
    if (u->letter == '%') {
        hd_write_u8(ps->dst, '%');
        return HD_OK;
    }
    if (u->letter == 0 || opaque) {
        hd_write_span(ps->dst, u->all);
        return HD_OK;
    }
    hd_rc rc = number_of(ps, u, &number);
    if (rc != HD_OK)
        return rc;
    size_t n = (size_t)snprintf(digits, sizeof(digits), "$%zu", number);
    rc = note_place(ps, (hd_place){ps->dst->n, n, number - 1});
    hd_write_bytes(ps->dst, digits, n);
    return rc;
}

static hd_rc
rewrite_all(parser *ps)
{
    hd_span sql = ps->sql;
    bool opaque = false;
    size_t token_end = 0;

    for (size_t at = 0; at < sql.n;) {
        /* A name may reach across tokens: the next one then starts behind it. */
        if (at >= token_end)
            token_end = hd_sql_token(sql, at, &opaque);
        const uint8_t *percent = memchr(sql.p + at, '%', token_end - at);
        size_t before = percent ? (size_t)(percent - sql.p) - at : token_end - at;
        hd_write_bytes(ps->dst, sql.p + at, before);
        at += before;
        if (percent == NULL)
            continue;
        use u;
        hd_rc rc = read_use(ps, (hd_span){percent, (opaque ? token_end : sql.n) - at}, &u);
        if (rc == HD_OK)
            rc = rewrite_use(ps, &u, opaque);
        if (rc != HD_OK)
            return rc;
        at += u.all.n;
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
        memcpy(to, name->p, name->n);
        name->p = to;
        to += name->n;
    }
    return HD_OK;
}

hd_rc
hd_query_parse(hd_query *q, hd_writer *dst, const hd_alloc *alloc, hd_span sql, hd_query_error *error)
{
    parser ps = {q, dst, alloc, sql, error, NULL};
    *q = (hd_query){0};
    error->message[0] = 0;
    hd_rc rc = rewrite_all(&ps);
    if (rc == HD_OK)
        rc = own_names(&ps);
    hd_release(alloc, ps.slots);
    if (rc != HD_OK)
        hd_query_fini(q, alloc);
    return rc;
}
