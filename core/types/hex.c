#include "types/hex.h"

#define XX HD_NOT_HEX
#define X16 XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX, XX

const uint8_t hd_hex_value[256] = {
    X16, X16, X16, 0,  1,  2,  3,  4,  5,  6,  7,   8,   9,   XX,  XX,  XX,  XX,  XX,  XX,  XX, 10,
    11,  12,  13,  14, 15, XX, XX, XX, XX, XX, XX,  XX,  XX,  XX,  X16, XX,  10,  11,  12,  13, 14,
    15,  XX,  XX,  XX, XX, XX, XX, XX, XX, XX, X16, X16, X16, X16, X16, X16, X16, X16, X16,
};

const char hd_hex_digit[16] = "0123456789abcdef";
