#include "types/bytea.h"

#include "types/hex.h"

static bool
is_hex(hd_span text)
{
    return text.n >= 2 && text.p[0] == '\\' && text.p[1] == 'x';
}

/* In escape format: how long the sequence at i is, 0 where it is none. A backslash stands before another one, or before
 * three octal digits up to 377. */
static size_t
sequence_length(hd_span text, size_t i)
{
    if (text.p[i] != '\\')
        return 1;
    size_t left = text.n - i;
    if (left >= 2 && text.p[i + 1] == '\\')
        return 2;
    if (left < 4 || text.p[i + 1] < '0' || text.p[i + 1] > '3')
        return 0;
    for (size_t k = 2; k < 4; k++) {
        if (text.p[i + k] < '0' || text.p[i + k] > '7')
            return 0;
    }
    return 4;
}

size_t
hd_bytea_length(hd_span text)
{
    if (is_hex(text))
        return (text.n - 2) / 2;
    size_t n = 0;
    for (size_t i = 0; i < text.n; n++) {
        size_t length = sequence_length(text, i);
        i += length ? length : 1;
    }
    return n;
}

static hd_rc
from_hex(hd_span digits, uint8_t *dst)
{
    if (digits.n % 2 != 0)
        return HD_EDATA;
    uint8_t bad = 0;
    for (size_t i = 0; i < digits.n; i += 2) {
        uint8_t high = hd_hex_value[digits.p[i]];
        uint8_t low = hd_hex_value[digits.p[i + 1]];
        bad |= high | low; /* a digit's value has no bit beyond the fourth */
        *dst++ = (uint8_t)(high << 4 | (low & 15));
    }
    return bad > 15 ? HD_EDATA : HD_OK;
}

hd_rc
hd_bytea_from_text(hd_span text, uint8_t *dst)
{
    if (is_hex(text))
        return from_hex((hd_span){text.p + 2, text.n - 2}, dst);
    size_t length;
    for (size_t i = 0; i < text.n; i += length) {
        length = sequence_length(text, i);
        if (length == 0)
            return HD_EDATA;
        const uint8_t *p = text.p + i;
        *dst++ = length == 4 ? (uint8_t)((p[1] - '0') << 6 | (p[2] - '0') << 3 | (p[3] - '0')) : *p;
    }
    return HD_OK;
}

void
hd_bytea_to_text(hd_writer *w, hd_span bytes)
{
    if (bytes.n > HD_MESSAGE_MAX / 2) {
        if (w->rc == HD_OK)
            w->rc = HD_ETOOLARGE;
        return;
    }
    if (!hd_writer_reserve(w, 2 + 2 * bytes.n))
        return;
    uint8_t *dst = w->p + w->n;
    *dst++ = '\\';
    *dst++ = 'x';
    for (size_t i = 0; i < bytes.n; i++) {
        *dst++ = (uint8_t)hd_hex_digit[bytes.p[i] >> 4];
        *dst++ = (uint8_t)hd_hex_digit[bytes.p[i] & 15];
    }
    w->n += 2 + 2 * bytes.n;
}
