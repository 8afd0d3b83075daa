/* hstore: pairs of strings, the second of which may be NULL (PostgreSQL documentation, F.17 "hstore"; hstore_out() and
 * hstore_send() of contrib/hstore). */
#ifndef HD_HSTORE_H
#define HD_HSTORE_H

#include "bytes/reader.h"
#include "bytes/writer.h"

typedef struct hd_hstore_pair {
    hd_span key;
    hd_span value;
    bool is_null; /* the value */
} hd_hstore_pair;

/* ---- text: "a"=>"1", "b \"quoted\""=>NULL, in an encoding whose other characters contain no ASCII */
typedef struct hd_hstore_scanner {
    hd_reader r;
    hd_writer unquoted; /* what of the last pair had escapes */
    bool started;
} hd_hstore_scanner;

hd_hstore_scanner hd_hstore_scanner_of(hd_span src, const hd_alloc *alloc);
void hd_hstore_scanner_fini(hd_hstore_scanner *s);

/* False at the end, which is a good one if hd_hstore_scanned(). The pair lives until the next call. */
bool hd_hstore_next(hd_hstore_scanner *s, hd_hstore_pair *pair);

/* HD_EDATA: not an hstore; HD_ENOMEM. */
HD_MUSTCHECK hd_rc hd_hstore_scanned(const hd_hstore_scanner *s);

/* As hstore_in() reads it; the first pair has no comma before it. */
void hd_hstore_write_text(hd_writer *w, const hd_hstore_pair *pair, bool first);

/* ---- binary: how many pairs, then every key and value with its length */

/* HD_EDATA: more pairs than the bytes left could hold. */
HD_MUSTCHECK hd_rc hd_hstore_read_count(hd_reader *r, uint32_t *count);

/* A failure shows in r->bad. */
void hd_hstore_read_pair(hd_reader *r, hd_hstore_pair *pair);

#endif
