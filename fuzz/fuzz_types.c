/* Values in both formats: what was read is written and read again as the same, and the two formats agree. Input: a byte
 * for the family (its place in the table below), one for how the server would write it, the value.
 *
 *     fuzz_types --families            says their names
 *     fuzz_types --family=NAME ...     searches one of them */
#include "fuzz.h"

#include "types/array.h"
#include "types/bool.h"
#include "types/bytea.h"
#include "types/date.h"
#include "types/float.h"
#include "types/hstore.h"
#include "types/integer.h"
#include "types/interval.h"
#include "types/multirange.h"
#include "types/network.h"
#include "types/numeric.h"
#include "types/quoted.h"
#include "types/record.h"
#include "types/time.h"
#include "types/timestamp.h"
#include "types/uuid.h"

#include <math.h>

static bool
same(hd_span a, hd_span b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static hd_date_style
style_of(uint8_t how)
{
    return (hd_date_style){"IGSP"[how & 3], how & 4 ? 'D' : 'M'};
}

static void
fuzz_date(hd_span src, uint8_t how, hd_writer *w)
{
    const hd_date_style iso = {'I', 'M'};
    int32_t days, back;
    if (hd_date_from_binary(src, &days) == HD_OK) {
        hd_date_to_binary(w, days);
        CHECK(same(hd_writer_span(w), src));
        hd_civil c = hd_civil_of_days(days);
        CHECK(hd_civil_is_valid(c) && hd_days_of_civil(c) == days);
        hd_writer_rewind(w, 0);
        hd_date_to_text(w, days);
        CHECK(hd_date_from_text(hd_writer_span(w), iso, &back) == HD_OK && back == days);
    }
    if (hd_date_from_text(src, style_of(how), &days) == HD_OK) {
        hd_writer_rewind(w, 0);
        hd_date_to_text(w, days);
        CHECK(hd_date_from_text(hd_writer_span(w), iso, &back) == HD_OK && back == days);
    }
}

static void
fuzz_time(hd_span src, uint8_t how, hd_writer *w)
{
    int64_t micros, back;
    hd_timetz t, t_back;
    if (hd_time_from_binary(src, &micros) == HD_OK || hd_time_from_text(src, &micros) == HD_OK) {
        CHECK(micros >= 0 && micros <= HD_DAY);
        hd_time_to_text(w, micros);
        CHECK(hd_time_from_text(hd_writer_span(w), &back) == HD_OK && back == micros);
        hd_writer_rewind(w, 0);
        hd_time_to_binary(w, micros);
        CHECK(hd_time_from_binary(hd_writer_span(w), &back) == HD_OK && back == micros);
        hd_writer_rewind(w, 0);
        hd_time_show(w, micros);
        CHECK(hd_time_from_text(hd_writer_span(w), &back) == HD_OK && back == micros);
    }
    if (hd_timetz_from_binary(src, &t) == HD_OK || hd_timetz_from_text(src, &t) == HD_OK) {
        CHECK(t.micros >= 0 && t.micros <= HD_DAY && t.east > -86400 && t.east < 86400);
        hd_writer_rewind(w, 0);
        hd_timetz_to_text(w, t);
        CHECK(hd_timetz_from_text(hd_writer_span(w), &t_back) == HD_OK);
        CHECK(t_back.micros == t.micros && t_back.east == t.east);
        hd_writer_rewind(w, 0);
        hd_timetz_show(w, t);
        CHECK(hd_timetz_from_text(hd_writer_span(w), &t_back) == HD_OK);
        CHECK(t_back.micros == t.micros && t_back.east == t.east);
        hd_writer_rewind(w, 0);
        hd_timetz_to_binary(w, t);
        CHECK(hd_timetz_from_binary(hd_writer_span(w), &t_back) == HD_OK);
        CHECK(t_back.micros == t.micros && t_back.east == t.east);
    }
}

/* Beyond what the server has there is text that does not read. */
static void
check_timestamp(int64_t micros, int32_t east, hd_writer *w)
{
    const int64_t first = -211813488000000000, end = 9223371331200000000;
    const hd_date_style iso = {'I', 'M'};
    bool is_infinite = micros == HD_TIMESTAMP_INFINITY || micros == HD_TIMESTAMP_MINUS_INFINITY;
    bool served = is_infinite || (micros >= first && micros < end);
    int64_t back;
    int32_t east_back;
    hd_writer_rewind(w, 0);
    hd_timestamp_to_text(w, micros);
    hd_rc rc = hd_timestamp_from_text(hd_writer_span(w), iso, &back);
    CHECK((rc == HD_OK && back == micros) || (rc == HD_EDATA && !served));
    hd_writer_rewind(w, 0);
    hd_timestamp_show(w, micros);
    rc = hd_timestamp_from_text(hd_writer_span(w), iso, &back);
    CHECK((rc == HD_OK && back == micros) || (rc == HD_EDATA && !served));
    hd_writer_rewind(w, 0);
    hd_timestamptz_show(w, micros, east);
    rc = hd_timestamptz_from_text(hd_writer_span(w), &back, &east_back);
    CHECK((rc == HD_OK && back == micros && east_back == (is_infinite ? 0 : east)) || (rc == HD_EDATA && !served));
    hd_writer_rewind(w, 0);
    hd_timestamptz_to_text(w, micros, east);
    rc = hd_timestamptz_from_text(hd_writer_span(w), &back, &east_back);
    CHECK((rc == HD_OK && back == micros && east_back == (is_infinite ? 0 : east)) || (rc == HD_EDATA && !served));
}

static void
fuzz_timestamp(hd_span src, uint8_t how, hd_writer *w)
{
    const hd_date_style iso = {'I', 'M'};
    int64_t micros, back;
    int32_t east, east_back;
    if (hd_timestamp_from_text(src, style_of(how), &micros) == HD_OK) {
        hd_timestamp_to_text(w, micros);
        CHECK(hd_timestamp_from_text(hd_writer_span(w), iso, &back) == HD_OK && back == micros);
        hd_writer_rewind(w, 0);
        hd_timestamp_show(w, micros);
        CHECK(hd_timestamp_from_text(hd_writer_span(w), iso, &back) == HD_OK && back == micros);
    }
    if (hd_timestamptz_from_text(src, &micros, &east) == HD_OK) {
        hd_writer_rewind(w, 0);
        hd_timestamptz_to_text(w, micros, east);
        CHECK(hd_timestamptz_from_text(hd_writer_span(w), &back, &east_back) == HD_OK);
        CHECK(back == micros && east_back == east);
        hd_writer_rewind(w, 0);
        hd_timestamptz_show(w, micros, east);
        CHECK(hd_timestamptz_from_text(hd_writer_span(w), &back, &east_back) == HD_OK);
        CHECK(back == micros && east_back == east);
    }
    if (hd_timestamp_from_binary(src, &micros) == HD_OK) {
        hd_writer_rewind(w, 0);
        hd_timestamp_to_binary(w, micros);
        CHECK(same(hd_writer_span(w), src));
        check_timestamp(micros, (how - 128) * 600, w);
    }
}

static void
fuzz_interval(hd_span src, uint8_t how, hd_writer *w)
{
    hd_interval v;
    if (hd_interval_from_text(src, "pvsi"[how & 3], &v) == HD_OK || hd_interval_from_binary(src, &v) == HD_OK) {
        hd_interval back;
        hd_interval_to_text(w, v, 's');
        hd_writer_rewind(w, 0);
        hd_interval_show(w, v);
        CHECK(hd_interval_from_text(hd_writer_span(w), 'p', &back) == HD_OK);
        CHECK(back.micros == v.micros && back.days == v.days && back.months == v.months);
        hd_writer_rewind(w, 0);
        hd_interval_to_text(w, v, 'p');
        CHECK(hd_interval_from_text(hd_writer_span(w), 'p', &back) == HD_OK);
        CHECK(back.micros == v.micros && back.days == v.days && back.months == v.months);
        hd_writer_rewind(w, 0);
        hd_interval_to_binary(w, v);
        CHECK(hd_interval_from_binary(hd_writer_span(w), &back) == HD_OK);
        CHECK(back.micros == v.micros && back.days == v.days && back.months == v.months);
    }
}

static void
fuzz_array_text(hd_span src, uint8_t how, hd_writer *w)
{
    char delimiter = how & 1 ? ';' : ',';
    hd_array_scanner s = hd_array_scanner_of(src, delimiter, &hd_alloc_default);
    hd_array_token token;
    hd_span item, back;
    int depth = 0;
    size_t tokens = 0;
    while ((token = hd_array_next(&s, &item)) < HD_ARRAY_END) {
        CHECK(++tokens <= src.n);
        depth += (token == HD_ARRAY_OPEN) - (token == HD_ARRAY_CLOSE);
        CHECK(depth >= 0 && depth <= HD_ARRAY_MAX_DIMS);
        if (token != HD_ARRAY_ITEM)
            continue;
        /* the element, as the only one of another array */
        hd_writer_rewind(w, 0);
        hd_write_u8(w, '{');
        hd_array_write_item(w, item, delimiter);
        hd_write_u8(w, '}');
        hd_array_scanner one = hd_array_scanner_of(hd_writer_span(w), delimiter, &hd_alloc_default);
        CHECK(hd_array_next(&one, &back) == HD_ARRAY_OPEN);
        CHECK(hd_array_next(&one, &back) == HD_ARRAY_ITEM && same(back, item));
        CHECK(hd_array_next(&one, &back) == HD_ARRAY_CLOSE);
        CHECK(hd_array_next(&one, &back) == HD_ARRAY_END);
        hd_array_scanner_fini(&one);
    }
    CHECK(token != HD_ARRAY_END || depth == 0);
    hd_array_scanner_fini(&s);
}

static void
fuzz_array_binary(hd_span src, uint8_t how, hd_writer *w)
{
    hd_reader r = hd_reader_of(src);
    hd_array_header h;
    if (hd_array_read_header(&r, &h) != HD_OK)
        return;
    size_t count = h.ndim > 0, left = r.left;
    for (int i = 0; i < h.ndim; i++)
        count *= h.dims[i];
    CHECK(h.ndim <= HD_ARRAY_MAX_DIMS && count <= left / 4);
    hd_array_write_header(w, &h, how & 1);
    hd_reader items = r;
    for (size_t i = 0; i < count && !r.bad; i++) {
        hd_span item = {NULL, 0};
        if (!hd_array_read_item(&r, &item))
            hd_write_null(w);
        else {
            size_t at = hd_write_value_begin(w);
            hd_write_span(w, item);
            hd_write_value_end(w, at);
        }
    }
    if (r.bad)
        return;
    /* Written anew it differs in the flag and the lower bounds alone, and in the dimensions of an empty one. */
    hd_reader again = hd_reader_of(hd_writer_span(w));
    hd_array_header back;
    CHECK(hd_array_read_header(&again, &back) == HD_OK && back.ndim == h.ndim && back.item_oid == h.item_oid);
    CHECK(memcmp(back.dims, h.dims, sizeof h.dims[0] * (size_t)h.ndim) == 0);
    CHECK(same((hd_span){again.p, again.left}, (hd_span){items.p, items.left - r.left}));
}

static void
fuzz_integer(hd_span src, uint8_t how, hd_writer *w)
{
    int64_t v, back;
    int16_t int2;
    int32_t int4;
    uint32_t oid;
    bool truth;
    if (hd_integer_from_text(src, &v) == HD_OK) {
        hd_integer_to_text(w, v);
        CHECK(hd_integer_from_text(hd_writer_span(w), &back) == HD_OK && back == v);
    }
    CHECK((hd_int2_from_binary(src, &int2) == HD_OK) == (src.n == 2));
    CHECK((hd_int4_from_binary(src, &int4) == HD_OK) == (src.n == 4));
    CHECK((hd_int8_from_binary(src, &v) == HD_OK) == (src.n == 8));
    if (src.n == 8) {
        hd_writer_rewind(w, 0);
        hd_integer_to_text(w, v);
        CHECK(w->n <= HD_INTEGER_TEXT_MAX);
        CHECK(hd_integer_from_text(hd_writer_span(w), &back) == HD_OK && back == v);
    }
    CHECK((hd_oid_from_binary(src, &oid) == HD_OK) == (src.n == 4));
    CHECK((hd_bool_from_binary(src, &truth) == HD_OK) == (src.n == 1));
    CHECK(hd_bool_from_text(src, &truth) != HD_OK || src.n == 1);
}

/* v itself, -0 from 0 and all. */
static void
check_float_text(double v)
{
    char text[40];
    double back;
    if (!isfinite(v)) /* spelt in another way by the server */
        return;
    int n = snprintf(text, sizeof text, "%.17g", v);
    CHECK(hd_float_from_text((hd_span){(const uint8_t *)text, (size_t)n}, &back) == HD_OK);
    CHECK(memcmp(&back, &v, sizeof v) == 0);
}

/* It has no more digits than needed to tell this float4 from its neighbours, and from the middles to them. */
static void
check_widened(float narrow, double wide)
{
    char text[40];
    CHECK((float)wide == narrow || narrow != narrow);
    for (int digits = 1; isfinite(wide) && digits <= 9; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, (double)narrow);
        double decimal = strtod(text, NULL);
        float other = nextafterf(narrow, decimal > narrow ? INFINITY : -INFINITY);
        if (isinf(other))
            other = nextafterf(narrow, 0); /* as far away as the one there would be */
        if (fabs(decimal - narrow) >= fabs((double)other - narrow) / 2)
            continue;
        snprintf(text, sizeof text, "%.*g", digits, wide);
        CHECK(strtod(text, NULL) == wide);
        return;
    }
}

