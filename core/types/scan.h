/* Scanning the text that the server writes for a value. A mismatch makes the reader bad, like a read past the end. */
#ifndef HD_SCAN_H
#define HD_SCAN_H

#include "bytes/reader.h"

static inline void
hd_scan_fail(hd_reader *r)
{
    r->bad = true;
    r->left = 0;
}

/* The next character without consuming it, 0 at the end. */
static inline char
hd_scan_peek(const hd_reader *r)
{
    return r->left ? (char)r->p[0] : 0;
}

/* Consumes c if it comes next. */
static inline bool
hd_scan_accept(hd_reader *r, char c)
{
    if (r->left == 0 || r->p[0] != (uint8_t)c)
        return false;
    r->p++;
    r->left--;
    return true;
}

static inline void
hd_scan_expect(hd_reader *r, char c)
{
    if (!hd_scan_accept(r, c))
        hd_scan_fail(r);
}

/* Consumes the word if it comes next. */
static inline bool
hd_scan_word(hd_reader *r, hd_span word)
{
    if (r->left < word.n || memcmp(r->p, word.p, word.n) != 0)
        return false;
    r->p += word.n;
    r->left -= word.n;
    return true;
}

/* An unsigned number of min to max digits, max <= 18. */
static inline int64_t
hd_scan_digits(hd_reader *r, size_t min, size_t max)
{
    int64_t v = 0;
    size_t n = 0;
    while (n < max && n < r->left) {
        unsigned digit = (unsigned)r->p[n] - '0';
        if (digit > 9)
            break;
        v = v * 10 + digit;
        n++;
    }
    if (n < min) {
        hd_scan_fail(r);
        return 0;
    }
    r->p += n;
    r->left -= n;
    return v;
}

/* Writes v with at least `width` digits at p and returns how many. */
static inline size_t
hd_print_digits(uint8_t *p, uint64_t v, size_t width)
{
    uint8_t reversed[20];
    size_t n = 0;
    do {
        reversed[n++] = (uint8_t)('0' + v % 10);
        v /= 10;
    } while (v != 0);
    while (n < width)
        reversed[n++] = '0';
    for (size_t i = 0; i < n; i++)
        p[i] = reversed[n - 1 - i];
    return n;
}

/* An element of an array, a field of a record: its length word and its bytes. False for NULL, and when r is bad. */
static inline bool
hd_read_item(hd_reader *r, hd_span *item)
{
    int32_t n = hd_read_i32(r);
    if (n < 0) {
        if (n != -1)
            hd_scan_fail(r);
        return false;
    }
    *item = hd_read_span(r, (size_t)n);
    return true;
}

#endif
