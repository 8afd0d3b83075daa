/* What our awaitables have in common: what a task waits on, and how coroutines speak to what they await. */
#ifndef HDPY_AWAITABLE_H
#define HDPY_AWAITABLE_H

#include "module/state.h"

/* asyncio.get_running_loop(): a new reference. */
PyObject *hdpy_running_loop(hdpy_state *st);

/* A future of the loop, or a waiter (wait/waiter.h) if `direct`, marked as an await marks it. */
PyObject *hdpy_future_new(hdpy_state *st, PyObject *loop, bool direct);

/* What was waited for is there; nothing happens if nobody waits any more. `here`: as for hdpy_waiter_wake(). -1: an
 * exception, which is for the loop to see. */
int hdpy_future_wake(hdpy_state *st, PyObject *future, bool here);

/* The exception of throw(exception) or throw(type, value, traceback), as coroutines pass them on: a new reference. */
PyObject *hdpy_thrown(PyObject *const *args, Py_ssize_t nargs);

/* What tp_iternext returns for what am_send gave: StopIteration carries the result (stolen). */
PyObject *hdpy_iternext(PySendResult outcome, PyObject *result);

#endif
