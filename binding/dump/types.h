/* The dumpers by name, for who builds on them: see dumpers.def. */
#ifndef HDPY_DUMP_TYPES_H
#define HDPY_DUMP_TYPES_H

#include "dump/dump.h"

#define DUMPER(name) extern const hdpy_dumper hdpy_dump_##name;
#include "dump/dumpers.def"
#undef DUMPER

/* An int beyond int8, as numeric. */
int hdpy_dump_big_int(hdpy_dump_ctx *ctx, PyObject *obj, hd_format format, hd_writer *dst, hdpy_param *param);

#endif
