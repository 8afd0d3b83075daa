#include "bytes/base.h"

#include <stdlib.h>

static void *
default_resize(void *ctx, void *p, size_t n)
{
    (void)ctx;
    if (n == 0) {
        free(p);
        return NULL;
    }
    return realloc(p, n);
}

const hd_alloc hd_alloc_default = {default_resize, NULL};
