/* Reads of a lane that are sent together and answered together, and what the end of that means to each. */
#ifndef HDPY_BATCH_H
#define HDPY_BATCH_H

#include "objects/read.h"

typedef struct hdpy_batch {
    hdpy_read_list reads;
    hdpy_request *end;         /* its Sync, or what describes a statement; NULL while it is open */
    hdpy_statement *describes; /* for which the reads wait; NULL: they are executed */
    int64_t sent;              /* hdpy_now_ns() */
    struct hdpy_batch *next;
} hdpy_batch;

/* NULL with an exception. */
hdpy_batch *hdpy_batch_new(void);
void hdpy_batch_free(hdpy_batch *batch);

/* Settles what has become of a read of an ended batch: read->error is set if it failed. False: it is to be asked again,
 * since another's error has aborted it, or for the first time, its statement being described now. */
bool hdpy_batch_conclude(hdpy_state *st, const hdpy_batch *batch, hdpy_read *read);

/* Something else than a read has travelled. */
bool hdpy_read_has_strayed(const hdpy_read *read);

#endif
