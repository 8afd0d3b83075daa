/* The parameters of an execution: from what the caller passed to what travels, or to literals within the text. */
#ifndef HDPY_PARAMS_H
#define HDPY_PARAMS_H

#include "objects/request.h"

/* Dumps the parameters of the request's query into conn->values, oids and formats, and counts them in n. A raw query
 * takes as many as there are; another one those that its placeholders name. -1: an exception. */
int hdpy_dump_params(hdpy_connection *conn, hdpy_request *request, hdpy_settings *settings, PyObject *params,
                     size_t *n);

/* The request's query with its parameters as literals in their places, fit for hdpy_query_once(): a new reference. */
PyObject *hdpy_merge_params(hdpy_connection *conn, hdpy_request *request, hdpy_settings *settings, PyObject *params);

#endif
