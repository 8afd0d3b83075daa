/* One result of a statement: its rows as they came, or only its command tag. */
#ifndef HDPY_RESULT_H
#define HDPY_RESULT_H

#include "plan/description.h"
#include "result/result.h"

/* libpq's ExecStatusType, as psycopg's pq.ExecStatus shows it. */
typedef enum hdpy_exec_status {
    HDPY_EMPTY_QUERY = 0,
    HDPY_COMMAND_OK = 1,
    HDPY_TUPLES_OK = 2,
    HDPY_COPY_OUT = 3,
    HDPY_COPY_IN = 4,
    HDPY_FATAL_ERROR = 7,
    HDPY_SINGLE_TUPLE = 9, /* some rows of a stream */
    HDPY_TUPLES_CHUNK = 12,
} hdpy_exec_status;

/* A command tag; longer ones than PostgreSQL's COMPLETION_TAG_BUFSIZE are cut. */
typedef struct hdpy_tag {
    uint8_t length;
    char text[65]; /* NUL-terminated */
} hdpy_tag;

static inline hdpy_tag
hdpy_tag_of(hd_span src)
{
    hdpy_tag tag = {.length = (uint8_t)(src.n < sizeof(tag.text) ? src.n : sizeof(tag.text) - 1)};
    memcpy(tag.text, src.p, tag.length);
    return tag;
}

typedef struct hdpy_result {
    PyObject_HEAD
    hd_result rows;
    hdpy_description *description; /* NULL for a command without rows */
    hdpy_settings *settings;       /* as they were when the result came */
    hdpy_exec_status status;
    int64_t affected; /* rows returned, or according to the command tag; -1 if it tells none */
    hdpy_tag tag;
    PyObject *error;     /* (bytes, dict of the fields) for one made by bare_result(); else NULL */
    bool cleared;        /* it shows nothing any more; the cursor has its rows all the same */
    size_t first, shown; /* of a stream: what Python sees of the rows */
} hdpy_result;

/* `description` may be NULL. */
hdpy_result *hdpy_result_new(hdpy_state *st, hdpy_settings *settings, hdpy_description *description);

/* Its name in libpq, without PGRES_. */
const char *hdpy_exec_status_name(hdpy_exec_status status);

/* The command tag came: the result is complete. -1: MemoryError. */
int hdpy_result_complete(hdpy_result *r, hdpy_exec_status status, hd_span tag);

int hdpy_result_init(hdpy_state *st, PyObject *module);

#endif
