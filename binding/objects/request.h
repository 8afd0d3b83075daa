/* One thing asked of the server, until it is answered: what was sent, and what has come back so far. The connection keeps
 * the unanswered ones in the order in which they were sent; in pipeline mode there may be many. */
#ifndef HDPY_REQUEST_H
#define HDPY_REQUEST_H

#include "objects/connection.h"
#include "plan/result.h"
#include "wait/deadline.h"

/* How parameters get to a query: beside it, for the placeholders %s; as literals within it; beside it for the server's
 * own placeholders, $1. */
typedef enum hdpy_binding { HDPY_BIND_SERVER, HDPY_BIND_CLIENT, HDPY_BIND_RAW } hdpy_binding;

/* Appends more messages while the connection has room for them; sets `feed` to NULL once it is through.
 * -1: an exception, which becomes the request's error. */
typedef int (*hdpy_feed)(hdpy_connection *conn, hdpy_request *request);

/* What the answers to one Parse, Bind or Execute belong to: the tag of its messages. Rows of parameters with other types
 * than the row before need another statement within the same request. */
typedef struct hdpy_step {
    hdpy_request *request;
    hdpy_statement *stmt;          /* NULL for several statements in one string, and for commands */
    uint32_t number;               /* of its name when it was sent; 0: unnamed */
    bool parsed;                   /* named, and its Parse was sent by this request */
    bool bound;                    /* BindComplete came: from here on something may have been executed */
    hdpy_formats formats;          /* as Bind asks for */
    hdpy_description *description; /* of the rows that come next */
    struct hdpy_step *next;
} hdpy_step;

enum {
    HDPY_UNSENT = 16 * 1024, /* executemany writes on while less than this waits to be sent */
    /* A pipeline sends what has come to so much: soon where the server has nothing to do, then twice as much each time, up
     * to what it receives at once. So it works while more is made, and is woken few times. */
    HDPY_GATHER_FIRST = 256,
    HDPY_GATHER_MOST = 8 * 1024,
};

/* Until when the caller waits. */
typedef enum hdpy_until {
    HDPY_UNTIL_DONE,
    HDPY_UNTIL_ROWS,    /* some rows are there, or it is done */
    HDPY_UNTIL_WRITTEN, /* little is left to send */
    HDPY_UNTIL_STEP,    /* a step of a COPY is done: objects/copying.h */
} hdpy_until;

/* Of a statement for which copy() was called. */
typedef enum hdpy_copy_phase {
    HDPY_NO_COPY,       /* copy() was not */
    HDPY_COPY_ASKED,    /* the server has not said yet that it copies */
    HDPY_COPYING_IN,    /* it waits for data */
    HDPY_COPYING_OUT,   /* it sends data */
    HDPY_COPY_ENDING,   /* CopyDone was sent */
    HDPY_COPY_FORSAKEN, /* what else comes is of no interest */
} hdpy_copy_phase;

typedef struct hdpy_copy_state {
    hdpy_copy_phase phase;
    uint8_t format;
    bool kept;           /* the lock stays with the copy() block until it ends */
    bool reached;        /* the step's end */
    bool owes_sync;      /* it was sent with Flush: hdpy_copying_sync() */
    bool ended;          /* the connection did, behind what has come */
    bool dropped;        /* data that was to come or to go */
    hd_span unsent;      /* borrowed: what is left of a large buffer */
    hdpy_result *result; /* how the columns are described; later, how many rows there were */
} hdpy_copy_state;

struct hdpy_request {
    size_t refs;        /* the connection's while it is unanswered, the caller's, and a streaming cursor's */
    hdpy_request *next; /* in the connection's queue */
    hdpy_until until;
    bool pipelined;    /* what it brings, or its error, is handed out by hdpy_cursor_deliver() */
    bool sync;         /* when pipelined: done with ReadyForQuery, and not with the answer to the last Execute */
    bool streaming;    /* the caller takes the rows as they come */
    size_t owed;       /* when pipelined: Executes unanswered */
    hdpy_query *query; /* NULL for a command of our own */
    PyObject *owner;   /* the cursor, NULL for a command */
    hdpy_binding binding;
    hdpy_context *context; /* of the owner, or of the connection */
    hdpy_step first;       /* the only step of nearly all requests */
    hdpy_step *step;       /* used last */
    bool bare;             /* it begins no transaction */
    bool simple;           /* a simple Query: each result brings its own RowDescription */
    hdpy_formats wanted;   /* what the caller asked for: adaptive, all text, or all binary */
    bool discard;          /* rows are counted and dropped (executemany without returning) */
    /* It began outside a transaction, and its parameters are still in the connection's scratch if that was filled so often. */
    bool repeatable;
    uint64_t dump;
    hdpy_deadline deadline; /* then the server is asked to cancel */
    bool expired;           /* that has come */
    bool abandoned;         /* nobody wants it any more: nothing else is sent for it */
    bool command;           /* of _command() */
    bool outlived;          /* its prepared statement was of no more use, and nothing was executed */
    bool done;              /* all is answered, or the connection was lost */
    PyObject *deferred;     /* bytes of the Query to send once our BEGIN has succeeded */
    hdpy_result *current;   /* being received */
    PyObject *results;      /* list of hdpy_result, complete; NULL for none */
    int64_t affected;       /* when discarding: sum of the command tags; else -1 */
    hdpy_tag tag;           /* when discarding: the last one */
    PyObject *error;        /* the first one */
    hdpy_copy_state copy;

