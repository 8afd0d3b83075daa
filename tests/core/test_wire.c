#include "hd_tap.h"
#include "hd_decode_any.h"

#include "wire/frontend.h"

#define B(s) HD_SPAN_LITERAL(s)

#define KEY_16 "0123456789abcdef"
#define KEY_256                                                                                                      \
    KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16 KEY_16
#define FIELD(name) name "\0\0\0\x40\0\0\3\0\0\0\x17\0\4\xff\xff\xff\xff\0\1"

typedef struct specimen {
    const char *name;
    uint8_t type;
    hd_span body;
    bool open; /* ends with bytes of any number, so that a shorter or longer one may be right too */
} specimen;

static const specimen good[] = {
    {"AuthenticationOk", 'R', B("\0\0\0\0")},
    {"AuthenticationKerberosV5", 'R', B("\0\0\0\2"), .open = true},
    {"AuthenticationCleartextPassword", 'R', B("\0\0\0\3")},
    {"AuthenticationMD5Password", 'R', B("\0\0\0\5salt")},
    {"AuthenticationGSS", 'R', B("\0\0\0\7")},
    {"AuthenticationGSSContinue", 'R', B("\0\0\0\x08token"), .open = true},
    {"AuthenticationSSPI", 'R', B("\0\0\0\x09")},
    {"AuthenticationSASL", 'R', B("\0\0\0\x0aSCRAM-SHA-256\0SCRAM-SHA-256-PLUS\0\0")},
    {"AuthenticationSASL, none", 'R', B("\0\0\0\x0a\0")},
    {"AuthenticationSASLContinue", 'R', B("\0\0\0\x0br=x,s=y,i=1"), .open = true},
    {"AuthenticationSASLFinal", 'R', B("\0\0\0\x0cv=z"), .open = true},
    {"BackendKeyData 3.0", 'K', B("\0\0\x30\x39key!"), .open = true},
    {"BackendKeyData 3.2", 'K', B("\0\0\x30\x39" KEY_256), .open = true},
    {"CommandComplete", 'C', B("INSERT 0 1\0")},
    {"CopyResponse text", 'G', B("\0\0\2\0\0\0\0")},
    {"CopyResponse binary", 'G', B("\1\0\3\0\1\0\1\0\1")},
    {"CopyResponse replication", 'G', B("\0\0\0")},
    {"DataRow", 'D', B("\0\4\0\0\0\2ab\xff\xff\xff\xff\0\0\0\0\0\0\0\1\0")},
    {"DataRow without columns", 'D', B("\0\0")},
    {"ErrorResponse", 'E', B("SERROR\0VERROR\0C22012\0Mdivision by zero\0?from the future\0Fint.c\0\0")},
    {"ErrorResponse without fields", 'E', B("\0")},
    {"NoData and its like", 'n', B("")},
    {"FunctionCallResponse", 'V', B("\0\0\0\3abc")},
    {"FunctionCallResponse NULL", 'V', B("\xff\xff\xff\xff")},
    {"NegotiateProtocolVersion", 'v', B("\0\3\0\0\0\0\0\2_pq_.a\0_pq_.b\0")},
    {"NegotiateProtocolVersion, no options", 'v', B("\0\3\0\0\0\0\0\0")},
    {"NotificationResponse", 'A',
     B("\0\0\x30\x39"
       "channel\0payload\0")},
    {"ParameterDescription", 't', B("\0\2\0\0\0\x17\0\0\0\x19")},
    {"ParameterDescription, none", 't', B("\0\0")},
    {"ParameterStatus", 'S', B("TimeZone\0UTC\0")},
    {"ReadyForQuery", 'Z', B("I")},
    {"RowDescription", 'T', B("\0\3" FIELD("id") FIELD("") FIELD("name"))},
    {"RowDescription without columns", 'T', B("\0\0")},
};

enum { SPECIMENS = sizeof(good) / sizeof(good[0]) };

static hd_rc
decode_alone(const specimen *s, hd_span body)
{
    uint8_t *copy = tap_copy(body);
    hd_rc rc = hd_decode_any(s->type, (hd_span){copy, body.n});
    free(copy);
    return rc;
}

