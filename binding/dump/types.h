/* The dumpers by name, for who builds on them: see types.def. */
#ifndef HDPY_DUMP_TYPES_H
#define HDPY_DUMP_TYPES_H

#include "dump/dump.h"

#define TYPE(module, name, automatic, text, binary) extern const hdpy_dumper automatic, text, binary;
#include "dump/types.def"
#undef TYPE

/* An int beyond int8, as numeric. */
int hdpy_dump_big_int(hdpy_dump_ctx *ctx, PyObject *obj, hd_format format, hd_writer *dst, hdpy_param *param);

#endif
