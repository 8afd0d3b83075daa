/* What a task waits on while the server works: a future reduced to one callback.
 *
 * An asyncio.Future tells its task by call_soon(), which costs a second turn of the loop with a system call of its own. A
 * waiter may run the task's next step directly, at the end of the reader's callback. To a task it is a future like
 * another (it has _asyncio_future_blocking and the methods that a task calls). */
#ifndef HDPY_WAITER_H
#define HDPY_WAITER_H

#include "module/state.h"

/* For a task of this loop. */
PyObject *hdpy_waiter_new(hdpy_state *st, PyObject *loop);

/* asyncio.current_task(loop): a new reference, NULL with an exception. */
PyObject *hdpy_current_task(hdpy_state *st, PyObject *loop);

bool hdpy_is_waiter(hdpy_state *st, PyObject *obj);

/* What was waited for is there. `here`: nothing of ours is left to do in this callback of the loop, so the task may run
 * now; it does so only if no task is running and its context can be entered. -1: what the task's step raised, which is
 * for the loop to see. */
int hdpy_waiter_wake(PyObject *waiter, bool here);

int hdpy_waiter_init(hdpy_state *st, PyObject *module);

#endif
