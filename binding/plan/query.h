/* What is known of an SQL text, per connection: looked up once by the query object, then reused.
 *
 * A query is the text as given; a statement is the query with certain parameter types, which is what the server
 * prepares. Counting, preparing and forgetting follow psycopg's prepare_threshold and prepared_max. */
#ifndef HDPY_QUERY_H
#define HDPY_QUERY_H

#include "bytes/writer.h"
#include "plan/description.h"
#include "session/statements.h"
#include "text/lexer.h"
#include "text/placeholders.h"

typedef struct hdpy_query hdpy_query;

typedef struct hdpy_statement {
    hd_statement entry;                              /* first, so that the lists' entries are ours */
    size_t refs;                                     /* the query's, and one per request under way */
    hdpy_query *query;                               /* borrowed: a request holds it as well */
    struct hdpy_statement *next;                     /* of the same query */
    bool under_way;                                  /* a Parse under its name was sent, and not yet described */
    bool described;                                  /* the server told what a prepared one returns */
    hdpy_description *shapes[HDPY_AS_DESCRIBED + 1]; /* by hdpy_formats; NULL: not made, or no rows */
    size_t n_params;
    uint32_t oids[];
} hdpy_statement;

struct hdpy_query {
    PyObject_HEAD
    PyObject *key;   /* str as the user gave it, or bytes */
    PyObject *sql;   /* bytes to send, with $1 for %s */
    PyObject *utf8;  /* the same in UTF-8, in which the places of its parameters count; NULL without parameters */
    hd_query parsed; /* its parameters; empty when none were passed */
    bool parametric; /* in which dictionary */
    bool batch;      /* not exactly one statement: needs a simple Query */
    bool cached;     /* in the connection's dictionary */
    hdpy_statement *statements;
};

typedef struct hdpy_query_cache {
    PyObject *plain;      /* dict: query -> hdpy_query, executed without parameters */
    PyObject *parametric; /* the same with parameters */
    hd_statements statements;
    uint32_t *closing; /* numbers of statements to be closed on the server */
    size_t n_closing, closing_capacity;
    long prepare_threshold; /* -1: never */
    long prepared_max;      /* -1: no limit */
} hdpy_query_cache;

int hdpy_query_cache_setup(hdpy_query_cache *cache);
void hdpy_query_cache_fini(hdpy_query_cache *cache);
/* Forgets every text (the encoding changed) but not what the server holds. */
void hdpy_query_cache_clear(hdpy_query_cache *cache);
/* The server dropped its statements (DEALLOCATE ALL), or they must not be used again (ALTER): `close` says so. */
void hdpy_query_cache_lost(hdpy_query_cache *cache, bool close);

/* What the user passed, as str or bytes: objects of howdah.sql are asked for as_bytes(context). A new reference; TypeError
 * for what is no query. It may run Python. */
PyObject *hdpy_query_text(PyObject *query, PyObject *context);

/* Of a str or bytes. A new reference; ProgrammingError for bad placeholders. */
hdpy_query *hdpy_query_get(hdpy_state *st, hdpy_query_cache *cache, const hdpy_settings *settings, PyObject *query,
                           bool with_params);

/* The same for a text that is hardly executed twice: it is not kept. */
hdpy_query *hdpy_query_once(hdpy_state *st, const hdpy_settings *settings, PyObject *sql);

/* Whether the statement is the one for these parameter types. */
bool hdpy_statement_takes(const hdpy_statement *stmt, const uint32_t *oids, size_t n);

/* The query's statement for these types, counted as used; a new reference. `prepare`: 1 yes, 0 no, -1 by count. */
hdpy_statement *hdpy_statement_get(hdpy_query_cache *cache, hdpy_query *query, const uint32_t *oids, size_t n,
                                   int prepare);
void hdpy_statement_unref(hdpy_statement *stmt);

/* The server answered that it has not got it, or it must not be used again. */
void hdpy_statement_lost(hdpy_query_cache *cache, hdpy_statement *stmt);

int hdpy_query_init(hdpy_state *st, PyObject *module);

#endif
