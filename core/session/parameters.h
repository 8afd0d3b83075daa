/* The server's reported settings (ParameterStatus), last value each. */
#ifndef HD_PARAMETERS_H
#define HD_PARAMETERS_H

#include "bytes/base.h"

typedef struct hd_parameter {
    char *name; /* owned; the value follows in the same block */
    char *value;
} hd_parameter;

typedef struct hd_parameters {
    hd_parameter *items;
    size_t count;
    size_t capacity;
    uint32_t version; /* grows with every change */
    const hd_alloc *alloc;
} hd_parameters;

static inline hd_parameters
hd_parameters_of(const hd_alloc *alloc)
{
    return (hd_parameters){NULL, 0, 0, 0, alloc};
}

void hd_parameters_fini(hd_parameters *ps);

/* HD_ENOMEM, or HD_EPROTO when the server reports more names than any server has. */
HD_MUSTCHECK hd_rc hd_parameters_set(hd_parameters *ps, hd_span name, hd_span value);

/* The value, NUL-terminated, or NULL; lives until the next set. */
const char *hd_parameters_get(const hd_parameters *ps, const char *name);

#endif
