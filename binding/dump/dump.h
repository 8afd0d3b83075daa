/* Python objects to PostgreSQL bytes. */
#ifndef HDPY_DUMP_H
#define HDPY_DUMP_H

#include "adapt/settings.h"
#include "bytes/writer.h"
#include "wire/message.h"

/* psycopg's PyFormat: what the placeholder asked for (%s, %t, %b). */
typedef enum hdpy_pyformat { HDPY_AUTO = 's', HDPY_AS_TEXT = 't', HDPY_AS_BINARY = 'b' } hdpy_pyformat;

typedef struct hdpy_adapters hdpy_adapters;
typedef struct hdpy_context hdpy_context;

typedef struct hdpy_dump_ctx {
    hdpy_state *st;
    const hdpy_settings *settings;
    hdpy_adapters *adapters; /* borrowed from whoever dumps */
    hdpy_context *context;   /* for dumpers written in Python */
    PyObject *owner;         /* of the context, or NULL */
    hdpy_pyformat asked;     /* of the value being dumped */
} hdpy_dump_ctx;

/* What travels beside the value. */
typedef struct hdpy_param {
    uint32_t oid; /* 0: the server infers the type */
    uint16_t format;
} hdpy_param;

typedef struct hdpy_dumper hdpy_dumper;

struct hdpy_dumper {
    /* Appends the value's bytes (no length word) to dst and fills in *param. 0, or -1 with an exception set. A sticky
     * error of dst is left to the caller. */
    int (*dump)(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param);
    uint32_t oid;   /* sent as this type; 0: as dump() says */
    PyObject *data; /* borrowed: what a dumper made for one type knows of it */
};

/* Finds the dumper and runs it, NULL included: writes length word and value. -1: ProgrammingError
 * ("cannot adapt type 'X' using placeholder '%s' (format: AUTO)") or what the dumper raised. */
int hdpy_dump_value(hdpy_dump_ctx *ctx, PyObject *obj, hdpy_pyformat format, hd_writer *dst, hdpy_param *param);

/* The same by a Dumper class written in Python. */
int hdpy_dump_by_python(hdpy_dump_ctx *ctx, PyObject *obj, hdpy_pyformat format, hd_writer *dst, hdpy_param *param);

/* `fits`; if not, with TypeError "cannot dump X as <type>". A Dumper class may be registered for any class of objects, so
 * those that look inside must ask. */
bool hdpy_dump_takes(bool fits, PyObject *obj, const char *type);

/* Writes what is in the client's encoding already, also where the dumping is in UTF-8. 0, or -1: UnicodeError. */
int hdpy_write_as_sent(const hdpy_settings *settings, hd_writer *dst, hd_span text);

/* Dumps in UTF-8, under settings that say so, and then gives the client's encoding to what is text: for text that is
 * quoted, where ctx->settings->in_utf8 asks for it. */
int hdpy_dump_in_utf8(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param);

#endif
