/* What the client sends: one writer per message. Errors are the writer's: sticky in `rc`. */
#ifndef HD_FRONTEND_H
#define HD_FRONTEND_H

#include "bytes/writer.h"
#include "wire/message.h"

/* ---- before and during start-up */

/* `pairs`: names and values in turn. An empty name would end the list early: HD_EINVAL. */
void hd_write_startup(hd_writer *dst, uint32_t protocol, const hd_span *pairs, size_t n_pairs);
void hd_write_ssl_request(hd_writer *dst);
void hd_write_gssenc_request(hd_writer *dst);
void hd_write_cancel_request(hd_writer *dst, uint32_t pid, hd_span key);
void hd_write_password(hd_writer *dst, hd_span password);
/* data.p == NULL: no initial response, which is not an empty one. */
void hd_write_sasl_initial(hd_writer *dst, hd_span mechanism, hd_span data);
void hd_write_sasl_response(hd_writer *dst, hd_span data); /* GSSResponse has the same shape */

/* ---- queries */

void hd_write_query(hd_writer *dst, hd_span sql);
void hd_write_parse(hd_writer *dst, hd_span name, hd_span sql, const uint32_t *oids, size_t n);
/* `values`: n_params values, each behind its length word. HD_EINVAL: a count that 16 bits don't hold. */
void hd_write_bind(hd_writer *dst, hd_span portal, hd_span statement, const uint16_t *param_formats, size_t n_params,
                   hd_span values, const uint16_t *result_formats, size_t n_results);
/* `kind`: 'S' a statement, 'P' a portal. */
void hd_write_describe(hd_writer *dst, uint8_t kind, hd_span name);
void hd_write_close(hd_writer *dst, uint8_t kind, hd_span name);
void hd_write_execute(hd_writer *dst, hd_span portal, uint32_t max_rows);
void hd_write_flush(hd_writer *dst);
void hd_write_sync(hd_writer *dst);
void hd_write_terminate(hd_writer *dst);
void hd_write_function_call(hd_writer *dst, uint32_t oid, const uint16_t *formats, size_t n_args, hd_span values,
                            uint16_t result_format);

/* ---- COPY */

void hd_write_copy_data(hd_writer *dst, hd_span data);
void hd_write_copy_done(hd_writer *dst);
void hd_write_copy_fail(hd_writer *dst, hd_span reason);

#endif
