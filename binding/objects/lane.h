/* Many reads on one connection. What tasks ask for in one turn of the event loop is a batch: it leaves in one send with
 * one Sync, and is handed out when the server is ready again. An error aborts what is behind it in its batch; that is
 * asked again, once. A statement is described before it is executed for the first time, and refused unless it returns
 * rows. */
#ifndef HDPY_LANE_H
#define HDPY_LANE_H

#include "objects/connection.h"

/* Something has arrived, or the connection is lost: hands out what is complete, and sends what was asked for meanwhile.
 * `here`: this is the tail of the loop's callback and no more has come, so the tasks may run within it. -1: an exception
 * of a task, which is for the loop to see. */
int hdpy_lane_arrived(hdpy_lane *lane, bool here);

/* What all of a lane is guarded by (borrowed): its connection, or NULL. */
PyObject *hdpy_lane_guard(const hdpy_lane *lane);

int hdpy_lane_init(hdpy_state *st, PyObject *module);

#endif