static void
every_message_is_read(void)
{
    for (size_t i = 0; i < SPECIMENS; i++)
        tap_check(decode_alone(&good[i], good[i].body) == HD_OK, __FILE__, __LINE__, "%s", good[i].name);
}

static void
truncated_messages_are_refused(void)
{
    for (size_t i = 0; i < SPECIMENS; i++) {
        for (size_t n = 0; n < good[i].body.n; n++) {
            hd_rc rc = decode_alone(&good[i], (hd_span){good[i].body.p, n});
            tap_check(rc == HD_EPROTO || (good[i].open && n >= 4), __FILE__, __LINE__, "%s cut to %zu bytes",
                      good[i].name, n);
        }
    }
}

static void
trailing_bytes_are_refused(void)
{
    for (size_t i = 0; i < SPECIMENS; i++) {
        for (int extra = 0; extra <= 'x'; extra += 'x') {
            hd_writer w = hd_writer_of(&hd_alloc_default);
            hd_write_span(&w, good[i].body);
            hd_write_u8(&w, (uint8_t)extra);
            tap_check(good[i].open || decode_alone(&good[i], hd_writer_span(&w)) == HD_EPROTO, __FILE__, __LINE__,
                      "%s with a byte too many", good[i].name);
            hd_writer_fini(&w);
        }
    }
}

/* Lying counts and lengths among them. Whatever the answer, the walk behind it stays within the body. */
static void
altered_bytes_are_survived(void)
{
    static const uint8_t values[] = {0, 1, 2, 3, 0x7f, 0x80, 0xfe, 0xff};
    for (size_t i = 0; i < SPECIMENS; i++) {
        uint8_t *copy = tap_copy(good[i].body);
        for (size_t at = 0; at < good[i].body.n; at++) {
            for (size_t k = 0; k < sizeof(values); k++) {
                copy[at] = values[k];
                hd_rc rc = hd_decode_any(good[i].type, (hd_span){copy, good[i].body.n});
                CHECK(rc == HD_OK || rc == HD_EPROTO);
            }
            copy[at] = good[i].body.p[at];
        }
        free(copy);
    }
}

static void
lies_are_refused(void)
{
    static const specimen bad[] = {
        {"MD5 with a long salt", 'R', B("\0\0\0\5salty")},
        {"Ok with data", 'R', B("\0\0\0\0x")},
        {"SASL list without end", 'R', B("\0\0\0\x0aSCRAM-SHA-256\0")},
        {"SASL list with more behind its end", 'R', B("\0\0\0\x0aSCRAM-SHA-256\0\0x")},
        {"key of 3 bytes", 'K', B("\0\0\0\1key")},
        {"key of 257 bytes", 'K', B("\0\0\0\1" KEY_256 "x")},
        {"COPY format 2", 'G', B("\2\0\0")},
        {"COPY column format 2", 'G', B("\1\0\1\0\2")},
        {"COPY of 65535 columns", 'G', B("\0\xff\xff\0\0")},
        {"row of 65535 columns", 'D', B("\xff\xff\xff\xff\xff\xff")},
        {"value of length -2", 'D', B("\0\1\xff\xff\xff\xfe")},
        {"value of length -2^31", 'D', B("\0\1\x80\0\0\0")},
        {"value of length 2^31 - 1", 'D', B("\0\1\x7f\xff\xff\xff")},
        {"function result of length -2", 'V', B("\xff\xff\xff\xfe")},
        {"2^32 - 1 options", 'v',
         B("\0\3\0\0\xff\xff\xff\xff"
           "a\0")},
        {"65535 parameters", 't', B("\xff\xff\0\0\0\x17")},
        {"status X", 'Z', B("X")},
        {"status NUL", 'Z', B("\0")},
        {"65535 columns", 'T', B("\xff\xff" FIELD("id"))},
        {"column format 2", 'T', B("\0\1id\0\0\0\x40\0\0\3\0\0\0\x17\0\4\xff\xff\xff\xff\0\2")},
        {"field without NUL", 'E', B("SERROR")},
    };
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        tap_check(decode_alone(&bad[i], bad[i].body) == HD_EPROTO, __FILE__, __LINE__, "%s", bad[i].name);
}

