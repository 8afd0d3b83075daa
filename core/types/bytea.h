/* bytea: itself, or the hex or escape format of text (PostgreSQL documentation, 8.4 "Binary Data Types"). */
#ifndef HD_BYTEA_H
#define HD_BYTEA_H

#include "bytes/writer.h"

/* How many bytes a text stands for, if it is one. */
size_t hd_bytea_length(hd_span text);

/* Writes that many bytes. HD_EDATA: not a bytea. */
HD_MUSTCHECK hd_rc hd_bytea_from_text(hd_span text, uint8_t *dst);

/* In hex format. */
void hd_bytea_to_text(hd_writer *w, hd_span bytes);

#endif
