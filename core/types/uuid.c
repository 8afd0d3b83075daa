#include "types/uuid.h"

#include "types/hex.h"

enum { DIGITS = 2 * HD_UUID_LENGTH };

hd_rc
hd_uuid_from_text(hd_span src, uint8_t uuid[HD_UUID_LENGTH])
{
    size_t digits = 0;
    for (size_t i = 0; i < src.n; i++) {
        if (src.p[i] == '-' && digits % 4 == 0 && digits != 0 && digits != DIGITS && src.p[i - 1] != '-')
            continue;
        uint8_t value = hd_hex_value[src.p[i]];
        if (value == HD_NOT_HEX || digits == DIGITS)
            return HD_EDATA;
        uint8_t *byte = &uuid[digits / 2];
        *byte = digits % 2 == 0 ? (uint8_t)(value << 4) : *byte | value;
        digits++;
    }
    return digits == DIGITS ? HD_OK : HD_EDATA;
}

void
hd_uuid_to_text(hd_writer *w, const uint8_t uuid[HD_UUID_LENGTH])
{
    if (!hd_writer_reserve(w, DIGITS))
        return;
    for (size_t i = 0; i < HD_UUID_LENGTH; i++) {
        w->p[w->n++] = (uint8_t)hd_hex_digit[uuid[i] >> 4];
        w->p[w->n++] = (uint8_t)hd_hex_digit[uuid[i] & 15];
    }
}
