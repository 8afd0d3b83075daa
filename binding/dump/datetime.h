/* What the families of dates and times share on their way out. */
#ifndef HDPY_DUMP_DATETIME_H
#define HDPY_DUMP_DATETIME_H

#include "adapt/datetime_api.h"
#include "dump/dump.h"

/* str(obj), for what only the object knows how to write: a subclass, an offset of microseconds. 0 or -1. */
int hdpy_dump_as_str(PyObject *obj, hd_writer *dst);

/* obj.utcoffset() in microseconds. 1; 0 where it is None; -1 with an exception set. */
int hdpy_utc_offset(hdpy_state *st, PyObject *obj, int64_t *micros);

/* Raises TypeError, for a dumper that was asked for a type with a time zone and met an object without, or the reverse. -1. */
int hdpy_dump_wrong_zone(PyObject *obj, bool aware);

/* A marker of infinity as a value of this type and format; for what is none, and for a type without infinity, TypeError:
 * so whatever is not of a dumper's class can be left to it. 0 or -1. */
int hdpy_dump_infinity(hdpy_dump_ctx *ctx, PyObject *obj, hdpy_param as, hd_writer *dst);

/* A timedelta in microseconds. */
int64_t hdpy_delta_micros(PyObject *delta);

#endif
