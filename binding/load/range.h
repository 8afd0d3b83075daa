/* What ranges and multiranges share. */
#ifndef HDPY_LOAD_RANGE_H
#define HDPY_LOAD_RANGE_H

#include "load/load.h"
#include "types/range.h"

/* A Range, its bounds made by `bound`; NULL with an exception set. */
PyObject *hdpy_range_make(hdpy_load_ctx *ctx, const hdpy_loader *bound, const hd_range *v);

#endif