static void
contents_are_right(void)
{
    hd_authentication auth;
    CHECK_EQ(hd_decode_authentication(&auth, B("\0\0\0\5salt")), HD_OK);
    CHECK_EQ(auth.code, HD_AUTH_MD5);
    CHECK_SPAN(auth.rest, B("salt"));

    hd_backend_key_data key;
    CHECK_EQ(hd_decode_backend_key_data(&key, B("\0\1\0\2key!")), HD_OK);
    CHECK_EQ(key.pid, 65538);
    CHECK_SPAN(key.key, B("key!"));

    hd_copy_response copy;
    CHECK_EQ(hd_decode_copy_response(&copy, B("\1\0\2\0\1\0\0")), HD_OK);
    CHECK_EQ(copy.format, HD_BINARY);
    CHECK_EQ(copy.count, 2);
    CHECK_EQ(hd_read_u16(&copy.formats), HD_BINARY);
    CHECK_EQ(hd_read_u16(&copy.formats), HD_TEXT);

    hd_function_call_response call;
    CHECK_EQ(hd_decode_function_call_response(&call, B("\0\0\0\3abc")), HD_OK);
    CHECK(!call.null);
    CHECK_SPAN(call.value, B("abc"));
    CHECK_EQ(hd_decode_function_call_response(&call, B("\xff\xff\xff\xff")), HD_OK);
    CHECK(call.null);

    hd_negotiate_protocol_version version;
    CHECK_EQ(hd_decode_negotiate_protocol_version(&version, B("\0\3\0\2\0\0\0\1_pq_.x\0")), HD_OK);
    CHECK_EQ(version.newest_minor, 196610);
    CHECK_EQ(version.count, 1);
    CHECK_SPAN(hd_read_cstr(&version.options), B("_pq_.x"));

    hd_notification_response notification;
    CHECK_EQ(hd_decode_notification_response(&notification, B("\0\0\0\7ch\0pay\0")), HD_OK);
    CHECK_EQ(notification.pid, 7);
    CHECK_SPAN(notification.channel, B("ch"));
    CHECK_SPAN(notification.payload, B("pay"));

    hd_parameter_description parameters;
    CHECK_EQ(hd_decode_parameter_description(&parameters, B("\0\1\xff\xff\xff\xff")), HD_OK);
    CHECK_EQ(parameters.count, 1);
    CHECK_EQ(hd_read_u32(&parameters.oids), UINT32_MAX);

    hd_parameter_status status;
    CHECK_EQ(hd_decode_parameter_status(&status, B("TimeZone\0\0")), HD_OK);
    CHECK_SPAN(status.name, B("TimeZone"));
    CHECK_SPAN(status.value, B(""));

    hd_ready_for_query ready;
    CHECK_EQ(hd_decode_ready_for_query(&ready, B("T")), HD_OK);
    CHECK_EQ(ready.status, 'T');
}

static void
row_description_fields(void)
{
    hd_row_description d;
    hd_field f;
    CHECK_EQ(hd_decode_row_description(&d, B("\0\1id\0\xff\0\0\1\xff\xfe\0\0\0\x17\xff\xff\0\0\0\x0c\0\1")), HD_OK);
    CHECK_EQ(d.count, 1);
    CHECK(hd_row_description_next(&d, &f));
    CHECK_SPAN(f.name, B("id"));
    CHECK_EQ(f.table_oid, 0xff000001);
    CHECK_EQ(f.attnum, -2);
    CHECK_EQ(f.type_oid, 23);
    CHECK_EQ(f.typlen, -1);
    CHECK_EQ(f.typmod, 12);
    CHECK_EQ(f.format, HD_BINARY);
    CHECK(!hd_row_description_next(&d, &f));
}

static void
data_row_values(void)
{
    hd_data_row row;
    hd_span value;
    CHECK_EQ(hd_decode_data_row(&row, B("\0\3\xff\xff\xff\xff\0\0\0\0\0\0\0\2ab")), HD_OK);
    CHECK_EQ(row.count, 3);
    CHECK(!hd_row_next(&row.values, &value));
    CHECK(hd_row_next(&row.values, &value));
    CHECK_SPAN(value, B(""));
    CHECK(hd_row_next(&row.values, &value));
    CHECK_SPAN(value, B("ab"));
    CHECK(hd_reader_done(&row.values));
    CHECK(!hd_row_next(&row.values, &value));
    CHECK(row.values.bad);
}

