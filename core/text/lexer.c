#include "text/lexer.h"

#include <string.h>

static bool
starts_word(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c >= 0x80;
}

static bool
continues_word(uint8_t c)
{
    return starts_word(c) || (c >= '0' && c <= '9') || c == '$';
}

static bool
is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool
is_newline(uint8_t c)
{
    return c == '\n' || c == '\r';
}

/* The byte at `at`, 0 behind the end. */
static uint8_t
byte_at(hd_span sql, size_t at)
{
    return at < sql.n ? sql.p[at] : 0;
}

static size_t
skip_word(hd_span sql, size_t at)
{
    while (at < sql.n && continues_word(sql.p[at]))
        at++;
    return at;
}

/* `at`: behind the opening quote. A quote inside is written twice. */
static size_t
skip_quoted(hd_span sql, size_t at, uint8_t quote)
{
    while (at < sql.n) {
        const uint8_t *next = memchr(sql.p + at, quote, sql.n - at);
        if (next == NULL)
            break;
        at = (size_t)(next - sql.p) + 1;
        if (byte_at(sql, at) != quote)
            return at;
        at++;
    }
    return sql.n;
}

static size_t
skip_line_comment(hd_span sql, size_t at)
{
    while (at < sql.n) {
        if (is_newline(sql.p[at++]))
            break;
    }
    return at;
}

/* Where a string goes on after its closing quote: behind another quote that follows blanks and line comments with at
 * least one newline. 0: it doesn't. */
static size_t
find_continuation(hd_span sql, size_t at)
{
    bool newline = false;
    while (at < sql.n) {
        if (is_blank(sql.p[at]))
            newline |= is_newline(sql.p[at++]);
        else if (sql.p[at] == '-' && byte_at(sql, at + 1) == '-') {
            at = skip_line_comment(sql, at);
            newline = true;
        }
        else
            return newline && sql.p[at] == '\'' ? at + 1 : 0;
    }
    return 0;
}

/* `at`: behind the opening quote of an E'' string. The parts that continue it know backslashes too, whereas those of
 * a plain string read the same when taken one by one. */
static size_t
skip_escape_string(hd_span sql, size_t at)
{
    while (at < sql.n) {
        uint8_t c = sql.p[at++];
        if (c == '\\')
            at++;
        else if (c == '\'') {
            size_t more = byte_at(sql, at) == '\'' ? at + 1 : find_continuation(sql, at);
            if (more == 0)
                return at;
            at = more;
        }
    }
    return sql.n;
}

/* `at`: behind the opening. Comments nest. */
static size_t
skip_block_comment(hd_span sql, size_t at)
{
    size_t depth = 1;
    while (at + 1 < sql.n) {
        if (sql.p[at] == '*' && sql.p[at + 1] == '/') {
            at += 2;
            if (--depth == 0)
                return at;
        }
        else if (sql.p[at] == '/' && sql.p[at + 1] == '*') {
            at += 2;
            depth++;
        }
        else
            at++;
    }
    return sql.n;
}

/* $tag$ ... $tag$, the tag empty or a word without a dollar; `at` itself if there is no such opening. */
static size_t
skip_dollar_quoted(hd_span sql, size_t at)
{
    size_t end = at + 1;
    if (starts_word(byte_at(sql, end))) {
        while (end < sql.n && sql.p[end] != '$' && continues_word(sql.p[end]))
            end++;
    }
    if (byte_at(sql, end) != '$')
        return at;
    size_t tag = end + 1 - at;
    const uint8_t *close = memmem(sql.p + at + tag, sql.n - at - tag, sql.p + at, tag);
    return close ? (size_t)(close - sql.p) + tag : sql.n;
}

/* As hd_sql_token(), for a token that is opaque; `at` itself if none starts there. */
static size_t
skip_opaque(hd_span sql, size_t at)
{
    uint8_t next = byte_at(sql, at + 1);
    switch (sql.p[at]) {
    case '\'':
    case '"':
        return skip_quoted(sql, at + 1, sql.p[at]);
    case 'e':
    case 'E':
        return next == '\'' ? skip_escape_string(sql, at + 2) : at;
    case '-':
        return next == '-' ? skip_line_comment(sql, at) : at;
    case '/':
        return next == '*' ? skip_block_comment(sql, at + 2) : at;
    case '$':
        return skip_dollar_quoted(sql, at);
    default:
        return at;
    }
}

size_t
hd_sql_token(hd_span sql, size_t at, bool *opaque)
{
    size_t end = skip_opaque(sql, at);
    *opaque = end != at;
    if (*opaque)
        return end;
    return starts_word(sql.p[at]) ? skip_word(sql, at) : at + 1;
}

/* The offset of the first byte at or behind `at` that is neither blank nor comment. */
static size_t
skip_blanks(hd_span sql, size_t at)
{
    while (at < sql.n) {
        size_t next = at;
        if (is_blank(sql.p[at]))
            next = at + 1;
        else if (sql.p[at] == '-' || sql.p[at] == '/')
            next = skip_opaque(sql, at);
        if (next == at)
            break;
        at = next;
    }
    return at;
}

bool
hd_sql_is_batch(hd_span sql)
{
    bool opaque;
    size_t start = skip_blanks(sql, 0);
    while (byte_at(sql, start) == ';')
        start = skip_blanks(sql, start + 1);
    if (start >= sql.n)
        return true;
    if (memchr(sql.p + start, ';', sql.n - start) == NULL)
        return false;
    for (size_t at = start; at < sql.n;) {
        bool semicolon = sql.p[at] == ';';
        at = hd_sql_token(sql, at, &opaque);
        if (semicolon && skip_blanks(sql, at) < sql.n)
            return true;
    }
    return false;
}

/* Whether this is the word, in letters of either case; `word` has lower ones. */
static bool
is_word(hd_span sql, size_t at, size_t end, const char *word)
{
    size_t n = end - at;
    for (size_t i = 0; i < n; i++) {
        if (word[i] == 0 || (sql.p[at + i] | 0x20) != (uint8_t)word[i])
            return false;
    }
    return word[n] == 0;
}

bool
hd_sql_copies_out(hd_span sql)
{
    bool opaque;
    size_t depth = 0, at = skip_blanks(sql, 0), end = skip_word(sql, at);
    if (!is_word(sql, at, end, "copy"))
        return false;
    /* TO and FROM are reserved: what is neither quoted nor within parentheses is no name, but says the direction. */
    for (at = end; at < sql.n; at = end) {
        end = hd_sql_token(sql, at, &opaque);
        if (opaque)
            continue;
        if (sql.p[at] == '(')
            depth++;
        else if (sql.p[at] == ')' && depth != 0)
            depth--;
        else if (depth == 0 && is_word(sql, at, end, "to"))
            return true;
        else if (depth == 0 && is_word(sql, at, end, "from"))
            return false;
    }
    return false;
}
