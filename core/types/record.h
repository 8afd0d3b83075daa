/* Composite types and anonymous records: the frame around the fields, in both formats (PostgreSQL documentation, 8.16;
 * record_out() and record_send()). What a field means is the caller's business. */
#ifndef HD_RECORD_H
#define HD_RECORD_H

#include "bytes/reader.h"
#include "bytes/writer.h"

/* ---- binary: how many fields, then each with its type and its length */

/* Leaves r at the first field. HD_EDATA: more fields than the bytes left could hold. */
HD_MUSTCHECK hd_rc hd_record_read_count(hd_reader *r, uint32_t *count);

/* The next field; false where it is NULL. A failure shows in r->bad. */
bool hd_record_read_field(hd_reader *r, uint32_t *oid, hd_span *field);

/* ---- text: (1,,"a ""quoted"" one"). A record without fields is written as one with a NULL: (). */
typedef enum hd_record_token {
    HD_RECORD_FIELD,
    HD_RECORD_NULL,
    HD_RECORD_END,
    HD_RECORD_BAD,
} hd_record_token;

typedef struct hd_record_scanner {
    hd_reader r;
    hd_writer unquoted; /* the last field that had quotes or escapes inside */
    bool started;
} hd_record_scanner;

hd_record_scanner hd_record_scanner_of(hd_span src, const hd_alloc *alloc);
void hd_record_scanner_fini(hd_record_scanner *s);

/* *field lives until the next call. BAD: malformed, or there was no memory, and unquoted.rc tells. */
hd_record_token hd_record_next(hd_record_scanner *s, hd_span *field);

#endif