static void
fuzz_float(hd_span src, uint8_t how, hd_writer *w)
{
    double v;
    if (hd_float_from_text(src, &v) == HD_OK)
        check_float_text(v);
    if (hd_float4_from_binary(src, &v) == HD_OK) {
        uint32_t bits;
        float narrow;
        memcpy(&bits, src.p, sizeof bits);
        bits = hd_be32(bits);
        memcpy(&narrow, &bits, sizeof narrow);
        check_widened(narrow, v);
        hd_writer_rewind(w, 0);
        CHECK(hd_float4_to_binary(w, v) == HD_OK && (narrow != narrow || memcmp(w->p, src.p, src.n) == 0));
    }
    if (hd_float8_from_binary(src, &v) == HD_OK) {
        check_float_text(v);
        hd_float8_to_binary(w, v);
        CHECK(same(hd_writer_span(w), src));
    }
}

/* Into text, and that into binary, which then stays the same. */
static void
fuzz_numeric_binary(hd_span src, hd_writer *w)
{
    hd_numeric v;
    if (hd_numeric_from_binary(src, &v) != HD_OK)
        return;
    size_t n = hd_numeric_text_length(&v);
    uint8_t *text = malloc(n);
    hd_numeric_print(&v, text);
    CHECK(hd_numeric_is_text((hd_span){text, n}));
    CHECK(hd_numeric_text_to_binary(w, (hd_span){text, n}) == HD_OK);
    hd_numeric back;
    CHECK(hd_numeric_from_binary(hd_writer_span(w), &back) == HD_OK);
    CHECK(hd_numeric_text_length(&back) <= n); /* shorter by the sign, where no digit of a number is shown */
    uint8_t *again = malloc(n);
    size_t m = hd_numeric_text_length(&back);
    hd_numeric_print(&back, again);
    CHECK(memcmp(again, text + (n - m), m) == 0);
    free(again);
    free(text);
}

