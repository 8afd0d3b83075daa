/* uuid: sixteen bytes, or their digits. */
#ifndef HD_UUID_H
#define HD_UUID_H

#include "bytes/writer.h"

enum { HD_UUID_LENGTH = 16 };

/* HD_EDATA: not 32 digits, with a hyphen after any four of them where one is wanted. */
HD_MUSTCHECK hd_rc hd_uuid_from_text(hd_span src, uint8_t uuid[HD_UUID_LENGTH]);

/* Digits alone, which the server reads too. */
void hd_uuid_to_text(hd_writer *w, const uint8_t uuid[HD_UUID_LENGTH]);

#endif
