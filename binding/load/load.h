/* PostgreSQL bytes to Python objects.
 *
 * A loader is a constant record; the plan of a statement holds one pointer per column and the hot loop calls it.
 * How to add a type family: docs/adding-a-type.md. */
#ifndef HDPY_LOAD_H
#define HDPY_LOAD_H

#include "adapt/settings.h"
#include "wire/message.h"

typedef struct hdpy_load_ctx {
    hdpy_state *st;
    const hdpy_settings *settings; /* borrowed from the result */
} hdpy_load_ctx;

typedef struct hdpy_loader hdpy_loader;

struct hdpy_loader {
    /* A new reference, or NULL with DataError set when the bytes are malformed or the value fits no Python object.
     * `src` is never NULL (a NULL value never reaches a loader) and lives only during the call. */
    PyObject *(*load)(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src);
    const hdpy_loader *item; /* arrays: the loader of the elements */
    char delimiter;          /* arrays in text format: ',' but for box ';' */
};

/* Never NULL: an unknown type loads as str from text and as bytes from binary, as in psycopg. */
const hdpy_loader *hdpy_find_loader(uint32_t oid, hd_format format);

/* Whether the binary decoder gives, for every value, the very Python object that the text decoder gives under these
 * settings; only then may a result of unspecified format arrive in binary. */
bool hdpy_binary_is_exact(uint32_t oid, const hdpy_settings *settings);

/* Raises DataError: "can't parse <type> <repr of the bytes, shortened>". Returns NULL. */
PyObject *hdpy_load_error(hdpy_load_ctx *ctx, const char *type_name, hd_span src);

#endif
