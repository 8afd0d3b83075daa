/* The rows of one result, kept as they came: the receive chunks and where each row begins in them. Values are decoded
 * when they are fetched. A small result is copied to its exact size, so that one row never pins a chunk. */
#ifndef HD_RESULT_H
#define HD_RESULT_H

#include "bytes/chunk.h"
#include "bytes/reader.h"

enum { HD_RESULT_INLINE_ROWS = 4 };

typedef struct hd_result {
    const uint8_t **rows; /* each points at a row's length word, which counts itself; the body follows */
    size_t n_rows;
    size_t row_capacity;
    hd_chunk **chunks; /* references, in order of arrival; none for a small result */
    size_t n_chunks;
    size_t chunk_capacity;
    uint8_t *copy; /* the bytes of a small result, owned */
    size_t bytes;  /* of all rows with their length words */
    uint16_t n_columns;
    const uint8_t *few[HD_RESULT_INLINE_ROWS]; /* `rows` of a result that has no more */
    const hd_alloc *alloc;
} hd_result;

/* Zeroed memory is a valid empty result once these are set. */
void hd_result_init(hd_result *r, const hd_alloc *alloc, uint16_t n_columns);
void hd_result_fini(hd_result *r);

/* A DataRow's body, which lies in `chunk` behind its length word. HD_EPROTO: not as many columns as described. */
HD_MUSTCHECK hd_rc hd_result_add(hd_result *r, hd_chunk *chunk, hd_span body);

/* No more rows will come: a small result lets go of the chunks. */
HD_MUSTCHECK hd_rc hd_result_seal(hd_result *r);

/* The body of a row behind its column count: n_columns values, each a length word and its bytes. */
static inline hd_reader
hd_result_row(const hd_result *r, size_t i)
{
    uint32_t length;
    memcpy(&length, r->rows[i], 4);
    return (hd_reader){r->rows[i] + 6, hd_be32(length) - 6, false};
}

#endif
