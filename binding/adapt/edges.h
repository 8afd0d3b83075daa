/* What becomes of values that Python's datetime cannot hold. All zeros is psycopg's way: they are refused. */
#ifndef HDPY_EDGES_H
#define HDPY_EDGES_H

#include "module/state.h"

enum { HDPY_INFINITY_ERROR, HDPY_INFINITY_CLAMP, HDPY_INFINITY_MARKER };
enum { HDPY_RANGE_ERROR, HDPY_RANGE_TEXT };
enum { HDPY_INTERVAL_TIMEDELTA, HDPY_INTERVAL_EXACT };

typedef struct hdpy_edges {
    uint8_t infinity;     /* of a date, a timestamp, a timedelta: the last or first of its Python type, or a marker */
    uint8_t out_of_range; /* BC, years past 9999, 24:00, intervals past timedelta: as the server's text */
    uint8_t interval;     /* exact: howdah's Interval, which holds each of them, from every IntervalStyle */
} hdpy_edges;

/* Sets what is given by name ("error", "clamp", "marker"; "error", "text"; "timedelta", "exact") and leaves what is
 * None. -1: ValueError, or TypeError for what is no str. */
int hdpy_edges_set(hdpy_edges *e, PyObject *infinity, PyObject *out_of_range, PyObject *interval);

/* Whether this is one of the markers that were given to register_edges(): 1, -1, else 0. */
int hdpy_infinity_of(const hdpy_state *st, PyObject *obj);

int hdpy_edges_init(PyObject *module); /* adds register_edges() and show_interval() */

#endif
