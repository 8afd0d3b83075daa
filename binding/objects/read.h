/* One read on a lane: what its task awaits. */
#ifndef HDPY_READ_H
#define HDPY_READ_H

#include "objects/cursor.h"
#include "objects/lane.h"

/* What the task gets: the cursor, all rows, the first row or None, or that row's first column. */
typedef enum hdpy_read_kind { HDPY_READ_CURSOR, HDPY_READ_ALL, HDPY_READ_ROW, HDPY_READ_VALUE } hdpy_read_kind;

typedef enum hdpy_read_state {
    HDPY_READ_NEW,
    HDPY_READ_WAITING,
    HDPY_READ_ANSWERED,
    HDPY_READ_OVER, /* while in a batch: its task was cancelled, and the answer concerns nobody */
} hdpy_read_state;

typedef struct hdpy_read {
    PyObject_HEAD
    hdpy_lane *lane;
    PyObject *query;
    PyObject *params;
    hdpy_read_kind kind;
    hdpy_read_state state;
    int attempts;           /* how often it was sent, or described */
    hdpy_cursor *cursor;    /* NULL until it is sent */
    hdpy_request *request;  /* NULL until it is executed */
    PyObject *error;        /* why it failed */
    PyObject *future;       /* what the task waits on */
    struct hdpy_read *next; /* in the list that it is in */
} hdpy_read;

PyObject *hdpy_read_new(hdpy_lane *lane, PyObject *query, PyObject *params, hdpy_read_kind kind);

/* ---- lists of them, in the order in which they were asked; a list owns what is in it */

typedef struct hdpy_read_list {
    hdpy_read *first, *last;
    size_t n;
} hdpy_read_list;

/* Steals the reference. */
void hdpy_reads_append(hdpy_read_list *list, hdpy_read *read);

/* The first, which is given away; or NULL. */
hdpy_read *hdpy_reads_take(hdpy_read_list *list);

void hdpy_reads_drop(hdpy_read_list *list);
int hdpy_reads_visit(const hdpy_read_list *list, visitproc visit, void *arg);

/* ---- of the lane */

/* Asks: writes the messages, or queues, and has the loop send what was written. -1 with an exception. */
int hdpy_lane_ask(hdpy_lane *lane, hdpy_read *read);

/* Something for the task to wait on; a new reference. */
PyObject *hdpy_lane_wait_on(hdpy_lane *lane, hdpy_read *read);

/* Takes a cursor back (the reference is stolen), to be used again. */
void hdpy_lane_give_cursor(hdpy_lane *lane, hdpy_cursor *cur);

int hdpy_read_init(hdpy_state *st, PyObject *module);

#endif
