#include "wire/backend.h"

enum { KEY_MIN = 4, KEY_MAX = 256 };

static hd_rc
judge(const hd_reader *r)
{
    return hd_reader_done(r) ? HD_OK : HD_EPROTO;
}

hd_rc
hd_decode_authentication(hd_authentication *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    dst->code = hd_read_u32(&r);
    dst->rest = hd_read_rest(&r);
    return judge(&r);
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
    int64_t rows = 0, scale = 1;
    size_t i = tag.n;
    for (; i != 0 && tag.p[i - 1] >= '0' && tag.p[i - 1] <= '9' && tag.n - i < 18; i--) {
        rows += scale * (tag.p[i - 1] - '0');
        scale *= 10;
    }
    return i == tag.n || i == 0 || tag.p[i - 1] != ' ' ? -1 : rows;
}

hd_rc
hd_decode_copy_response(hd_copy_response *dst, hd_span src)
{
    hd_reader r = hd_reader_of(src);
    dst->format = hd_read_u8(&r);
    dst->count = hd_read_u16(&r);
    dst->formats = hd_reader_of(hd_read_span(&r, (size_t)dst->count * 2));
    return dst->format > HD_BINARY ? HD_EPROTO : judge(&r);
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
