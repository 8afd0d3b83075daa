#include "wire/frontend.h"

/* The codes that stand where a protocol version would. */
enum { CANCEL_REQUEST = 80877102, SSL_REQUEST = 80877103, GSSENC_REQUEST = 80877104 };

static void
write_code(hd_writer *dst, uint32_t code)
{
    size_t at = hd_write_begin(dst, 0);
    hd_write_u32(dst, code);
    hd_write_end(dst, at);
}

static void
write_empty(hd_writer *dst, uint8_t type)
{
    hd_write_end(dst, hd_write_begin(dst, type));
}

/* A message that is nothing but bytes. */
static void
write_blob(hd_writer *dst, uint8_t type, hd_span data)
{
    size_t at = hd_write_begin(dst, type);
    hd_write_span(dst, data);
    hd_write_end(dst, at);
}

static void
write_string(hd_writer *dst, uint8_t type, hd_span text)
{
    size_t at = hd_write_begin(dst, type);
    hd_write_cstr(dst, text);
    hd_write_end(dst, at);
}

static void
write_count(hd_writer *dst, size_t n)
{
    if (n > UINT16_MAX && dst->rc == HD_OK)
        dst->rc = HD_EINVAL;
    hd_write_u16(dst, (uint16_t)n);
}

static void
write_formats(hd_writer *dst, const uint16_t *formats, size_t n)
{
    write_count(dst, n);
    for (size_t i = 0; i < n; i++)
        hd_write_u16(dst, formats[i]);
}

/* One code speaks for all; none means text. */
static void
write_param_formats(hd_writer *dst, const uint16_t *formats, size_t n)
{
    bool alike = true;
    for (size_t i = 1; i < n && alike; i++)
        alike = formats[i] == formats[0];
    if (!alike)
        write_formats(dst, formats, n);
    else
        write_formats(dst, formats, n != 0 && formats[0] != HD_TEXT ? 1 : 0);
}

void
hd_write_startup(hd_writer *dst, uint32_t protocol, const hd_span *pairs, size_t n_pairs)
{
    size_t at = hd_write_begin(dst, 0);
    hd_write_u32(dst, protocol);
    for (size_t i = 0; i < 2 * n_pairs; i++) {
        if (i % 2 == 0 && pairs[i].n == 0 && dst->rc == HD_OK)
            dst->rc = HD_EINVAL;
        hd_write_cstr(dst, pairs[i]);
    }
    hd_write_u8(dst, 0);
    hd_write_end(dst, at);
}

void
hd_write_ssl_request(hd_writer *dst)
{
    write_code(dst, SSL_REQUEST);
}

void
hd_write_gssenc_request(hd_writer *dst)
{
    write_code(dst, GSSENC_REQUEST);
}

void
hd_write_cancel_request(hd_writer *dst, uint32_t pid, hd_span key)
{
    size_t at = hd_write_begin(dst, 0);
    hd_write_u32(dst, CANCEL_REQUEST);
    hd_write_u32(dst, pid);
    hd_write_span(dst, key);
    hd_write_end(dst, at);
}

void
hd_write_password(hd_writer *dst, hd_span password)
{
    write_string(dst, HD_FE_PASSWORD, password);
}

void
hd_write_sasl_initial(hd_writer *dst, hd_span mechanism, hd_span data)
{
    size_t at = hd_write_begin(dst, HD_FE_PASSWORD);
    hd_write_cstr(dst, mechanism);
    if (data.p == NULL)
        hd_write_null(dst);
    else {
        size_t value = hd_write_value_begin(dst);
        hd_write_span(dst, data);
        hd_write_value_end(dst, value);
    }
    hd_write_end(dst, at);
}

void
hd_write_sasl_response(hd_writer *dst, hd_span data)
{
    write_blob(dst, HD_FE_PASSWORD, data);
}

void
hd_write_query(hd_writer *dst, hd_span sql)
{
    write_string(dst, HD_FE_QUERY, sql);
}

void
hd_write_parse(hd_writer *dst, hd_span name, hd_span sql, const uint32_t *oids, size_t n)
{
    size_t at = hd_write_begin(dst, HD_FE_PARSE);
    hd_write_cstr(dst, name);
    hd_write_cstr(dst, sql);
    write_count(dst, n);
    for (size_t i = 0; i < n; i++)
        hd_write_u32(dst, oids[i]);
    hd_write_end(dst, at);
}

void
hd_write_bind(hd_writer *dst, hd_span portal, hd_span statement, const uint16_t *param_formats, size_t n_params,
              hd_span values, const uint16_t *result_formats, size_t n_results)
{
    size_t at = hd_write_begin(dst, HD_FE_BIND);
    hd_write_cstr(dst, portal);
    hd_write_cstr(dst, statement);
    write_param_formats(dst, param_formats, n_params);
    write_count(dst, n_params);
    hd_write_span(dst, values);
    write_formats(dst, result_formats, n_results);
    hd_write_end(dst, at);
}

static void
write_target(hd_writer *dst, uint8_t type, uint8_t kind, hd_span name)
{
    size_t at = hd_write_begin(dst, type);
    hd_write_u8(dst, kind);
    hd_write_cstr(dst, name);
    hd_write_end(dst, at);
}

void
hd_write_describe(hd_writer *dst, uint8_t kind, hd_span name)
{
    write_target(dst, HD_FE_DESCRIBE, kind, name);
}

void
hd_write_close(hd_writer *dst, uint8_t kind, hd_span name)
{
    write_target(dst, HD_FE_CLOSE, kind, name);
}

void
hd_write_execute(hd_writer *dst, hd_span portal, uint32_t max_rows)
{
    size_t at = hd_write_begin(dst, HD_FE_EXECUTE);
    hd_write_cstr(dst, portal);
    hd_write_u32(dst, max_rows);
    hd_write_end(dst, at);
}

void
hd_write_flush(hd_writer *dst)
{
    write_empty(dst, HD_FE_FLUSH);
}

void
hd_write_sync(hd_writer *dst)
{
    write_empty(dst, HD_FE_SYNC);
}

void
hd_write_terminate(hd_writer *dst)
{
    write_empty(dst, HD_FE_TERMINATE);
}

void
hd_write_function_call(hd_writer *dst, uint32_t oid, const uint16_t *formats, size_t n_args, hd_span values,
                       uint16_t result_format)
{
    size_t at = hd_write_begin(dst, HD_FE_FUNCTION_CALL);
    hd_write_u32(dst, oid);
    write_param_formats(dst, formats, n_args);
    write_count(dst, n_args);
    hd_write_span(dst, values);
    hd_write_u16(dst, result_format);
    hd_write_end(dst, at);
}

void
hd_write_copy_data(hd_writer *dst, hd_span data)
{
    write_blob(dst, HD_FE_COPY_DATA, data);
}

void
hd_write_copy_done(hd_writer *dst)
{
    write_empty(dst, HD_FE_COPY_DONE);
}

void
hd_write_copy_fail(hd_writer *dst, hd_span reason)
{
    write_string(dst, HD_FE_COPY_FAIL, reason);
}
