/* inet and cidr: an address and how many of its bits name the network (PostgreSQL documentation, 8.9 "Network Address
 * Types"; network_out() and network_send()). */
#ifndef HD_NETWORK_H
#define HD_NETWORK_H

#include "bytes/reader.h"
#include "bytes/writer.h"

enum { HD_IPV4_LENGTH = 4, HD_IPV6_LENGTH = 16 }; /* bytes of an address */

typedef struct hd_network {
    uint8_t length;                  /* of the address: one of the two, which is the family as well */
    uint8_t bits;                    /* at most 8 * length */
    bool alone;                      /* no bits are shown: an inet that is just a host's address */
    uint8_t address[HD_IPV6_LENGTH]; /* `length` of them count */
} hd_network;

/* HD_EDATA: not an address with or without its bits, as the server spells them. Bits beyond the network's may be set,
 * for only cidr forbids them. */
HD_MUSTCHECK hd_rc hd_network_from_text(hd_span src, hd_network *v);
HD_MUSTCHECK hd_rc hd_network_from_binary(hd_span src, hd_network *v);

void hd_network_to_binary(hd_writer *w, const hd_network *v, bool is_cidr);

/* Whether bits are set that belong to no network of so many bits. */
bool hd_network_has_host_bits(const hd_network *v);

#endif
