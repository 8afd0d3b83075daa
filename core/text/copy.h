/* The rows of COPY (PostgreSQL documentation, COPY: "Text Format", "Binary Format").
 *
 * In text, fields end at a tab and rows at a newline; a backslash escapes both, itself, and names NULL as \N. */
#ifndef HD_COPY_H
#define HD_COPY_H

#include "bytes/reader.h"
#include "bytes/writer.h"

/* Where a byte that looks like a backslash may be the second one of another character. No server has such an encoding,
 * but clients may; neither side escapes within a character. */
typedef enum hd_copy_encoding {
    HD_COPY_SAFE,       /* bytes of characters are all >= 0x80, or ASCII */
    HD_COPY_SHIFT_JIS,  /* lead bytes 0x81-0x9f and 0xe0-0xfc */
    HD_COPY_DOUBLE_BYTE /* lead bytes from 0x81 on: Big5, GBK, GB18030, Johab, UHC */
} hd_copy_encoding;

/* By Python's name of the codec. */
hd_copy_encoding hd_copy_encoding_of(const char *codec);

/* ---- text: writing */

/* Escapes what was written since `at`: a value, without the tab before it. */
void hd_copy_escape(hd_writer *w, size_t at, hd_copy_encoding encoding);

/* ---- text: reading */

typedef struct hd_copy_fields {
    hd_span rest;
    hd_copy_encoding encoding;
    bool ended; /* the last field was given */
} hd_copy_fields;

/* The fields of a row, as one CopyData message brings it. HD_EDATA: no newline at its end. */
HD_MUSTCHECK hd_rc hd_copy_fields_of(hd_copy_fields *fields, hd_span row, hd_copy_encoding encoding);

/* The next field: in the row itself, or in `scratch` (emptied first) where something was escaped; p is NULL for a NULL.
 * HD_MORE: there is none. HD_EDATA: an escape that doesn't end, or a newline in the middle. HD_ENOMEM. */
HD_MUSTCHECK hd_rc hd_copy_fields_next(hd_copy_fields *fields, hd_writer *scratch, hd_span *field);

/* ---- binary. Values are as in Bind and DataRow: behind a length word, which is -1 for NULL. */

enum { HD_COPY_TRAILER = 0xffff }; /* stands where a row has its number of fields */

/* Signature, flags and an empty extension. */
void hd_copy_write_header(hd_writer *w);

/* HD_EDATA: another signature, or flags that change how the rows read. */
HD_MUSTCHECK hd_rc hd_copy_read_header(hd_reader *r);

#endif
