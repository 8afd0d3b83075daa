/* PostgreSQL bytes to Python objects.
 *
 * A loader is a constant record; the plan of a statement holds one pointer per column and the hot loop calls it.
 * How to add a type family: docs/adding-a-type.md. */
#ifndef HDPY_LOAD_H
#define HDPY_LOAD_H

#include "adapt/edges.h"
#include "adapt/settings.h"
#include "wire/message.h"

typedef struct hdpy_adapters hdpy_adapters;
typedef struct hdpy_context hdpy_context;

typedef struct hdpy_load_ctx {
    hdpy_state *st;
    const hdpy_settings *settings; /* borrowed from the result */
    const hdpy_edges *edges;       /* never NULL */
    hdpy_adapters *adapters;       /* borrowed from whoever loads */
    hdpy_context *context;         /* for loaders written in Python */
    PyObject *owner;               /* of the context, or NULL */
    int depth;                     /* of values inside values: hdpy_load_enter() */
} hdpy_load_ctx;

typedef struct hdpy_loader hdpy_loader;

struct hdpy_loader {
    /* A new reference, or NULL with DataError set when the bytes are malformed or the value fits no Python object.
     * `src` is never NULL (a NULL value never reaches a loader) and lives only during the call. */
    PyObject *(*load)(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src);
    uint32_t item_oid; /* of what is inside: the elements of an array, the bounds of a range; 0: nothing, or untold */
    char delimiter;    /* arrays in text format: ',' but for box ';' */
    PyObject *data;    /* borrowed: what a loader made for one type knows of it */
};

/* The loader of a type found inside a value: the user's where one is registered. NULL with an exception. */
const hdpy_loader *hdpy_loader_for(hdpy_load_ctx *ctx, uint32_t oid, hd_format format);

/* Around the loading of what is inside a value, where its bytes say what that is: they could nest without end. False with
 * DataError set where they are too deep. */
bool hdpy_load_enter(hdpy_load_ctx *ctx);

static inline void
hdpy_load_leave(hdpy_load_ctx *ctx)
{
    ctx->depth--;
}

/* Loads from the text in UTF-8, under settings that say so: for text in which quotes and braces are looked for, where
 * ctx->settings->in_utf8 asks for it. */
PyObject *hdpy_load_in_utf8(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src);

/* A loader written in Python, whose key in the map is self->data. */
PyObject *hdpy_load_by_python(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src);

/* The built-in loader. Never NULL: an unknown type loads as str from text and as bytes from binary, as in psycopg. */
const hdpy_loader *hdpy_find_loader(uint32_t oid, hd_format format);

/* Whether the binary decoder gives, for every value, the very Python object that the text decoder gives under these
 * settings; only then may a result of unspecified format arrive in binary. */
bool hdpy_binary_is_exact(uint32_t oid, const hdpy_settings *settings);

/* Whether howdah itself has a loader for the type. */
bool hdpy_is_built_in(uint32_t oid);

/* The type of the elements if this is the array of a built-in type, else 0. */
uint32_t hdpy_item_of_array(uint32_t array_oid);

/* Raises DataError: "can't parse <type> <repr of the bytes, shortened>". Returns NULL. */
PyObject *hdpy_load_error(hdpy_load_ctx *ctx, const char *type_name, hd_span src);

#endif
