/* What a pool asks of its connections for each loan.
 *
 * A connection is either in the pool's deque, or its pool is told when it is deleted. Each step from the one to the other is
 * one call, within which no signal handler runs: what one raises can't separate them.
 *
 * _howdah.lend(pop, pool): the first connection of a deque, whose popleft is given, from now on lent; or None.
 * _howdah.take_back(conn, pool, push): whether the pool has lent it and can lend it again as it is: idle, and not too old. If
 * so, the same as _rest(). */
#ifndef HDPY_LENDING_H
#define HDPY_LENDING_H

#include "objects/connection.h"

/* Methods of connections. _still_alive(watch): reads what came while it was idle, and says whether it can be used. `watch`:
 * descriptor of an epoll that the socket is in, or -1. */
PyObject *hdpy_connection_still_alive(PyObject *self, PyObject *watch);

/* _rest(push): it is no longer lent, and appended to a deque, whose append is given. */
PyObject *hdpy_connection_rest(PyObject *self, PyObject *push);

int hdpy_lending_init(PyObject *module);

#endif
