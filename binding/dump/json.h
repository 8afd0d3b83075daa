/* What the dumpers of JSON need from Python. */
#ifndef HDPY_DUMP_JSON_H
#define HDPY_DUMP_JSON_H

#include "module/state.h"

/* Adds _howdah.register_json(). */
int hdpy_dump_json_init(PyObject *module);

#endif
