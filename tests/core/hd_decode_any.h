/* Decodes the body of any backend message by its type, and walks over its repeated parts as a caller would. Who
 * includes this defines CHECK(condition) first: it is told what must hold whatever the bytes are. */
#ifndef HD_DECODE_ANY_H
#define HD_DECODE_ANY_H

#include "wire/backend.h"

/* Whether a span handed out lies within the message. */
static inline bool
is_within(hd_span part, hd_span body)
{
    return part.p >= body.p && part.n <= body.n && (size_t)(part.p - body.p) <= body.n - part.n;
}

static inline hd_rc
decode_authentication(hd_span body)
{
    hd_authentication m;
    return hd_decode_authentication(&m, body);
}

static inline hd_rc
decode_backend_key_data(hd_span body)
{
    hd_backend_key_data m;
    hd_rc rc = hd_decode_backend_key_data(&m, body);
    CHECK(rc != HD_OK || (m.key.n >= 4 && m.key.n <= 256));
    return rc;
}

static inline hd_rc
decode_command_complete(hd_span body)
{
    hd_command_complete m;
    hd_rc rc = hd_decode_command_complete(&m, body);
    if (rc == HD_OK)
        CHECK(hd_command_tag_rows(m.tag) >= -1);
    return rc;
}

static inline hd_rc
decode_copy_response(hd_span body)
{
    hd_copy_response m;
    hd_rc rc = hd_decode_copy_response(&m, body);
    if (rc != HD_OK)
        return rc;
    for (size_t i = 0; i < m.count; i++)
        CHECK(hd_read_u16(&m.formats) <= HD_BINARY);
    CHECK(hd_reader_done(&m.formats));
    return rc;
}

static inline hd_rc
decode_data_row(hd_span body)
{
    hd_data_row m;
    hd_span value;
    hd_rc rc = hd_decode_data_row(&m, body);
    if (rc != HD_OK)
        return rc;
    for (size_t i = 0; i < m.count; i++) {
        if (hd_row_next(&m.values, &value))
            CHECK(is_within(value, body));
    }
    CHECK(hd_reader_done(&m.values));
    return rc;
}

static inline hd_rc
decode_diagnostics(hd_span body)
{
    hd_diagnostics m;
    hd_rc rc = hd_decode_diagnostics(&m, body);
    for (size_t i = 0; rc == HD_OK && i < HD_DIAG_FIELDS; i++)
        CHECK(m.field[i].p == NULL || is_within(m.field[i], body));
    return rc;
}

static inline hd_rc
decode_function_call_response(hd_span body)
{
    hd_function_call_response m;
    return hd_decode_function_call_response(&m, body);
}

static inline hd_rc
decode_negotiate_protocol_version(hd_span body)
{
    hd_negotiate_protocol_version m;
    hd_rc rc = hd_decode_negotiate_protocol_version(&m, body);
    if (rc != HD_OK)
        return rc;
    for (uint32_t i = 0; i < m.count; i++)
        CHECK(hd_read_cstr(&m.options).p != NULL);
    CHECK(hd_reader_done(&m.options));
    return rc;
}

static inline hd_rc
decode_notification_response(hd_span body)
{
    hd_notification_response m;
    return hd_decode_notification_response(&m, body);
}

static inline hd_rc
decode_parameter_description(hd_span body)
{
    hd_parameter_description m;
    hd_rc rc = hd_decode_parameter_description(&m, body);
    if (rc != HD_OK)
        return rc;
    for (size_t i = 0; i < m.count; i++)
        hd_read_u32(&m.oids);
    CHECK(hd_reader_done(&m.oids));
    return rc;
}

static inline hd_rc
decode_parameter_status(hd_span body)
{
    hd_parameter_status m;
    return hd_decode_parameter_status(&m, body);
}

static inline hd_rc
decode_ready_for_query(hd_span body)
{
    hd_ready_for_query m;
    return hd_decode_ready_for_query(&m, body);
}

static inline hd_rc
decode_row_description(hd_span body)
{
    hd_row_description m;
    hd_field field;
    size_t seen = 0;
    hd_rc rc = hd_decode_row_description(&m, body);
    if (rc != HD_OK)
        return rc;
    while (hd_row_description_next(&m, &field)) {
        CHECK(is_within(field.name, body));
        seen++;
    }
    CHECK(seen == m.count);
    CHECK(!m.fields.bad);
    return rc;
}

/* HD_EINVAL: no message has such a type. */
static inline hd_rc
hd_decode_any(uint8_t type, hd_span body)
{
    switch (type) {
    case HD_BE_AUTHENTICATION:
        return decode_authentication(body);
    case HD_BE_BACKEND_KEY_DATA:
        return decode_backend_key_data(body);
    case HD_BE_COMMAND_COMPLETE:
        return decode_command_complete(body);
    case HD_BE_COPY_BOTH_RESPONSE:
    case HD_BE_COPY_IN_RESPONSE:
    case HD_BE_COPY_OUT_RESPONSE:
        return decode_copy_response(body);
    case HD_BE_COPY_DATA:
        return HD_OK;
    case HD_BE_DATA_ROW:
        return decode_data_row(body);
    case HD_BE_ERROR_RESPONSE:
    case HD_BE_NOTICE_RESPONSE:
        return decode_diagnostics(body);
    case HD_BE_BIND_COMPLETE:
    case HD_BE_CLOSE_COMPLETE:
    case HD_BE_COPY_DONE:
    case HD_BE_EMPTY_QUERY_RESPONSE:
    case HD_BE_NO_DATA:
    case HD_BE_PARSE_COMPLETE:
    case HD_BE_PORTAL_SUSPENDED:
        return hd_decode_empty(body);
    case HD_BE_FUNCTION_CALL_RESPONSE:
        return decode_function_call_response(body);
    case HD_BE_NEGOTIATE_PROTOCOL_VERSION:
        return decode_negotiate_protocol_version(body);
    case HD_BE_NOTIFICATION_RESPONSE:
        return decode_notification_response(body);
    case HD_BE_PARAMETER_DESCRIPTION:
        return decode_parameter_description(body);
    case HD_BE_PARAMETER_STATUS:
        return decode_parameter_status(body);
    case HD_BE_READY_FOR_QUERY:
        return decode_ready_for_query(body);
    case HD_BE_ROW_DESCRIPTION:
        return decode_row_description(body);
    default:
        return HD_EINVAL;
    }
}

#endif
