/* What is registered where values are adapted: psycopg's AdaptersMap, and the contexts that have one.
 *
 * An hdpy_adapters is an immutable snapshot. A map replaces its snapshot at every registration, so whoever holds one (a
 * connection, a cursor, a description, a cached plan) learns by comparing pointers whether anything has changed. */
#ifndef HDPY_ADAPTERS_H
#define HDPY_ADAPTERS_H

#include "dump/dump.h"
#include "load/load.h"

struct hdpy_adapters {
    PyObject_HEAD
    PyObject *overlay;       /* dict: oid << 1 | format to a Loader class, where it is not load/types.def's */
    PyObject *dumpers;       /* tuple of dicts, as hdpy_dumpers_of(): class or "module.qualname" to a Dumper class */
    PyObject *rest;          /* what AdaptersMap keeps beside them */
    PyObject *edge_names;    /* tuple of three str: the arguments of hdpy_edges_set() */
    hdpy_edges edges;        /* the same */
    long long none_oid;      /* what None is sent as; -1: it cannot be */
    bool bare;               /* the map was made empty: it knows no built-in loader either */
    PyObject *found_loaders; /* dict: the key in overlay to a LoaderCore; filled as they are met */
    PyObject *found_dumpers[3]; /* dict: class to a DumperCore, or to a Dumper class without one */
    struct {
        PyTypeObject *type;
        PyObject *found;
    } recent[3][32]; /* some of found_dumpers, which hold them: found again without asking a dict (borrowed) */
};

/* A place with adapters of its own: a connection, a cursor, a Transformer. */
struct hdpy_context {
    hdpy_adapters *adapters; /* when it was made */
    PyObject *map;           /* its AdaptersMap, once somebody asked for it; or NULL */
    PyObject *transformer;   /* given to adapters written in Python, once one is met; or NULL */
};

/* Takes over what is registered now in `like`, or globally (NULL). 0, or -1 with RuntimeError during import. */
int hdpy_context_init(hdpy_context *c, hdpy_state *st, const hdpy_context *like);
void hdpy_context_clear(hdpy_context *c);
#define HDPY_CONTEXT_VISIT(c)                                                                                        \
    do {                                                                                                             \
        Py_VISIT((PyObject *)(c)->adapters);                                                                         \
        Py_VISIT((c)->map);                                                                                          \
        Py_VISIT((c)->transformer);                                                                                  \
    } while (0)

/* What is registered now (borrowed). */
hdpy_adapters *hdpy_context_adapters(const hdpy_context *c);

/* The AdaptersMap of the context: a new reference. `parent`: the map whose registry of types it starts from, or NULL for
 * the global one. */
PyObject *hdpy_context_map(hdpy_context *c, hdpy_state *st, PyObject *parent);

/* Makes the context use this map. -1: TypeError. */
int hdpy_context_set_map(hdpy_context *c, hdpy_state *st, PyObject *map);

/* The Transformer for adapters written in Python; borrowed from the context. `owner` is the object that has the context,
 * or NULL. */
PyObject *hdpy_context_transformer(hdpy_context *c, hdpy_state *st, PyObject *owner);

/* For a value or a row: the context must outlive it, and `adapters` be held by the caller. */
static inline hdpy_load_ctx
hdpy_load_ctx_of(hdpy_state *st, const hdpy_settings *settings, hdpy_adapters *adapters, hdpy_context *context,
                 PyObject *owner)
{
    return (hdpy_load_ctx){.st = st,
                           .settings = settings,
                           .edges = &adapters->edges,
                           .adapters = adapters,
                           .context = context,
                           .owner = owner};
}

static inline hdpy_dump_ctx
hdpy_dump_ctx_of(hdpy_state *st, const hdpy_settings *settings, hdpy_adapters *adapters, hdpy_context *context,
                 PyObject *owner)
{
    return (hdpy_dump_ctx){.st = st, .settings = settings, .adapters = adapters, .context = context, .owner = owner};
}

/* The loader of a type among these adapters, living as long as they do; NULL with an exception. */
const hdpy_loader *hdpy_adapters_loader(hdpy_state *st, hdpy_adapters *a, uint32_t oid, hd_format format);

/* hdpy_binary_is_exact(), and nothing registered for the type or for what is inside it. */
bool hdpy_adapters_binary_is_exact(const hdpy_adapters *a, uint32_t oid, const hdpy_settings *settings);

/* The DumperCore or the Dumper class for instances of a class (borrowed); NULL without an exception: there is none. */
PyObject *hdpy_adapters_dumper(hdpy_state *st, hdpy_adapters *a, PyTypeObject *type, hdpy_pyformat format);

int hdpy_adapters_init(hdpy_state *st, PyObject *module);

#endif