    /* executemany */
    hdpy_feed feed;
    PyObject *iterator; /* over the rows of parameters */
    int prepare;
    bool fed_any;
    bool implicit; /* the batch is one implicit transaction of its own */
};

hdpy_request *hdpy_request_new(void);
void hdpy_request_unref(hdpy_request *request);

/* Whether the caller's wait is over. */
bool hdpy_request_satisfied(const hdpy_connection *conn, const hdpy_request *request);

/* Some of the answer was dropped when the deadline had come: that is an error even where the server knows of none. */
void hdpy_request_blame_deadline(hdpy_connection *conn, hdpy_request *request);

/* The wait was interrupted: nothing more is wanted than that the connection is in step. */
void hdpy_request_abandon(hdpy_connection *conn, hdpy_request *request);

/* Takes the current exception as the request's error, unless it has one. */
void hdpy_request_fail(hdpy_request *request);

/* The statement's shape in these formats (borrowed), made on first use and again when settings or adapters are others;
 * NULL without an exception where it returns no rows. */
hdpy_description *hdpy_statement_shape(hdpy_connection *conn, hdpy_request *request, hdpy_statement *stmt,
                                       hdpy_formats formats);

/* What an event of the session means to the request. It never fails: an exception becomes the request's error. */
void hdpy_request_event(hdpy_connection *conn, hdpy_request *request, const hd_event *ev);

/* Takes the rows that have arrived, as far as they follow one another. It needs no GIL. HD_EPROTO: a row that doesn't
 * fit its description. */
HD_MUSTCHECK hd_rc hdpy_request_take_rows(hdpy_connection *conn, hdpy_request *request);

/* ---- submitting: writes the messages into the session. -1 with an exception: nothing was written. */

typedef struct hdpy_options {
    PyObject *query;
    PyObject *params;    /* None or NULL: no parameters */
    int prepare;         /* 1, 0, or -1 by count */
    hdpy_formats wanted; /* of the results: HDPY_ADAPTIVE, HDPY_ALL_TEXT or HDPY_ALL_BINARY */
    hdpy_context *context;
    PyObject *owner; /* of the context */
    hdpy_binding binding;
    bool streaming; /* the rows are taken as they come */
    bool bare;      /* no transaction is begun for it */
    bool begun;     /* the stream that was asked for is the cursor's */
    hdpy_deadline deadline;
} hdpy_options;

int hdpy_submit_execute(hdpy_connection *conn, hdpy_request *request, const hdpy_options *options);
/* Executes a prepared statement that is known to return rows (ProgrammingError if it is known not to), or else writes
 * nothing: then request->step->stmt is to be described first. */
int hdpy_submit_read(hdpy_connection *conn, hdpy_request *request, const hdpy_options *options);
/* Parse, Describe and Sync for the statement that hdpy_submit_read() has chosen. */
int hdpy_submit_describe(hdpy_connection *conn, hdpy_request *request);
int hdpy_submit_many(hdpy_connection *conn, hdpy_request *request, const hdpy_options *options, bool returning);
/* The text of a query with its parameters as literals in it: new bytes. */
PyObject *hdpy_mogrify(hdpy_connection *conn, const hdpy_options *options);

/* Submits what hdpy_submit_execute() did once more, with the statement parsed anew; the transaction that it began has
 * failed, and is undone before. */
int hdpy_submit_again(hdpy_connection *conn, hdpy_request *request);
int hdpy_submit_command(hdpy_connection *conn, hdpy_request *request, PyObject *sql);
/* The same for what ends a transaction: nothing, if by now there is none. */
int hdpy_submit_ending(hdpy_connection *conn, hdpy_request *request, PyObject *sql);

/* Pipeline mode: a Flush or a Sync, done when all before it is answered. */
int hdpy_submit_flush(hdpy_connection *conn, hdpy_request *request, void *unused);
int hdpy_submit_sync(hdpy_connection *conn, hdpy_request *request, void *unused);

#endif
