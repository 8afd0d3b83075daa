/* Hexadecimal digits, shared by bytea and uuid. */
#ifndef HD_HEX_H
#define HD_HEX_H

#include <stdint.h>

enum { HD_NOT_HEX = 0xff };

extern const uint8_t hd_hex_value[256]; /* of a digit in either case; HD_NOT_HEX for any other byte */
extern const char hd_hex_digit[16];

#endif
