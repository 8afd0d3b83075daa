/* Start-up of the adapters, and their test bench: _howdah.load() and _howdah.dump(). */
#ifndef HDPY_ADAPT_H
#define HDPY_ADAPT_H

#include "module/state.h"

int hdpy_adapt_init(hdpy_state *st, PyObject *module);

#endif
