/* The loaders by name, for who builds on them: see loaders.def. */
#ifndef HDPY_LOAD_TYPES_H
#define HDPY_LOAD_TYPES_H

#include "load/load.h"

#define LOADER(name) extern const hdpy_loader hdpy_load_##name;
#include "load/loaders.def"
#undef LOADER

#endif
