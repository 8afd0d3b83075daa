/* How composites and ranges write in text what is inside them: as it is, or between double quotes where it could be
 * misread. A quote and a backslash are doubled there (PostgreSQL documentation, 8.16.6; record_out(), range_deparse()). */
#ifndef HD_QUOTED_H
#define HD_QUOTED_H

#include "bytes/reader.h"
#include "bytes/writer.h"

/* Reads what comes before the first character of `ends` that is not quoted, all that record_in() takes: quotes may
 * begin in the middle, and a backslash takes the next character as it is. False where there is nothing, not even
 * quotes, which stands for NULL and for no bound.
 *
 * *item is in the reader's bytes, or in `unquoted`, of which it is the only content. A failure shows in r->bad, for want
 * of memory in unquoted->rc too. */
bool hd_quoted_read(hd_reader *r, hd_writer *unquoted, hd_span ends, hd_span *item);

#endif