static void
diagnostics_fields(void)
{
    hd_diagnostics d;
    hd_writer w = hd_writer_of(&hd_alloc_default);
    CHECK_EQ(strlen(hd_diag_letters), HD_DIAG_FIELDS);
    for (size_t i = 0; i < HD_DIAG_FIELDS; i++) {
        hd_write_u8(&w, (uint8_t)hd_diag_letters[i]);
        hd_write_u8(&w, (uint8_t)hd_diag_letters[i]);
        hd_write_u8(&w, 0);
    }
    hd_write_cstr(&w, B("zunknown"));
    hd_write_u8(&w, 0);
    CHECK_EQ(hd_decode_diagnostics(&d, hd_writer_span(&w)), HD_OK);
    for (size_t i = 0; i < HD_DIAG_FIELDS; i++)
        CHECK(d.field[i].n == 1 && d.field[i].p[0] == (uint8_t)hd_diag_letters[i]);
    hd_writer_fini(&w);

    CHECK_EQ(hd_decode_diagnostics(&d, B("M\0\0")), HD_OK);
    CHECK(d.field[3].p != NULL && d.field[3].n == 0);
    CHECK(d.field[0].p == NULL);
}

static void
command_tags(void)
{
    static const struct {
        const char *tag;
        int64_t rows;
    } cases[] = {
        {"SELECT 5", 5},
        {"INSERT 0 12", 12},
        {"INSERT 16384 1", 1},
        {"UPDATE 0", 0},
        {"DELETE 3", 3},
        {"MERGE 7", 7},
        {"FETCH 10", 10},
        {"MOVE 4", 4},
        {"COPY 1000000", 1000000},
        {"COPY", -1},
        {"CREATE TABLE", -1},
        {"BEGIN", -1},
        {"", -1},
        {"SELECT", -1},
        {"SELECT ", -1},
        {"SELECT x", -1},
        {"SELECT 5 ", -1},
        {"SELECT -1", -1},
        {"INSERT 0", -1},
        {"INSERT 0 ", -1},
        {"INSERT  3", 3},
        {"SELECT 1 2", -1},
        {"CREATE 5", -1},
        {"select 5", -1},
        {"SELECT 922337203685477580", 922337203685477580},
        {"SELECT 9223372036854775807000", -1},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t rows = hd_command_tag_rows(tap_span(cases[i].tag));
        tap_check(rows == cases[i].rows, __FILE__, __LINE__, "\"%s\": %" PRId64, cases[i].tag, rows);
    }
}

/* ---- frontend */

/* Writes a message, compares it and empties the writer. */
#define CHECK_WRITTEN(call, ...)                                                                                     \
    do {                                                                                                             \
        call;                                                                                                        \
        CHECK_EQ(w.rc, HD_OK);                                                                                       \
        CHECK_SPAN(hd_writer_span(&w), B(__VA_ARGS__));                                                              \
        hd_writer_rewind(&w, 0);                                                                                     \
    } while (0)

#define CHECK_REFUSED(call, why)                                                                                     \
    do {                                                                                                             \
        call;                                                                                                        \
        CHECK_EQ(w.rc, why);                                                                                         \
        hd_writer_rewind(&w, 0);                                                                                     \
    } while (0)