static void
fuzz_numeric(hd_span src, uint8_t how, hd_writer *w)
{
    fuzz_numeric_binary(src, w);
    hd_writer_rewind(w, 0);
    hd_rc rc = hd_numeric_text_to_binary(w, src);
    CHECK((rc != HD_EDATA) == hd_numeric_is_text(src));
    CHECK(rc == HD_OK || w->n == 0);
    if (rc == HD_OK) {
        hd_writer binary = hd_writer_of(&hd_alloc_default);
        fuzz_numeric_binary(hd_writer_span(w), &binary);
        CHECK(same(hd_writer_span(&binary), hd_writer_span(w)));
        hd_writer_fini(&binary);
    }
}

static void
check_bytes(hd_span bytes, hd_writer *w)
{
    uint8_t *back = malloc(bytes.n ? bytes.n : 1);
    hd_writer_rewind(w, 0);
    hd_bytea_to_text(w, bytes);
    CHECK(hd_bytea_length(hd_writer_span(w)) == bytes.n);
    CHECK(hd_bytea_from_text(hd_writer_span(w), back) == HD_OK);
    CHECK(same((hd_span){back, bytes.n}, bytes));
    free(back);
}

static void
fuzz_bytea(hd_span src, uint8_t how, hd_writer *w)
{
    size_t n = hd_bytea_length(src);
    CHECK(n <= src.n);
    uint8_t *bytes = malloc(n ? n : 1);
    if (hd_bytea_from_text(src, bytes) == HD_OK)
        check_bytes((hd_span){bytes, n}, w);
    free(bytes);
    check_bytes(src, w);
}

