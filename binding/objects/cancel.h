/* A cancel under way: what a CancelRequest is sent with, and what holds other queries back meanwhile. */
#ifndef HDPY_CANCEL_H
#define HDPY_CANCEL_H

#include "objects/connection.h"

/* BaseConnection._cancel_begin(): a Cancel. From here on nobody gets the connection's lock, up to the Cancel's
 * end(known), or until it is forgotten, wherever it was interrupted. */
PyObject *hdpy_connection_cancel_begin(PyObject *conn, PyObject *unused);

int hdpy_cancel_init(hdpy_state *st, PyObject *module);

#endif
