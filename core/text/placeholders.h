/* psycopg's placeholders (%s %b %t, %(name)s, %%) to PostgreSQL's ($1, $2, ...).
 *
 * Inside strings, quoted identifiers, dollar quotes and comments a placeholder is left as it is, since the server
 * takes no parameter there (psycopg numbers it nevertheless). %% becomes % everywhere, and everywhere a % that is
 * neither is an error, unless it ends a line or the text. */
#ifndef HD_PLACEHOLDERS_H
#define HD_PLACEHOLDERS_H

#include "bytes/writer.h"

typedef struct hd_placeholder {
    uint8_t format; /* 's', 'b' or 't' */
    hd_span name;   /* in hd_query.names; empty for a positional one */
} hd_placeholder;

/* Where a parameter stands in the rewritten SQL, as "$1". */
typedef struct hd_place {
    size_t at, n;
    size_t param; /* in hd_query.params */
} hd_place;

typedef struct hd_query {
    hd_placeholder *params; /* [i] is $i+1; a repeated name counts once */
    size_t n_params;
    size_t capacity;
    bool named;
    hd_place *places; /* in order: a repeated name has several */
    size_t n_places, places_capacity;
    uint8_t *names; /* owns what the names point into */
} hd_query;

typedef struct hd_query_error {
    char message[256]; /* in the encoding of the query */
} hd_query_error;

/* Appends the rewritten SQL to dst. HD_EINVAL: bad placeholders, error->message says how; HD_ENOMEM. On an error *q
 * is empty, and what dst got is the caller's to rewind. */
HD_MUSTCHECK hd_rc hd_query_parse(hd_query *q, hd_writer *dst, const hd_alloc *alloc, hd_span sql,
                                  hd_query_error *error);

void hd_query_fini(hd_query *q, const hd_alloc *alloc);

#endif
