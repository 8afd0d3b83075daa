/* Rows to Python objects. tuple, dict, namedtuple and scalar are made here; any other row factory is called. */
#ifndef HDPY_ROWS_H
#define HDPY_ROWS_H

#include "plan/result.h"

typedef enum hdpy_row_kind {
    HDPY_ROW_TUPLE,
    HDPY_ROW_DICT,
    HDPY_ROW_NAMEDTUPLE,
    HDPY_ROW_SCALAR,
    HDPY_ROW_ARGS,   /* callable(value, ...) */
    HDPY_ROW_KWARGS, /* callable(column=value, ...) */
    HDPY_ROW_CLASS,  /* the same of a class with a blueprint */
    HDPY_ROW_CALL    /* callable(values) */
} hdpy_row_kind;

typedef struct hdpy_row_maker {
    hdpy_row_kind kind;
    PyObject *callable;  /* what is called; HDPY_ROW_NAMEDTUPLE: the class */
    PyObject *blueprint; /* HDPY_ROW_CLASS: the hdpy_blueprint of the callable */
    Py_ssize_t n;        /* columns of the rows that it makes */
} hdpy_row_maker;

void hdpy_row_maker_clear(hdpy_row_maker *maker);

/* Settles how the rows of a result are made: the factories of howdah.rows are known, others asked by calling
 * factory(cursor). `maker` is empty before, and to be cleared in any case. -1: what the factory raised, or
 * ProgrammingError (a scalar of no column). */
int hdpy_row_maker_setup(hdpy_row_maker *maker, hdpy_state *st, PyObject *factory, PyObject *cursor,
                         hdpy_result *result);

/* Where rows are made from, and how; what is in it is held by the caller, since decoding may run Python code. */
typedef struct hdpy_row_source {
    hdpy_row_maker maker;
    const hdpy_result *result;
    const hdpy_description *description;
    hdpy_load_ctx ctx;
    bool many; /* are made at once: hdpy_hold_collector() */
} hdpy_row_source;

/* Row number i (which exists), decoded. */
PyObject *hdpy_make_row(const hdpy_row_source *src, size_t i);

/* A list of the rows from..to-1. */
PyObject *hdpy_make_rows(const hdpy_row_source *src, size_t from, size_t to);

int hdpy_rows_init(hdpy_state *st, PyObject *module);

#endif