static void
fuzz_uuid(hd_span src, uint8_t how, hd_writer *w)
{
    uint8_t uuid[HD_UUID_LENGTH], back[HD_UUID_LENGTH];
    if (src.n == HD_UUID_LENGTH)
        memcpy(uuid, src.p, src.n);
    else if (hd_uuid_from_text(src, uuid) != HD_OK)
        return;
    hd_uuid_to_text(w, uuid);
    CHECK(hd_uuid_from_text(hd_writer_span(w), back) == HD_OK && memcmp(back, uuid, sizeof uuid) == 0);
}

static void
fuzz_network(hd_span src, uint8_t how, hd_writer *w)
{
    hd_network v, back;
    bool from_text = hd_network_from_text(src, &v) == HD_OK;
    if (!from_text && hd_network_from_binary(src, &v) != HD_OK)
        return;
    CHECK((v.length == HD_IPV4_LENGTH || v.length == HD_IPV6_LENGTH) && v.bits <= 8 * v.length);
    CHECK(v.bits < 8 * v.length || (!hd_network_has_host_bits(&v) && (from_text || v.alone)));
    hd_network_to_binary(w, &v, how & 1);
    CHECK(hd_network_from_binary(hd_writer_span(w), &back) == HD_OK);
    CHECK(back.length == v.length && back.bits == v.bits && memcmp(back.address, v.address, v.length) == 0);
    CHECK(hd_network_has_host_bits(&back) == hd_network_has_host_bits(&v));
}

