/* Raising the driver's exceptions. The classes are Python's (howdah.errors) and are registered at import. */
#ifndef HDPY_ERRORS_H
#define HDPY_ERRORS_H

#include "adapt/settings.h"
#include "module/state.h"

/* Adds _howdah.register_errors(). */
int hdpy_errors_init(PyObject *module);

/* The fields of an ErrorResponse or NoticeResponse as {letter: bytes}; NULL with an exception set. */
PyObject *hdpy_diagnostics(hdpy_state *st, hd_span body);

/* The exception for an ErrorResponse: howdah.errors.from_server(fields, encoding, query). `sql`: the query as sent, of
 * which the text of the error shows the line, or NULL. */
PyObject *hdpy_server_error(hdpy_state *st, const hdpy_settings *settings, hd_span body, PyObject *sql);

/* Raises what a core function's negative hd_rc means on the client's side. */
void hdpy_raise_rc(hdpy_state *st, hd_rc rc);

/* Takes the current exception, normalised, with its traceback. */
PyObject *hdpy_take_exception(void);

/* Raises an exception object; steals it. */
void hdpy_raise(PyObject *exception);

/* Raises what the timeout of a query makes of its error (stolen; NULL where nothing was sent). */
void hdpy_raise_timeout(hdpy_state *st, PyObject *error, bool closed);

#endif
