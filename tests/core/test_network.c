#include "hd_tap.h"

#include "types/network.h"

static void
check_text(const char *text, const char *address, size_t length, int bits, bool alone)
{
    hd_network v;
    uint8_t *p = tap_copy(tap_span(text));
    if (!tap_check(hd_network_from_text((hd_span){p, strlen(text)}, &v) == HD_OK, __FILE__, __LINE__,
                   "%s is no address", text))
        return;
    CHECK_SPAN(((hd_span){v.address, v.length}), ((hd_span){(const uint8_t *)address, length}));
    CHECK_EQ(v.bits, bits);
    CHECK_EQ(v.alone, alone);
    free(p);
}

#define CHECK_TEXT(text, address, bits, alone) check_text(text, address, sizeof(address) - 1, bits, alone)

static void
text(void)
{
    CHECK_TEXT("10.0.0.1", "\12\0\0\1", 32, true);
    CHECK_TEXT("0.0.0.0/0", "\0\0\0\0", 0, false);
    CHECK_TEXT("255.255.255.255/32", "\xff\xff\xff\xff", 32, false);
    CHECK_TEXT("192.168.0.7/24", "\xc0\xa8\0\7", 24, false);
    CHECK_TEXT("::", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 128, true);
    CHECK_TEXT("::/0", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 0, false);
    CHECK_TEXT("::1", "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 128, true);
    CHECK_TEXT("1::", "\0\1\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 128, true);
    CHECK_TEXT("2001:db8::a:b/64", "\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\xa\0\xb", 64, false);
    CHECK_TEXT("1:2:3:4:5:6:7:8", "\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\x8", 128, true);
    CHECK_TEXT("1:2:3:4:5:6:7::", "\0\1\0\2\0\3\0\4\0\5\0\6\0\7\0\0", 128, true);
    CHECK_TEXT("::2:3:4:5:6:7:8", "\0\0\0\2\0\3\0\4\0\5\0\6\0\7\0\x8", 128, true);
    CHECK_TEXT("ABCD:ef01:0:0:0:0:0:0/128", "\xab\xcd\xef\1\0\0\0\0\0\0\0\0\0\0\0\0", 128, false);
    CHECK_TEXT("::ffff:1.2.3.4", "\0\0\0\0\0\0\0\0\0\0\xff\xff\1\2\3\4", 128, true);
    CHECK_TEXT("::1.2.3.4/96", "\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\4", 96, false);
    CHECK_TEXT("1:2:3:4:5:6:7.8.9.10", "\0\1\0\2\0\3\0\4\0\5\0\6\7\x8\x9\xa", 128, true);
}

static void
malformed_text(void)
{
    static const char *const malformed[] = {
        "",
        "/",
        "1",
        "1.2.3",
        "1.2.3.",
        "1.2.3.4.",
        "1.2.3.4.5",
        "1.2.3.256",
        "1.2.3.04",
        "1.2.3.00",
        "1.2.3.-4",
        " 1.2.3.4",
        "1.2.3.4 ",
        "1.2.3.4/",
        "1.2.3.4/33",
        "1.2.3.4/-1",
        "1.2.3.4/0000",
        "1.2.3.4/24x",
        ":",
        ":::",
        "::/129",
        "1:",
        ":1",
        "1:2:3:4:5:6:7",
        "1:2:3:4:5:6:7:8:",
        "1:2:3:4:5:6:7:8:9",
        "1:2:3:4:5:6:7:8::",
        "1:2:3:4:5:6:7::8",
        "::1:2:3:4:5:6:7:8",
        "1::2::3",
        "::12345",
        "::g",
        "::1:",
        "1:2:3:4:5:6:7:1.2.3.4",
        "1.2.3.4::",
        "::1.2.3.4:5",
        "::1.2.3",
        "1:2:3:4:5:1.2.3.4",
        "fe80::1%eth0",
    };
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        hd_network v;
        uint8_t *p = tap_copy(tap_span(malformed[i]));
        tap_check(hd_network_from_text((hd_span){p, strlen(malformed[i])}, &v) == HD_EDATA, __FILE__, __LINE__,
                  "%s is an address", malformed[i]);
        free(p);
    }
}

static void
check_binary(hd_span src, hd_rc want, bool is_cidr)
{
    hd_network v;
    uint8_t *p = tap_copy(src);
    CHECK_EQ(hd_network_from_binary((hd_span){p, src.n}, &v), want);
    free(p);
    if (want != HD_OK)
        return;
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_network_to_binary(&w, &v, is_cidr);
    CHECK_SPAN(hd_writer_span(&w), src);
    CHECK_EQ(v.alone, v.bits == 8 * v.length);
    for (size_t n = 0; n < src.n; n++) {
        p = tap_copy((hd_span){src.p, n});
        CHECK_EQ(hd_network_from_binary((hd_span){p, n}, &v), HD_EDATA);
        free(p);
    }
    hd_writer_fini(&w);
}

static void
binary(void)
{
    check_binary(HD_SPAN_LITERAL("\2\x20\0\4\1\2\3\4"), HD_OK, false);
    check_binary(HD_SPAN_LITERAL("\2\x10\1\4\1\2\0\0"), HD_OK, true);
    check_binary(HD_SPAN_LITERAL("\3\x80\0\x10qwertyuiopasdfgh"), HD_OK, false);
    check_binary(HD_SPAN_LITERAL("\3\0\1\x10\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), HD_OK, true);
    check_binary(HD_SPAN_LITERAL("\2\x20\0\4\1\2\3\4x"), HD_EDATA, false);
    check_binary(HD_SPAN_LITERAL("\2\x21\0\4\1\2\3\4"), HD_EDATA, false);
    check_binary(HD_SPAN_LITERAL("\3\x81\0\x10qwertyuiopasdfgh"), HD_EDATA, false);
    check_binary(HD_SPAN_LITERAL("\2\x20\0\x10qwertyuiopasdfgh"), HD_EDATA, false);
    check_binary(HD_SPAN_LITERAL("\3\x20\0\4\1\2\3\4"), HD_EDATA, false);
    check_binary(HD_SPAN_LITERAL("\4\x20\0\x10qwertyuiopasdfgh"), HD_EDATA, false);
    check_binary(HD_SPAN_LITERAL("\0\0\0\0"), HD_EDATA, false);
}

static void
check_host_bits(const char *text, bool want)
{
    hd_network v;
    CHECK_EQ(hd_network_from_text(tap_span(text), &v), HD_OK);
    tap_check(hd_network_has_host_bits(&v) == want, __FILE__, __LINE__, "%s has host bits: %d", text, !want);
}

static void
host_bits(void)
{
    check_host_bits("10.0.0.0/8", false);
    check_host_bits("10.0.0.0/7", false);
    check_host_bits("10.0.0.0/6", true);
    check_host_bits("10.0.0.1/8", true);
    check_host_bits("0.0.0.0/0", false);
    check_host_bits("128.0.0.0/0", true);
    check_host_bits("255.255.255.255/32", false);
    check_host_bits("255.255.255.255/31", true);
    check_host_bits("2001:db8::/32", false);
    check_host_bits("2001:db8::1/127", true);
    check_host_bits("2001:db8::1", false);
}

int
main(void)
{
    RUN(text);
    RUN(malformed_text);
    RUN(binary);
    RUN(host_bits);
    return tap_done();
}