static void
startup_messages(void)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_span pairs[] = {B("user"), B("me"), B("options"), B("")};
    hd_span nameless[] = {B("user"), B("me"), B(""), B("x")};
    hd_span nul_in_name[] = {B("us\0er"), B("me")};
    hd_span nul_in_value[] = {B("user"), B("me\0database\0secret")};

    CHECK_WRITTEN(hd_write_startup(&w, 196610, pairs, 2), "\0\0\0\x1a\0\3\0\2user\0me\0options\0\0\0");
    CHECK_WRITTEN(hd_write_startup(&w, 196608, NULL, 0), "\0\0\0\x09\0\3\0\0\0");
    CHECK_REFUSED(hd_write_startup(&w, 196608, nameless, 2), HD_EINVAL);
    CHECK_REFUSED(hd_write_startup(&w, 196608, nul_in_name, 1), HD_EINVAL);
    CHECK_REFUSED(hd_write_startup(&w, 196608, nul_in_value, 1), HD_EINVAL);
    CHECK_WRITTEN(hd_write_ssl_request(&w), "\0\0\0\x08\x04\xd2\x16\x2f");
    CHECK_WRITTEN(hd_write_gssenc_request(&w), "\0\0\0\x08\x04\xd2\x16\x30");
    CHECK_WRITTEN(hd_write_cancel_request(&w, 258, B("key!")), "\0\0\0\x10\x04\xd2\x16\x2e\0\0\1\2key!");
    CHECK_WRITTEN(hd_write_password(&w, B("secret")), "p\0\0\0\x0bsecret\0");
    CHECK_REFUSED(hd_write_password(&w, B("sec\0ret")), HD_EINVAL);
    CHECK_WRITTEN(hd_write_sasl_initial(&w, B("SCRAM"), B("n,,")), "p\0\0\0\x11SCRAM\0\0\0\0\3n,,");
    CHECK_WRITTEN(hd_write_sasl_initial(&w, B("SCRAM"), B("")), "p\0\0\0\x0eSCRAM\0\0\0\0\0");
    CHECK_WRITTEN(hd_write_sasl_initial(&w, B("SCRAM"), ((hd_span){NULL, 0})), "p\0\0\0\x0eSCRAM\0\xff\xff\xff\xff");
    CHECK_REFUSED(hd_write_sasl_initial(&w, B("SC\0"), B("")), HD_EINVAL);
    CHECK_WRITTEN(hd_write_sasl_response(&w, B("a\0b")), "p\0\0\0\x07"
                                                         "a\0b");
    hd_writer_fini(&w);
}

static void
query_messages(void)
{
    hd_writer w = hd_writer_of(&hd_alloc_default);
    const uint32_t oids[] = {23, 25};
    const uint16_t text[] = {0, 0}, binary[] = {1, 1}, mixed[] = {0, 1};
    hd_span values = B("\0\0\0\1x\xff\xff\xff\xff");

    CHECK_WRITTEN(hd_write_query(&w, B("select 1")), "Q\0\0\0\x0dselect 1\0");
    CHECK_REFUSED(hd_write_query(&w, B("select\0 1")), HD_EINVAL);
    CHECK_WRITTEN(hd_write_parse(&w, B("s1"), B("select $1"), oids, 2),
                  "P\0\0\0\x1bs1\0select $1\0\0\2\0\0\0\x17\0\0\0\x19");
    CHECK_WRITTEN(hd_write_parse(&w, B(""), B(""), NULL, 0), "P\0\0\0\x08\0\0\0\0");
    CHECK_REFUSED(hd_write_parse(&w, B("s\0"), B(""), NULL, 0), HD_EINVAL);
    CHECK_REFUSED(hd_write_parse(&w, B(""), B("\0"), NULL, 0), HD_EINVAL);
    CHECK_WRITTEN(hd_write_bind(&w, B("p"), B("s"), mixed, 2, values, binary, 2),
                  "B\0\0\0\x1fp\0s\0\0\2\0\0\0\1\0\2\0\0\0\1x\xff\xff\xff\xff\0\2\0\1\0\1");
    CHECK_WRITTEN(hd_write_bind(&w, B(""), B(""), binary, 2, values, binary, 1),
                  "B\0\0\0\x19\0\0\0\1\0\1\0\2\0\0\0\1x\xff\xff\xff\xff\0\1\0\1");
    CHECK_WRITTEN(hd_write_bind(&w, B(""), B(""), text, 2, values, NULL, 0),
                  "B\0\0\0\x15\0\0\0\0\0\2\0\0\0\1x\xff\xff\xff\xff\0\0");
    CHECK_WRITTEN(hd_write_bind(&w, B(""), B(""), NULL, 0, B(""), NULL, 0), "B\0\0\0\x0c\0\0\0\0\0\0\0\0");
    CHECK_REFUSED(hd_write_bind(&w, B("\0"), B(""), NULL, 0, B(""), NULL, 0), HD_EINVAL);
    CHECK_REFUSED(hd_write_bind(&w, B(""), B("\0"), NULL, 0, B(""), NULL, 0), HD_EINVAL);
    CHECK_WRITTEN(hd_write_describe(&w, 'S', B("s")), "D\0\0\0\7Ss\0");
    CHECK_WRITTEN(hd_write_close(&w, 'P', B("")), "C\0\0\0\6P\0");
    CHECK_REFUSED(hd_write_close(&w, 'P', B("\0")), HD_EINVAL);
    CHECK_WRITTEN(hd_write_execute(&w, B("p"), 100), "E\0\0\0\x0ap\0\0\0\0\x64");
    CHECK_WRITTEN(hd_write_flush(&w), "H\0\0\0\4");
    CHECK_WRITTEN(hd_write_sync(&w), "S\0\0\0\4");
    CHECK_WRITTEN(hd_write_terminate(&w), "X\0\0\0\4");
    CHECK_WRITTEN(hd_write_function_call(&w, 1598, binary, 2, values, 1),
                  "F\0\0\0\x19\0\0\x06\x3e\0\1\0\1\0\2\0\0\0\1x\xff\xff\xff\xff\0\1");
    CHECK_WRITTEN(hd_write_copy_data(&w, B("1\t2\n")), "d\0\0\0\x08"
                                                       "1\t2\n");
    CHECK_WRITTEN(hd_write_copy_done(&w), "c\0\0\0\4");
    CHECK_WRITTEN(hd_write_copy_fail(&w, B("why")), "f\0\0\0\x08why\0");
    CHECK_REFUSED(hd_write_copy_fail(&w, B("w\0y")), HD_EINVAL);
    hd_writer_fini(&w);
}

