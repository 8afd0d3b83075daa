/* What a pool asks of its connections for each loan. */
#ifndef HDPY_LENDING_H
#define HDPY_LENDING_H

#include "objects/connection.h"

/* Methods of connections. _still_alive(watch): reads what came while it was idle, and says whether it can be used. `watch`:
 * descriptor of an epoll that the socket is in, or -1. */
PyObject *hdpy_connection_still_alive(PyObject *self, PyObject *watch);

/* _lend(pool, watch): the same; if so, it is from now on lent by the pool. */
PyObject *hdpy_connection_lend(PyObject *self, PyObject *const *args, Py_ssize_t nargs);

/* _take_back(pool): whether the pool has lent it and can lend it again as it is: idle, and not too old. If so, it is no
 * longer lent. */
PyObject *hdpy_connection_take_back(PyObject *self, PyObject *pool);

#endif
