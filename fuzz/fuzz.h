/* What the fuzz targets share. A target takes any bytes and must end without a sanitizer's complaint and with every
 * CHECK true. With libFuzzer it is searched, with replay_main.c it is run over its corpus in corpus/<room>/. */
#ifndef HD_FUZZ_H
#define HD_FUZZ_H

#include "bytes/reader.h"

#include <stdio.h>
#include <stdlib.h>

/* What libFuzzer calls; only the first is a must. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerInitialize(int *argc, char ***argv);
size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned int seed);

#define CHECK(condition)                                                                                             \
    do {                                                                                                             \
        if (!(condition)) {                                                                                          \
            fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition);                            \
            abort();                                                                                                 \
        }                                                                                                            \
    } while (0)

/* Numbers that an input determines (xorshift). */
typedef struct fuzz_random {
    uint32_t state;
} fuzz_random;

static inline fuzz_random
fuzz_random_of(uint32_t seed)
{
    return (fuzz_random){seed * 2654435761u + 1};
}

static inline uint32_t
fuzz_below(fuzz_random *r, uint32_t n)
{
    r->state ^= r->state << 13;
    r->state ^= r->state >> 17;
    r->state ^= r->state << 5;
    return r->state % n;
}

/* FNV-1a over what was seen, to compare two ways of seeing it. */
static inline uint64_t
fuzz_digest(uint64_t digest, const void *p, size_t n)
{
    const uint8_t *bytes = p;
    for (size_t i = 0; i < n; i++)
        digest = (digest ^ bytes[i]) * 0x100000001b3u;
    return digest;
}

#endif
