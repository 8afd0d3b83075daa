/* What the families of dates and times share on their way in. */
#ifndef HDPY_LOAD_DATETIME_H
#define HDPY_LOAD_DATETIME_H

#include "adapt/datetime_api.h"
#include "load/load.h"
#include "bytes/writer.h"
#include "types/date.h"

/* The days since 2000-01-01 that Python's date knows: year 1 to year 9999. */
enum { HDPY_FIRST_DAY = -730119, HDPY_LAST_DAY = 2921939 };

static inline hd_date_style
hdpy_date_style(const hdpy_settings *settings)
{
    return (hd_date_style){settings->date_style, settings->date_order};
}

/* Raises DataError for a value on either side of what Python has; text, where it is legible, is quoted. NULL. */
PyObject *hdpy_calendar_error(hdpy_load_ctx *ctx, const char *type_name, bool too_small, const hd_span *text);

/* What was written, all of it ASCII, as str; ends the writer. */
PyObject *hdpy_shown(hd_writer *w);

/* The marker, for infinity = "marker". */
PyObject *hdpy_infinity_marker(const hdpy_state *st, bool negative);

/* datetime.timezone of an offset in seconds east, NULL with an exception set. */
PyObject *hdpy_fixed_zone(hdpy_state *st, int32_t east);

#endif
