/* Arrays: the frame around the elements, in both formats (PostgreSQL documentation, 8.15 "Arrays"; array_send() for the
 * binary one). What an element means is the caller's business. */
#ifndef HD_ARRAY_H
#define HD_ARRAY_H

#include "bytes/reader.h"
#include "bytes/writer.h"

enum { HD_ARRAY_MAX_DIMS = 6 }; /* the server's MAXDIM */

/* ---- binary: a header, then every element with its length, the last dimension running fastest */
typedef struct hd_array_header {
    int ndim; /* 0: an empty array */
    uint32_t item_oid;
    uint32_t dims[HD_ARRAY_MAX_DIMS];
} hd_array_header;

/* Leaves r at the first element. HD_EDATA: malformed, or more elements than the bytes left could hold. An array with an
 * empty dimension gets ndim 0. */
HD_MUSTCHECK hd_rc hd_array_read_header(hd_reader *r, hd_array_header *h);

/* The next element; false where it is NULL. A failure shows in r->bad. */
bool hd_array_read_item(hd_reader *r, hd_span *item);

/* Every lower bound is 1. */
void hd_array_write_header(hd_writer *w, const hd_array_header *h, bool has_null);

/* ---- text: {1,NULL,"a \"quoted\" one"}, after dimensions such as [0:1][2:3]= where a lower bound is not 1 */
typedef enum hd_array_token {
    HD_ARRAY_OPEN,
    HD_ARRAY_CLOSE,
    HD_ARRAY_ITEM,
    HD_ARRAY_NULL,
    HD_ARRAY_END,
    HD_ARRAY_BAD,
} hd_array_token;

typedef struct hd_array_scanner {
    hd_reader r;
    hd_writer unquoted; /* the last element that had escapes */
    char delimiter;
    int depth;     /* braces open */
    bool complete; /* an element or a closed brace came last: a delimiter or a brace must follow */
} hd_array_scanner;

/* Skips the dimensions. */
hd_array_scanner hd_array_scanner_of(hd_span src, char delimiter, const hd_alloc *alloc);
void hd_array_scanner_fini(hd_array_scanner *s);

/* *item lives until the next call. Braces balance and nest at most HD_ARRAY_MAX_DIMS deep, or the token is BAD; so it
 * is where there was no memory, and unquoted.rc tells. */
hd_array_token hd_array_next(hd_array_scanner *s, hd_span *item);

/* An element as array_in() reads it back: quoted and escaped where it must be. */
void hd_array_write_item(hd_writer *w, hd_span item, char delimiter);

#endif
