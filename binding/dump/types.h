/* The dumpers by name, for who builds on them: see types.def. */
#ifndef HDPY_DUMP_TYPES_H
#define HDPY_DUMP_TYPES_H

#include "dump/dump.h"

#define TYPE(module, name, automatic, text, binary) extern const hdpy_dumper automatic, text, binary;
#include "dump/types.def"
#undef TYPE

/* An int beyond int8, as numeric. */
int hdpy_dump_big_int(hdpy_dump_ctx *ctx, PyObject *obj, hd_format format, hd_writer *dst, hdpy_param *param);

/* Makes a class known as the one of types.def that has this name, whatever its own __module__ will say. 0 or -1. */
int hdpy_register_class(hdpy_state *st, PyTypeObject *type, const char *module, const char *name);

/* Adds _howdah.register_json(). */
int hdpy_dump_json_init(PyObject *module);

#endif
