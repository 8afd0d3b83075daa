/* Cursors that a connection makes. */
#ifndef HDPY_NEW_CURSOR_H
#define HDPY_NEW_CURSOR_H

#include "module/state.h"

/* BaseConnection.cursor(), and ConnectionBase.execute(), which executes on a new one. */
extern PyMethodDef hdpy_new_cursor_methods[];
extern PyMethodDef hdpy_sync_new_cursor_methods[];

int hdpy_new_cursor_init(hdpy_state *st);

#endif
