#include "text/lexer.h"

#include <string.h>

static bool
is_identifier(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '$' ||
           c >= 0x80;
}

static bool
is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* A quote inside is written twice, or behind a backslash in an E'' string. `at`: behind the opening quote. */
static size_t
skip_quoted(hd_span sql, size_t at, uint8_t quote, bool backslash)
{
    while (at < sql.n) {
        uint8_t c = sql.p[at++];
        if (c == '\\' && backslash && at < sql.n)
            at++;
        else if (c == quote) {
            if (at == sql.n || sql.p[at] != quote)
                return at;
            at++;
        }
    }
    return sql.n;
}

/* The letter before a quote makes it an escape string, unless it ends a longer word. */
static bool
is_escape_string(hd_span sql, size_t quote)
{
    return quote > 0 && (sql.p[quote - 1] == 'e' || sql.p[quote - 1] == 'E') &&
           (quote == 1 || !is_identifier(sql.p[quote - 2]));
}

static size_t
skip_line_comment(hd_span sql, size_t at)
{
    const uint8_t *end = memchr(sql.p + at, '\n', sql.n - at);
    return end ? (size_t)(end - sql.p) + 1 : sql.n;
}

static size_t
skip_block_comment(hd_span sql, size_t at)
{
    size_t depth = 1;
    at += 2;
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

/* $tag$ ... $tag$: the tag is empty or an identifier without a dollar that doesn't start with a digit. */
static size_t
skip_dollar_quoted(hd_span sql, size_t at)
{
    size_t end = at + 1;
    if (at > 0 && is_identifier(sql.p[at - 1]))
        return at;
    while (end < sql.n && sql.p[end] != '$' && is_identifier(sql.p[end]))
        end++;
    if (end == sql.n || sql.p[end] != '$' || (sql.p[at + 1] >= '0' && sql.p[at + 1] <= '9'))
        return at;
    size_t tag = end + 1 - at;
    for (size_t i = end + 1; i + tag <= sql.n; i++) {
        const uint8_t *next = memchr(sql.p + i, '$', sql.n - i);
        if (next == NULL)
            break;
        i = (size_t)(next - sql.p);
        if (i + tag <= sql.n && memcmp(sql.p + i, sql.p + at, tag) == 0)
            return i + tag;
    }
    return sql.n;
}

size_t
hd_sql_skip_opaque(hd_span sql, size_t at)
{
    uint8_t next = at + 1 < sql.n ? sql.p[at + 1] : 0;
    switch (sql.p[at]) {
    case '\'':
        return skip_quoted(sql, at + 1, '\'', is_escape_string(sql, at));
    case '"':
        return skip_quoted(sql, at + 1, '"', false);
    case '-':
        return next == '-' ? skip_line_comment(sql, at) : at;
    case '/':
        return next == '*' ? skip_block_comment(sql, at) : at;
    case '$':
        return skip_dollar_quoted(sql, at);
    default:
        return at;
    }
}

/* The offset of the first byte that is neither blank nor comment. */
static size_t
skip_blanks(hd_span sql, size_t at)
{
    while (at < sql.n) {
        size_t next = is_blank(sql.p[at]) ? at + 1 : at;
        if (sql.p[at] == '-' || sql.p[at] == '/')
            next = hd_sql_skip_opaque(sql, at);
        if (next == at)
            break;
        at = next;
    }
    return at;
}

bool
hd_sql_is_batch(hd_span sql)
{
    if (sql.n == 0 || memchr(sql.p, ';', sql.n) == NULL)
        return false;
    for (size_t at = 0; at < sql.n;) {
        size_t next = hd_sql_skip_opaque(sql, at);
        if (next != at)
            at = next;
        else if (sql.p[at++] == ';' && skip_blanks(sql, at) < sql.n)
            return true;
    }
    return false;
}