static void
counts_of_16_bits(void)
{
    static const uint32_t oids[65536];
    static uint16_t formats[65536];
    hd_writer w = hd_writer_of(&hd_alloc_default);
    formats[0] = 1; /* not all alike */

    hd_write_parse(&w, B(""), B(""), oids, 65535);
    CHECK_EQ(w.rc, HD_OK);
    CHECK_EQ(w.n, 1 + 4 + 2 + 2 + 65535 * 4);
    hd_writer_rewind(&w, 0);
    CHECK_REFUSED(hd_write_parse(&w, B(""), B(""), oids, 65536), HD_EINVAL);
    hd_write_bind(&w, B(""), B(""), formats, 65535, B(""), formats, 65535);
    CHECK_EQ(w.rc, HD_OK);
    CHECK_EQ(w.n, 1 + 4 + 2 + 3 * 2 + 2 * 65535 * 2);
    hd_writer_rewind(&w, 0);
    CHECK_REFUSED(hd_write_bind(&w, B(""), B(""), formats, 65536, B(""), NULL, 0), HD_EINVAL);
    CHECK_REFUSED(hd_write_bind(&w, B(""), B(""), NULL, 0, B(""), formats, 65536), HD_EINVAL);
    CHECK_REFUSED(hd_write_function_call(&w, 1, formats, 65536, B(""), 0), HD_EINVAL);
    hd_writer_fini(&w);
}

static void
write_everything(const hd_alloc *alloc)
{
    static const uint16_t mixed[] = {0, 1};
    static const uint32_t oids[] = {23, 25};
    hd_span pairs[] = {B("user"), B("me")};
    hd_writer w = hd_writer_of(alloc);

    hd_write_startup(&w, 196608, pairs, 1);
    for (int i = 0; i < 50; i++) {
        hd_write_parse(&w, B("s"), B("select $1, $2"), oids, 2);
        hd_write_bind(&w, B(""), B("s"), mixed, 2, B("\0\0\0\1x\xff\xff\xff\xff"), mixed, 2);
        hd_write_execute(&w, B(""), 0);
        hd_write_sync(&w);
    }
    CHECK(w.rc == HD_OK || w.rc == HD_ENOMEM);
    CHECK(w.rc == HD_OK || w.n < 4096);
    hd_writer_fini(&w);
}

static void
writers_survive_allocation_failures(void)
{
    tap_fail_each_allocation(write_everything);
}

int
main(void)
{
    RUN(every_message_is_read);
    RUN(truncated_messages_are_refused);
    RUN(trailing_bytes_are_refused);
    RUN(altered_bytes_are_survived);
    RUN(lies_are_refused);
    RUN(contents_are_right);
    RUN(row_description_fields);
    RUN(data_row_values);
    RUN(diagnostics_fields);
    RUN(command_tags);
    RUN(startup_messages);
    RUN(query_messages);
    RUN(counts_of_16_bits);
    RUN(writers_survive_allocation_failures);
    return tap_done();
}
