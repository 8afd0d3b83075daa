#include "session/parameters.h"

#include <string.h>

/* PostgreSQL 18 reports 15; extensions may add a few. A server that floods us must not eat memory. */
enum { MOST_PARAMETERS = 1000, FIRST_CAPACITY = 16 };

void
hd_parameters_fini(hd_parameters *ps)
{
    for (size_t i = 0; i < ps->count; i++)
        hd_release(ps->alloc, ps->items[i].name);
    hd_release(ps->alloc, ps->items);
    *ps = hd_parameters_of(ps->alloc);
}

static hd_parameter *
find(const hd_parameters *ps, const char *name, size_t n)
{
    for (size_t i = 0; i < ps->count; i++) {
        if (strlen(ps->items[i].name) == n && memcmp(ps->items[i].name, name, n) == 0)
            return &ps->items[i];
    }
    return NULL;
}

hd_rc
hd_parameters_set(hd_parameters *ps, hd_span name, hd_span value)
{
    hd_parameter *item = find(ps, (const char *)name.p, name.n);
    if (item == NULL && ps->count == MOST_PARAMETERS)
        return HD_EPROTO;
    if (item == NULL && ps->count == ps->capacity) {
        size_t capacity = ps->capacity ? ps->capacity * 2 : FIRST_CAPACITY;
        hd_parameter *items = hd_resize(ps->alloc, ps->items, capacity * sizeof(*items));
        if (items == NULL)
            return HD_ENOMEM;
        ps->items = items;
        ps->capacity = capacity;
    }
    char *block = hd_resize(ps->alloc, NULL, name.n + value.n + 2);
    if (block == NULL)
        return HD_ENOMEM;
    memcpy(block, name.p, name.n);
    block[name.n] = 0;
    memcpy(block + name.n + 1, value.p, value.n);
    block[name.n + 1 + value.n] = 0;
    if (item == NULL)
        item = &ps->items[ps->count++];
    else
        hd_release(ps->alloc, item->name);
    item->name = block;
    item->value = block + name.n + 1;
    ps->version++;
    return HD_OK;
}

const char *
hd_parameters_get(const hd_parameters *ps, const char *name)
{
    const hd_parameter *item = find(ps, name, strlen(name));
    return item ? item->value : NULL;
}
