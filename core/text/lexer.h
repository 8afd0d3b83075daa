/* SQL cut into tokens, just finely enough to tell code from what is quoted or commented out (PostgreSQL
 * documentation, 4.1 "Lexical Structure"). One pass, forwards, no state but the position.
 *
 * Two things are taken as the server's defaults: standard_conforming_strings is on, and no character of the encoding
 * has a backslash for its second byte (SJIS, BIG5, GBK and GB18030 have; it matters in E'' strings only). */
#ifndef HD_LEXER_H
#define HD_LEXER_H

#include "bytes/base.h"

/* The offset behind the token that starts at `at` < sql.n: a string, quoted identifier, dollar-quoted string or
 * comment (*opaque is true; one that isn't closed reaches to the end of the text), a word, or else a single byte. */
size_t hd_sql_token(hd_span sql, size_t at, bool *opaque);

/* Whether the text is anything but a single statement. Several: a semicolon outside of quotes and comments with more
 * than blanks and comments behind it. None: nothing but blanks, comments and semicolons. */
bool hd_sql_is_batch(hd_span sql);

/* Whether the statement is a COPY ... TO, whose data comes from the server if there is any. */
bool hd_sql_copies_out(hd_span sql);

#endif
