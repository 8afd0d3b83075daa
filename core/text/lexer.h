/* Where SQL's quoted parts and comments end (PostgreSQL documentation, 4.1 "Lexical Structure"), so that what is inside
 * them is not taken for code. One pass, forwards, no state but the position. */
#ifndef HD_LEXER_H
#define HD_LEXER_H

#include "bytes/base.h"

/* If a string, quoted identifier, dollar-quoted string or comment starts at `at`, the offset of the byte behind its end
 * (the end of the text where it is not closed); else `at` itself. */
size_t hd_sql_skip_opaque(hd_span sql, size_t at);

/* Whether the text holds several statements: a semicolon outside of quotes and comments with more than blanks and
 * comments behind it. */
bool hd_sql_is_batch(hd_span sql);

#endif