static bool
same_pair(const hd_hstore_pair *a, const hd_hstore_pair *b)
{
    return same(a->key, b->key) && a->is_null == b->is_null && same(a->value, b->value);
}

/* A pair, twice as text. */
static void
check_pair(const hd_hstore_pair *pair, hd_writer *w)
{
    hd_hstore_pair back;
    hd_writer_rewind(w, 0);
    hd_hstore_write_text(w, pair, true);
    hd_hstore_write_text(w, pair, false);
    hd_hstore_scanner s = hd_hstore_scanner_of(hd_writer_span(w), &hd_alloc_default);
    CHECK(hd_hstore_next(&s, &back) && same_pair(&back, pair));
    CHECK(hd_hstore_next(&s, &back) && same_pair(&back, pair));
    CHECK(!hd_hstore_next(&s, &back) && hd_hstore_scanned(&s) == HD_OK);
    hd_hstore_scanner_fini(&s);
}

static void
fuzz_hstore(hd_span src, uint8_t how, hd_writer *w)
{
    hd_hstore_pair pair;
    hd_hstore_scanner s = hd_hstore_scanner_of(src, &hd_alloc_default);
    while (hd_hstore_next(&s, &pair))
        check_pair(&pair, w);
    CHECK(hd_hstore_scanned(&s) != HD_ENOMEM);
    hd_hstore_scanner_fini(&s);
    hd_reader r = hd_reader_of(src);
    uint32_t count;
    if (hd_hstore_read_count(&r, &count) != HD_OK)
        return;
    CHECK(count <= src.n / 8);
    for (uint32_t i = 0; i < count && !r.bad; i++) {
        hd_hstore_read_pair(&r, &pair);
        if (!r.bad)
            check_pair(&pair, w);
    }
}

