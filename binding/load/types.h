/* The loaders by name, for who builds on them: see types.def. */
#ifndef HDPY_LOAD_TYPES_H
#define HDPY_LOAD_TYPES_H

#include "load/load.h"

#define TYPE(oid, array_oid, text, binary, exact) extern const hdpy_loader text, binary;
#include "load/types.def"
#undef TYPE

/* For the types without a line: hdpy_decode_text(), and bytes. */
extern const hdpy_loader hdpy_load_text;
extern const hdpy_loader hdpy_load_bytes;

#endif
