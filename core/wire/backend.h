/* What the server sends: one struct and one decoder per message with a body.
 *
 * A decoder reads the whole body and returns HD_OK, or HD_EPROTO when the body is not exactly such a message. Spans
 * point into the body. Repeated parts are checked by the decoder, so that iterating over them cannot fail. */
#ifndef HD_BACKEND_H
#define HD_BACKEND_H

#include "bytes/reader.h"
#include "wire/message.h"

/* Authentication*. A code that is not listed is handed on, to be refused by name. */
typedef enum hd_auth {
    HD_AUTH_OK = 0,
    HD_AUTH_CLEARTEXT = 3,
    HD_AUTH_MD5 = 5,
    HD_AUTH_GSS = 7,
    HD_AUTH_SSPI = 9,
    HD_AUTH_SASL = 10,
} hd_auth;

typedef struct hd_authentication {
    uint32_t code;
    hd_span rest; /* MD5: 4 bytes of salt; SASL: C strings, the last one empty; else what the method sends */
} hd_authentication;
HD_MUSTCHECK hd_rc hd_decode_authentication(hd_authentication *dst, hd_span src);

typedef struct hd_backend_key_data {
    uint32_t pid;
    hd_span key; /* 4 to 256 bytes */
} hd_backend_key_data;
HD_MUSTCHECK hd_rc hd_decode_backend_key_data(hd_backend_key_data *dst, hd_span src);

typedef struct hd_command_complete {
    hd_span tag;
} hd_command_complete;
HD_MUSTCHECK hd_rc hd_decode_command_complete(hd_command_complete *dst, hd_span src);

/* The row count of a command tag, -1 for commands that have none: the rules of libpq's PQcmdTuples(). */
int64_t hd_command_tag_rows(hd_span tag);

/* CopyInResponse, CopyOutResponse and CopyBothResponse. */
typedef struct hd_copy_response {
    uint8_t format;
    uint16_t count;
    hd_reader formats; /* count uint16, each an hd_format */
} hd_copy_response;
HD_MUSTCHECK hd_rc hd_decode_copy_response(hd_copy_response *dst, hd_span src);

/* Every length is -1 (NULL) or within the body, and nothing follows the last value. */
typedef struct hd_data_row {
    uint16_t count;
    hd_reader values;
} hd_data_row;
HD_MUSTCHECK hd_rc hd_decode_data_row(hd_data_row *dst, hd_span src);

/* The next value of a row; false for NULL. A length that is neither -1 nor within the row reads as NULL and makes the
 * reader bad, which the caller judges at the end of the row. */
static inline bool
hd_row_next(hd_reader *values, hd_span *value)
{
    uint32_t n = hd_read_u32(values);
    if (n == UINT32_MAX)
        return false;
    *value = hd_read_span(values, n); /* other negative lengths are larger than any row */
    return !values->bad;
}

/* ErrorResponse and NoticeResponse: the fields of table 54.8; p is NULL for those not sent. Unknown ones are skipped. */
enum { HD_DIAG_FIELDS = 18 };
extern const char hd_diag_letters[HD_DIAG_FIELDS + 1];
typedef struct hd_diagnostics {
    hd_span field[HD_DIAG_FIELDS]; /* in the order of hd_diag_letters */
} hd_diagnostics;
HD_MUSTCHECK hd_rc hd_decode_diagnostics(hd_diagnostics *dst, hd_span src);

typedef struct hd_function_call_response {
    bool null;
    hd_span value;
} hd_function_call_response;
HD_MUSTCHECK hd_rc hd_decode_function_call_response(hd_function_call_response *dst, hd_span src);

typedef struct hd_negotiate_protocol_version {
    uint32_t newest_minor; /* as a whole version number, 3.0 being 196608 */
    uint32_t count;
    hd_reader options; /* count C strings: names the server didn't know */
} hd_negotiate_protocol_version;
HD_MUSTCHECK hd_rc hd_decode_negotiate_protocol_version(hd_negotiate_protocol_version *dst, hd_span src);

typedef struct hd_notification_response {
    uint32_t pid;
    hd_span channel;
    hd_span payload;
} hd_notification_response;
HD_MUSTCHECK hd_rc hd_decode_notification_response(hd_notification_response *dst, hd_span src);

typedef struct hd_parameter_description {
    uint16_t count;
    hd_reader oids; /* count uint32 */
} hd_parameter_description;
HD_MUSTCHECK hd_rc hd_decode_parameter_description(hd_parameter_description *dst, hd_span src);

typedef struct hd_parameter_status {
    hd_span name;
    hd_span value;
} hd_parameter_status;
HD_MUSTCHECK hd_rc hd_decode_parameter_status(hd_parameter_status *dst, hd_span src);

typedef struct hd_ready_for_query {
    uint8_t status; /* 'I' idle, 'T' in a transaction, 'E' in a failed one */
} hd_ready_for_query;
HD_MUSTCHECK hd_rc hd_decode_ready_for_query(hd_ready_for_query *dst, hd_span src);

typedef struct hd_field {
    hd_span name;
    uint32_t table_oid;
    int16_t attnum;
    uint32_t type_oid;
    int16_t typlen;
    int32_t typmod;
    uint16_t format;
} hd_field;

typedef struct hd_row_description {
    uint16_t count;
    hd_reader fields;
} hd_row_description;
HD_MUSTCHECK hd_rc hd_decode_row_description(hd_row_description *dst, hd_span src);
/* False after the last one. */
bool hd_row_description_next(hd_row_description *src, hd_field *dst);

/* The messages that have no body: ParseComplete, BindComplete, NoData, ... */
HD_MUSTCHECK hd_rc hd_decode_empty(hd_span src);

#endif