/* Quoted as the server does it, and read back. */
static void
check_quoted(hd_span item, hd_writer *w)
{
    hd_span back;
    hd_writer unquoted = hd_writer_of(&hd_alloc_default);
    hd_writer_rewind(w, 0);
    hd_write_u8(w, '"');
    for (size_t i = 0; i < item.n; i++) {
        if (item.p[i] == '"' || item.p[i] == '\\')
            hd_write_u8(w, item.p[i]);
        hd_write_u8(w, item.p[i]);
    }
    hd_write_span(w, HD_SPAN_LITERAL("\","));
    hd_reader r = hd_reader_of(hd_writer_span(w));
    CHECK(hd_quoted_read(&r, &unquoted, HD_SPAN_LITERAL(",)"), &back) && !r.bad && r.left == 1 && same(back, item));
    hd_writer_fini(&unquoted);
}

static void
fuzz_record(hd_span src, uint8_t how, hd_writer *w)
{
    hd_record_scanner s = hd_record_scanner_of(src, &hd_alloc_default);
    hd_record_token token;
    hd_span field;
    size_t fields = 0;
    while ((token = hd_record_next(&s, &field)) < HD_RECORD_END) {
        CHECK(++fields < src.n);
        if (token == HD_RECORD_FIELD)
            check_quoted(field, w);
    }
    CHECK(s.unquoted.rc == HD_OK && (token == HD_RECORD_BAD || fields > 0));
    hd_record_scanner_fini(&s);

    hd_reader r = hd_reader_of(src);
    uint32_t count, oid;
    if (hd_record_read_count(&r, &count) != HD_OK)
        return;
    CHECK(count <= src.n / 8);
    hd_writer_rewind(w, 0);
    hd_write_u32(w, count);
    for (uint32_t i = 0; i < count && !r.bad; i++) {
        bool given = hd_record_read_field(&r, &oid, &field);
        hd_write_u32(w, oid);
        hd_write_u32(w, given ? (uint32_t)field.n : UINT32_MAX);
        if (given)
            hd_write_span(w, field);
    }
    CHECK(!hd_reader_done(&r) || same(hd_writer_span(w), src));
}

static void
check_range(const hd_range *v, hd_writer *w)
{
    if (hd_range_has_lower(v))
        check_quoted(v->lower, w);
    if (hd_range_has_upper(v))
        check_quoted(v->upper, w);
}

static void
write_range(const hd_range *v, hd_writer *w)
{
    hd_write_u8(w, v->flags);
    if (hd_range_has_lower(v)) {
        hd_write_u32(w, (uint32_t)v->lower.n);
        hd_write_span(w, v->lower);
    }
    if (hd_range_has_upper(v)) {
        hd_write_u32(w, (uint32_t)v->upper.n);
        hd_write_span(w, v->upper);
    }
}

