#include "wire/backend.h"

enum { KEY_MIN = 4, KEY_MAX = 256, MD5_SALT = 4 };

static hd_rc
judge(const hd_reader *r)
{
    return hd_reader_done(r) ? HD_OK : HD_EPROTO;
}

/* A list of names ended by an empty one, with nothing behind. */
static hd_rc
check_mechanisms(hd_span list)
{
    hd_reader r = hd_reader_of(list);
    while (hd_read_cstr(&r).n != 0)
        ;
    return judge(&r);
}

hd_rc
hd_decode_authentication(hd_authentication *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    dst->code = hd_read_u32(&r);
    dst->rest = hd_read_rest(&r);
    if (r.bad)
        return HD_EPROTO;
    switch (dst->code) {
    case HD_AUTH_OK:
    case HD_AUTH_CLEARTEXT:
    case HD_AUTH_GSS:
    case HD_AUTH_SSPI:
        return dst->rest.n == 0 ? HD_OK : HD_EPROTO;
    case HD_AUTH_MD5:
        return dst->rest.n == MD5_SALT ? HD_OK : HD_EPROTO;
    case HD_AUTH_SASL:
        return check_mechanisms(dst->rest);
    default:
        return HD_OK;
    }
}

hd_rc
hd_decode_backend_key_data(hd_backend_key_data *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    dst->pid = hd_read_u32(&r);
    dst->key = hd_read_rest(&r);
    if (dst->key.n < KEY_MIN || dst->key.n > KEY_MAX)
        return HD_EPROTO;
    return judge(&r);
}

hd_rc
hd_decode_command_complete(hd_command_complete *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    dst->tag = hd_read_cstr(&r);
    return judge(&r);
}

int64_t
hd_command_tag_rows(hd_span tag)
{
    static const char counting[][8] = {"SELECT ", "INSERT ", "UPDATE ", "DELETE ",
                                       "MERGE ",  "FETCH ",  "MOVE ",   "COPY "};
    const uint8_t *p = NULL, *end = tag.p + tag.n;

    for (size_t i = 0; p == NULL && i < sizeof(counting) / sizeof(counting[0]); i++) {
        size_t n = strlen(counting[i]);
        if (tag.n > n && memcmp(tag.p, counting[i], n) == 0)
            p = tag.p + n;
    }
    if (p != NULL && tag.p[0] == 'I') { /* "INSERT oid rows" */
        p = memchr(p, ' ', (size_t)(end - p));
        p = p ? p + 1 : NULL;
    }
    if (p == NULL || p == end)
        return -1;
    int64_t rows = 0;
    for (; p < end; p++) {
        if (*p < '0' || *p > '9' || rows > (INT64_MAX - 9) / 10)
            return -1;
        rows = rows * 10 + (*p - '0');
    }
    return rows;
}

hd_rc
hd_decode_copy_response(hd_copy_response *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    dst->format = hd_read_u8(&r);
    dst->count = hd_read_u16(&r);
    dst->formats = r;
    if (dst->format > HD_BINARY)
        return HD_EPROTO;
    for (uint16_t i = 0; i < dst->count && !r.bad; i++) {
        if (hd_read_u16(&r) > HD_BINARY)
            return HD_EPROTO;
    }
    return judge(&r);
}

hd_rc
hd_decode_data_row(hd_data_row *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    hd_span value;
    dst->count = hd_read_u16(&r);
    dst->values = r;
    for (uint16_t i = 0; i < dst->count && !r.bad; i++)
        hd_row_next(&r, &value);
    return judge(&r);
}

const char hd_diag_letters[HD_DIAG_FIELDS + 1] = "SVCMDHPpqWstcdnFLR";

hd_rc
hd_decode_diagnostics(hd_diagnostics *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    *dst = (hd_diagnostics){0};
    for (uint8_t code = hd_read_u8(&r); code != 0; code = hd_read_u8(&r)) {
        hd_span value = hd_read_cstr(&r);
        const char *at = strchr(hd_diag_letters, code);
        if (at != NULL && !r.bad)
            dst->field[at - hd_diag_letters] = value;
    }
    return judge(&r);
}

hd_rc
hd_decode_function_call_response(hd_function_call_response *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    dst->null = !hd_row_next(&r, &dst->value);
    return judge(&r);
}

hd_rc
hd_decode_negotiate_protocol_version(hd_negotiate_protocol_version *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    dst->newest_minor = hd_read_u32(&r);
    dst->count = hd_read_u32(&r);
    dst->options = r;
    for (uint32_t i = 0; i < dst->count && !r.bad; i++)
        hd_read_cstr(&r);
    return judge(&r);
}

hd_rc
hd_decode_notification_response(hd_notification_response *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    dst->pid = hd_read_u32(&r);
    dst->channel = hd_read_cstr(&r);
    dst->payload = hd_read_cstr(&r);
    return judge(&r);
}

hd_rc
hd_decode_parameter_description(hd_parameter_description *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    dst->count = hd_read_u16(&r);
    dst->oids = hd_reader_of(hd_read_span(&r, (size_t)dst->count * 4));
    return judge(&r);
}

hd_rc
hd_decode_parameter_status(hd_parameter_status *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    dst->name = hd_read_cstr(&r);
    dst->value = hd_read_cstr(&r);
    return judge(&r);
}

hd_rc
hd_decode_ready_for_query(hd_ready_for_query *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    dst->status = hd_read_u8(&r);
    if (dst->status != 'I' && dst->status != 'T' && dst->status != 'E')
        return HD_EPROTO;
    return judge(&r);
}

static void
read_field(hd_reader *r, hd_field *dst)
{
    dst->name = hd_read_cstr(r);
    dst->table_oid = hd_read_u32(r);
    dst->attnum = hd_read_i16(r);
    dst->type_oid = hd_read_u32(r);
    dst->typlen = hd_read_i16(r);
    dst->typmod = hd_read_i32(r);
    dst->format = hd_read_u16(r);
    if (dst->format > HD_BINARY)
        r->bad = true;
}

hd_rc
hd_decode_row_description(hd_row_description *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    hd_field field;
    dst->count = hd_read_u16(&r);
    dst->fields = r;
    for (uint16_t i = 0; i < dst->count && !r.bad; i++)
        read_field(&r, &field);
    return judge(&r);
}

bool
hd_row_description_next(hd_row_description *src, hd_field *dst)
{
    if (src->fields.left == 0)
        return false;
    read_field(&src->fields, dst);
    return true;
}

hd_rc
hd_decode_empty(hd_span src)
{
    return src.n == 0 ? HD_OK : HD_EPROTO;
}
