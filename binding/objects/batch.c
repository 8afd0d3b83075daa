#include "objects/batch.h"

#include "module/errors.h"

/* Described, executed, aborted by another's error; and described and executed anew if the statement was outdated. */
enum { MOST_ATTEMPTS = 5 };

hdpy_batch *
hdpy_batch_new(void)
{
    hdpy_batch *batch = PyMem_Calloc(1, sizeof(*batch));
    if (batch == NULL)
        PyErr_NoMemory();
    return batch;
}

void
hdpy_batch_free(hdpy_batch *batch)
{
    hdpy_reads_drop(&batch->reads);
    hdpy_request_unref(batch->end);
    hdpy_statement_unref(batch->describes);
    PyMem_Free(batch);
}

static bool
is_reading_tag(const hdpy_tag *tag)
{
    static const char *const words[] = {"SELECT", "SHOW", "EXPLAIN"};
    for (size_t i = 0; i < Py_ARRAY_LENGTH(words); i++) {
        if (strncmp(tag->text, words[i], strlen(words[i])) == 0)
            return true;
    }
    return false;
}

bool
hdpy_read_has_strayed(const hdpy_read *read)
{
    PyObject *results = read->request ? read->request->results : NULL;
    for (Py_ssize_t i = 0; results != NULL && i < PyList_GET_SIZE(results); i++) {
        if (!is_reading_tag(&((hdpy_result *)PyList_GET_ITEM(results, i))->tag))
            return true;
    }
    return false;
}

/* The request failed by no fault of its own, and nothing of it was executed. */
static bool
is_innocent(const hdpy_state *st, const hdpy_request *request)
{
    return request->error != NULL &&
           (request->outlived || PyErr_GivenExceptionMatches(request->error, st->PipelineAborted));
}

static PyObject *
error_of(PyObject *type, const char *text)
{
    PyErr_SetString(type, text);
    return hdpy_take_exception();
}

bool
hdpy_batch_conclude(hdpy_state *st, const hdpy_batch *batch, hdpy_read *read)
{
    const hdpy_request *request = read->request;
    PyObject *error = request ? request->error : NULL;
    bool unfinished = request ? is_innocent(st, request) : batch->end->error == NULL;
    if (unfinished && read->attempts < MOST_ATTEMPTS)
        return false;
    if (error == NULL) /* the Sync may have failed: what was read before it is not to be trusted then */
        error = batch->end->error;
    if (error != NULL)
        read->error = Py_NewRef(error);
    else if (request == NULL)
        read->error = error_of(st->OperationalError, "the server keeps forgetting the statement");
    else if (hdpy_read_has_strayed(read))
        read->error = error_of(st->ProgrammingError, "a read lane carries nothing but reads");
    return true;
}
