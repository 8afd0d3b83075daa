/* Which prepared statements the server has, and which have been seen often enough to become one: two lists by age of
 * last use, intrusive, so that nothing is allocated. Whoever embeds an hd_statement owns it. */
#ifndef HD_STATEMENTS_H
#define HD_STATEMENTS_H

#include "bytes/base.h"

typedef struct hd_statement {
    struct hd_statement *older, *newer;
    uint32_t number; /* of its name on the server; 0: unnamed */
    uint32_t uses;
    bool listed;
    bool ready; /* the server confirmed the Parse */
} hd_statement;

typedef struct hd_statement_list {
    hd_statement *oldest, *newest;
    size_t count;
} hd_statement_list;

enum {
    HD_STATEMENT_PREFIX = 13,
    HD_STATEMENT_NAME_MAX = HD_STATEMENT_PREFIX + 10, /* digits of an uint32_t */
};

typedef struct hd_statements {
    hd_statement_list prepared;
    hd_statement_list counted; /* seen, not prepared */
    uint32_t last_number;
    /* What the names on the server begin with, of this session only: a pooler may lend a server to several sessions in
     * turn, and none must take another's statement for its own. */
    char prefix[HD_STATEMENT_PREFIX];
} hd_statements;

/* Counts a use. `prepare`: this use is to be a prepared one (it gets a number if it has none). */
void hd_statements_use(hd_statements *ss, hd_statement *st, bool prepare);

/* The server doesn't have it (any more), or never got it: back to the counted ones. */
void hd_statements_lost(hd_statements *ss, hd_statement *st);

/* The statement is about to be freed. */
void hd_statements_drop(hd_statements *ss, hd_statement *st);

/* The statement longest unused, if the list has more than `most`; NULL else. */
hd_statement *hd_statements_excess(const hd_statement_list *list, size_t most);

/* The name on the server, written into `buffer`; empty for the unnamed statement. */
hd_span hd_statement_name(const hd_statements *ss, uint32_t number, char buffer[HD_STATEMENT_NAME_MAX]);

#endif
