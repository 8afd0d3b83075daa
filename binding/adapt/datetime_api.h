/* The C interface of Python's datetime, kept per interpreter. */
#ifndef HDPY_DATETIME_API_H
#define HDPY_DATETIME_API_H

#include "module/state.h"

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-variable" /* the header's own pointer, which one interpreter would own */
#include <datetime.h>
#pragma GCC diagnostic pop

static inline PyDateTime_CAPI *
hdpy_datetime(const hdpy_state *st)
{
    return st->datetime_api;
}

#endif
