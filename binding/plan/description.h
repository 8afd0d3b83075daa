/* The shape of a result: names, types, formats, and for each column the loader that was chosen once.
 * Immutable and shared by every result of a statement; a Python object so that results and cursors may hold it. */
#ifndef HDPY_DESCRIPTION_H
#define HDPY_DESCRIPTION_H

#include "adapt/adapters.h"

typedef struct hdpy_column {
    uint32_t table_oid;
    uint32_t type_oid;
    int32_t typmod;
    int16_t table_column;
    int16_t typlen;
    uint16_t format;
    const hdpy_loader *loader;
} hdpy_column;

typedef struct hdpy_description {
    PyObject_VAR_HEAD PyObject *names; /* tuple of interned str */
    hdpy_settings *settings;           /* under which formats and names were settled */
    hdpy_adapters *adapters;           /* among which the loaders were found; they keep them alive */
    PyObject *source;                  /* the RowDescription's bytes, to recognise the same shape again */
    PyObject *namedtuple;              /* class made for namedtuple_row, or NULL */
    PyObject *dict;                    /* of these names and None, for dict_row, or NULL */
#ifdef Py_GIL_DISABLED
    struct hdpy_description *before; /* which this one has replaced in a result; or NULL */
#endif
    bool foreign; /* a column is of a type that did not come with PostgreSQL */
    hdpy_column columns[];
} hdpy_description;

/* Which formats the columns have. */
typedef enum hdpy_formats { HDPY_ALL_TEXT, HDPY_ALL_BINARY, HDPY_ADAPTIVE, HDPY_AS_DESCRIBED } hdpy_formats;

/* From a RowDescription's body. `formats`: as the message says (a portal was described), or to be chosen (a statement
 * was: the server doesn't know the formats yet). NULL: an exception; OperationalError for a malformed message. */
hdpy_description *hdpy_description_new(hdpy_state *st, hdpy_settings *settings, hdpy_adapters *adapters, hd_span body,
                                       hdpy_formats formats);

/* The same shape in other formats, under other settings, or with other adapters. */
hdpy_description *hdpy_description_in(hdpy_state *st, hdpy_settings *settings, hdpy_adapters *adapters,
                                      const hdpy_description *d, hdpy_formats formats);

/* Whether the message describes the same shape under the same settings and adapters. */
bool hdpy_description_matches(const hdpy_description *d, const hdpy_settings *settings, const hdpy_adapters *adapters,
                              hd_span body);

int hdpy_description_init(hdpy_state *st, PyObject *module);

#endif
