#include "result/result.h"

enum { SMALL_RESULT = 16 * 1024 };

void
hd_result_init(hd_result *r, const hd_alloc *alloc, uint16_t n_columns)
{
    *r = (hd_result){.alloc = alloc, .n_columns = n_columns, .row_capacity = HD_RESULT_INLINE_ROWS};
}

void
hd_result_fini(hd_result *r)
{
    for (size_t i = 0; i < r->n_chunks; i++)
        hd_chunk_unref(r->chunks[i]);
    hd_release(r->alloc, r->chunks);
    hd_release(r->alloc, r->copy);
    if (r->rows != r->few)
        hd_release(r->alloc, r->rows);
    hd_result_init(r, r->alloc, r->n_columns);
}

static hd_rc
hold_chunk(hd_result *r, hd_chunk *chunk)
{
    if (r->n_chunks != 0 && r->chunks[r->n_chunks - 1] == chunk)
        return HD_OK;
    if (r->n_chunks == r->chunk_capacity) {
        size_t capacity = r->chunk_capacity ? r->chunk_capacity * 2 : 4;
        hd_chunk **chunks = hd_resize(r->alloc, r->chunks, capacity * sizeof(*chunks));
        if (chunks == NULL)
            return HD_ENOMEM;
        r->chunks = chunks;
        r->chunk_capacity = capacity;
    }
    r->chunks[r->n_chunks++] = hd_chunk_ref(chunk);
    return HD_OK;
}

static hd_rc
grow_rows(hd_result *r)
{
    bool was_inline = r->rows == NULL || r->rows == r->few;
    size_t capacity = r->row_capacity * 4;
    const uint8_t **rows = hd_resize(r->alloc, was_inline ? NULL : r->rows, capacity * sizeof(*rows));
    if (rows == NULL)
        return HD_ENOMEM;
    if (was_inline)
        memcpy(rows, r->few, sizeof(r->few));
    r->rows = rows;
    r->row_capacity = capacity;
    return HD_OK;
}

hd_rc
hd_result_add(hd_result *r, hd_chunk *chunk, hd_span body)
{
    uint16_t n_columns;
    if (body.n < 2)
        return HD_EPROTO;
    memcpy(&n_columns, body.p, 2);
    if (hd_be16(n_columns) != r->n_columns)
        return HD_EPROTO;
    if (r->rows == NULL)
        r->rows = r->few;
    if (r->n_rows == r->row_capacity && grow_rows(r) != HD_OK)
        return HD_ENOMEM;
    hd_rc rc = hold_chunk(r, chunk);
    if (rc != HD_OK)
        return rc;
    r->rows[r->n_rows++] = body.p - 4;
    r->bytes += body.n + 4;
    return HD_OK;
}

hd_rc
hd_result_seal(hd_result *r)
{
    if (r->n_rows == 0 || r->bytes > SMALL_RESULT || r->copy != NULL)
        return HD_OK;
    uint8_t *to = r->copy = hd_resize(r->alloc, NULL, r->bytes);
    if (to == NULL)
        return HD_ENOMEM;
    for (size_t i = 0; i < r->n_rows; i++) {
        uint32_t length;
        memcpy(&length, r->rows[i], 4);
        memcpy(to, r->rows[i], hd_be32(length));
        r->rows[i] = to;
        to += hd_be32(length);
    }
    for (size_t i = 0; i < r->n_chunks; i++)
        hd_chunk_unref(r->chunks[i]);
    r->n_chunks = 0;
    return HD_OK;
}
