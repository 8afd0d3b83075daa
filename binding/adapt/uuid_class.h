/* uuid.UUID without its constructor, which takes a microsecond: its two slots are read and set through their
 * descriptors, kept in the state. */
#ifndef HDPY_UUID_CLASS_H
#define HDPY_UUID_CLASS_H

#include "module/state.h"
#include "types/uuid.h"

/* A new UUID, or NULL with an exception set. */
PyObject *hdpy_uuid_make(hdpy_state *st, const uint8_t uuid[HD_UUID_LENGTH]);

/* 0, or -1 with an exception set. */
int hdpy_uuid_read(hdpy_state *st, PyObject *obj, uint8_t uuid[HD_UUID_LENGTH]);

#endif
