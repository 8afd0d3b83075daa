#include "types/network.h"

#include "types/hex.h"
#include "types/scan.h"

/* The server's own numbers, which follow no machine's AF_INET6. */
enum { PGSQL_AF_INET = 2, PGSQL_AF_INET6 = 3 };

enum { GROUPS = 8 }; /* of an IPv6 address, two bytes each */

/* No leading zeros: elsewhere they mean octal. */
static uint8_t
scan_octet(hd_reader *r)
{
    bool zero = hd_scan_peek(r) == '0';
    size_t before = r->left;
    int64_t v = hd_scan_digits(r, 1, 3);
    if (v > 255 || (zero && before - r->left != 1))
        hd_scan_fail(r);
    return (uint8_t)v;
}

static void
scan_ipv4(hd_reader *r, uint8_t *address)
{
    for (int i = 0; i < HD_IPV4_LENGTH; i++) {
        if (i > 0)
            hd_scan_expect(r, '.');
        address[i] = scan_octet(r);
    }
}

/* How many of the next characters, five at most, are hexadecimal digits. */
static size_t
count_hex(const hd_reader *r)
{
    size_t n = 0;
    while (n < 5 && n < r->left && hd_hex_value[r->p[n]] != HD_NOT_HEX)
        n++;
    return n;
}

/* Groups up to the end of the address or to "::"; returns how many. The last two may be an IPv4 address. */
static int
scan_groups(hd_reader *r, uint8_t *address, int max)
{
    int n = 0;
    while (n < max) {
        size_t digits = count_hex(r);
        if (digits == 0 || digits > 4) {
            hd_scan_fail(r);
            return n;
        }
        if (digits < r->left && r->p[digits] == '.') {
            if (max - n < 2) {
                hd_scan_fail(r);
                return n;
            }
            scan_ipv4(r, address + 2 * n);
            if (hd_scan_peek(r) == ':')
                hd_scan_fail(r);
            return n + 2;
        }
        unsigned group = 0;
        for (size_t i = 0; i < digits; i++)
            group = group << 4 | hd_hex_value[r->p[i]];
        hd_read_span(r, digits);
        address[2 * n] = (uint8_t)(group >> 8);
        address[2 * n + 1] = (uint8_t)group;
        n++;
        if (n == max || hd_scan_peek(r) != ':' || (r->left > 1 && r->p[1] == ':'))
            break;
        hd_read_u8(r);
    }
    return n;
}

static void
scan_ipv6(hd_reader *r, uint8_t *address)
{
    memset(address, 0, HD_IPV6_LENGTH);
    int head = hd_scan_peek(r) == ':' ? 0 : scan_groups(r, address, GROUPS);
    if (head == GROUPS || r->bad)
        return;
    hd_scan_expect(r, ':');
    hd_scan_expect(r, ':'); /* at least one group of zeros */
    if (r->left == 0 || hd_scan_peek(r) == '/')
        return;
    uint8_t rest[HD_IPV6_LENGTH];
    int tail = scan_groups(r, rest, GROUPS - 1 - head);
    memcpy(address + 2 * (GROUPS - tail), rest, 2 * (size_t)tail);
}

hd_rc
hd_network_from_text(hd_span src, hd_network *v)
{
    hd_reader r = hd_reader_of(src);
    bool ipv6 = src.n != 0 && memchr(src.p, ':', src.n) != NULL;
    if (ipv6)
        scan_ipv6(&r, v->address);
    else
        scan_ipv4(&r, v->address);
    v->length = ipv6 ? HD_IPV6_LENGTH : HD_IPV4_LENGTH;
    int64_t bits = 8 * v->length;
    v->alone = !hd_scan_accept(&r, '/');
    if (!v->alone)
        bits = hd_scan_digits(&r, 1, 3);
    if (!hd_reader_done(&r) || bits > 8 * v->length)
        return HD_EDATA;
    v->bits = (uint8_t)bits;
    return HD_OK;
}

hd_rc
hd_network_from_binary(hd_span src, hd_network *v)
{
    hd_reader r = hd_reader_of(src);
    uint8_t family = hd_read_u8(&r);
    v->bits = hd_read_u8(&r);
    hd_read_u8(&r); /* whether it is a cidr: the column's type says so */
    v->length = hd_read_u8(&r);
    if (v->length != (family == PGSQL_AF_INET ? HD_IPV4_LENGTH : HD_IPV6_LENGTH) || v->bits > 8 * v->length ||
        (family != PGSQL_AF_INET && family != PGSQL_AF_INET6))
        return HD_EDATA;
    hd_span address = hd_read_span(&r, v->length);
    if (!hd_reader_done(&r))
        return HD_EDATA;
    memcpy(v->address, address.p, address.n);
    v->alone = v->bits == 8 * v->length;
    return HD_OK;
}

void
hd_network_to_binary(hd_writer *w, const hd_network *v, bool is_cidr)
{
    hd_write_u8(w, v->length == HD_IPV4_LENGTH ? PGSQL_AF_INET : PGSQL_AF_INET6);
    hd_write_u8(w, v->bits);
    hd_write_u8(w, is_cidr);
    hd_write_u8(w, v->length);
    hd_write_bytes(w, v->address, v->length);
}

bool
hd_network_has_host_bits(const hd_network *v)
{
    for (size_t i = v->bits / 8u; i < v->length; i++) {
        unsigned kept = i == v->bits / 8u ? v->bits % 8u : 0;
        if ((uint8_t)(v->address[i] << kept) != 0)
            return true;
    }
    return false;
}
