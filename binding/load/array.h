/* Arrays, as lists of lists. */
#ifndef HDPY_LOAD_ARRAY_H
#define HDPY_LOAD_ARRAY_H

#include "load/load.h"

/* Text: the record that is called says what loads the elements (`item_oid`) and what separates them (`delimiter`). */
PyObject *hdpy_load_array(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src);

/* Binary: the bytes name the type of the elements, so one loader does for every array. */
extern const hdpy_loader hdpy_load_array_binary;

/* To be given an item_oid. */
extern const hdpy_loader hdpy_load_array_text;

#endif