static void
fuzz_range(hd_span src, uint8_t how, hd_writer *w)
{
    hd_range v;
    hd_reader r = hd_reader_of(src);
    hd_range_unquoted u = hd_range_unquoted_of(&hd_alloc_default);
    hd_rc rc = hd_range_scan(&r, &u, &v);
    CHECK(rc == HD_OK || rc == HD_EDATA);
    if (rc == HD_OK)
        check_range(&v, w);
    hd_range_unquoted_fini(&u);
    if (hd_range_from_binary(src, &v) == HD_OK) {
        hd_writer_rewind(w, 0);
        write_range(&v, w);
        CHECK(w->n == src.n && same((hd_span){w->p + 1, w->n - 1}, (hd_span){src.p + 1, src.n - 1}));
    }
}

static void
fuzz_multirange(hd_span src, uint8_t how, hd_writer *w)
{
    hd_range v;
    hd_rc rc;
    size_t ranges = 0;
    hd_multirange_scanner s = hd_multirange_scanner_of(src, &hd_alloc_default);
    while ((rc = hd_multirange_next(&s, &v)) == HD_OK) {
        CHECK(++ranges < src.n);
        check_range(&v, w);
    }
    CHECK(rc == HD_MORE || rc == HD_EDATA);
    hd_multirange_scanner_fini(&s);

    hd_reader r = hd_reader_of(src);
    uint32_t count;
    if (hd_multirange_read_count(&r, &count) != HD_OK)
        return;
    CHECK(count <= src.n / 5);
    for (uint32_t i = 0; i < count; i++) {
        if (hd_multirange_read_range(&r, &v) != HD_OK)
            break;
        check_range(&v, w);
    }
}

static const struct {
    const char *name;
    void (*fuzz)(hd_span src, uint8_t how, hd_writer *w);
} families[] = {
    /* at the place that the inputs of the corpus start with: a new family comes last */
    {"date", fuzz_date},
    {"time", fuzz_time},
    {"timestamp", fuzz_timestamp},
    {"interval", fuzz_interval},
    {"array-text", fuzz_array_text},
    {"array-binary", fuzz_array_binary},
    {"integer", fuzz_integer},
    {"float", fuzz_float},
    {"numeric", fuzz_numeric},
    {"bytea", fuzz_bytea},
    {"uuid", fuzz_uuid},
    {"network", fuzz_network},
    {"hstore", fuzz_hstore},
    {"record", fuzz_record},
    {"range", fuzz_range},
    {"multirange", fuzz_multirange},
};

enum { N_FAMILIES = sizeof families / sizeof families[0] };

static int the_family = -1; /* which alone is searched */

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
    for (int i = 1; i < *argc; i++) {
        const char *argument = (*argv)[i];
        for (int f = 0; f < N_FAMILIES; f++) {
            if (strcmp(argument, "--families") == 0)
                puts(families[f].name);
            else if (strncmp(argument, "--family=", 9) == 0 && strcmp(argument + 9, families[f].name) == 0)
                the_family = f;
        }
        if (strcmp(argument, "--families") == 0)
            exit(0);
        CHECK(strncmp(argument, "--family=", 9) != 0 || the_family >= 0);
    }
    return 0;
}

/* Weak, for only libFuzzer has it. */
size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most) __attribute__((weak));

size_t
LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed)
{
    size = LLVMFuzzerMutate(data, size, most);
    if (the_family >= 0 && size != 0)
        data[0] = (uint8_t)the_family;
    return size;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2 || data[0] >= N_FAMILIES)
        return 0;
    hd_writer w = hd_writer_of(&hd_alloc_default);
    families[data[0]].fuzz((hd_span){data + 2, size - 2}, data[1], &w);
    hd_writer_fini(&w);
    return 0;
}
