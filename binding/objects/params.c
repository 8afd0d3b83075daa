#include "objects/params.h"

#include "dump/dump.h"
#include "module/errors.h"

enum { MOST_PARAMS = 65535 }; /* Bind counts them in 16 bits */

/* What parameters become, and of which query. */
typedef struct target {
    hdpy_connection *conn;
    hdpy_dump_ctx ctx;
    const hd_query *parsed; /* NULL: a raw query, whose placeholders are the server's */
    bool literals;          /* text within the query */
    hd_writer *values;      /* the connection's, or for literals one of their own, for which no lock is needed */
} target;

/* Room for n parameters beside conn->values. */
static int
reserve_params(target *t, size_t n)
{
    hdpy_connection *conn = t->conn;
    if (t->literals || n <= conn->params_capacity)
        return 0;
    if (n > MOST_PARAMS) {
        PyErr_Format(conn->st->OperationalError, "the number of query parameters is %zu: PostgreSQL takes at most %d",
                     n, MOST_PARAMS);
        return -1;
    }
    uint32_t *oids = PyMem_Realloc(conn->oids, n * sizeof(*oids));
    if (oids != NULL)
        conn->oids = oids;
    uint16_t *formats = PyMem_Realloc(conn->formats, n * sizeof(*formats));
    if (formats != NULL)
        conn->formats = formats;
    if (oids == NULL || formats == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    conn->params_capacity = n;
    return 0;
}

/* The value as a literal, where its dumped bytes would be. */
static int
write_literal(target *t, PyObject *value)
{
    hdpy_dump_ctx *ctx = &t->ctx;
    PyObject *transformer = hdpy_context_transformer(ctx->context, ctx->st, ctx->owner); // borrowed
    PyObject *literal = transformer ? PyObject_CallMethodOneArg(transformer, ctx->st->str_as_literal, value) : NULL;
    Py_buffer bytes;
    if (literal == NULL || PyObject_GetBuffer(literal, &bytes, PyBUF_SIMPLE) < 0) {
        Py_XDECREF(literal);
        return -1;
    }
    size_t at = hd_write_value_begin(t->values);
    hd_write_span(t->values, (hd_span){bytes.buf, (size_t)bytes.len});
    hd_write_value_end(t->values, at);
    PyBuffer_Release(&bytes);
    Py_DECREF(literal);
    return 0;
}

static inline int
dump_one(target *t, size_t i, char format, PyObject *value)
{
    hdpy_connection *conn = t->conn;
    if (t->literals)
        return write_literal(t, value);
    hdpy_param param = {0, HD_TEXT};
    if (hdpy_dump_value(&t->ctx, value, (hdpy_pyformat)format, t->values, &param) < 0)
        return -1;
    conn->oids[i] = param.oid;
    conn->formats[i] = param.format;
    return 0;
}

static int
raise_missing(hdpy_connection *conn, const hd_query *parsed, PyObject *params)
{
    PyObject *missing = PyList_New(0);
    for (size_t i = 0; missing != NULL && i < parsed->n_params; i++) {
        hd_span name = parsed->params[i].name;
        PyObject *key = PyUnicode_DecodeUTF8((const char *)name.p, (Py_ssize_t)name.n, "replace");
        int has = key ? PyMapping_HasKey(params, key) : 1;
        if (!has && PyList_Append(missing, key) < 0)
            Py_CLEAR(missing);
        Py_XDECREF(key);
    }
    PyObject *comma = missing ? PyUnicode_FromString(", ") : NULL;
    PyObject *text = comma ? PyUnicode_Join(comma, missing) : NULL;
    if (text != NULL)
        PyErr_Format(conn->st->ProgrammingError, "query parameter missing: %U", text);
    Py_XDECREF(missing);
    Py_XDECREF(comma);
    Py_XDECREF(text);
    return -1;
}

static int
dump_mapping(target *t, PyObject *params)
{
    const hd_query *parsed = t->parsed;
    if (parsed->n_params != 0 && !parsed->named) {
        PyErr_SetString(PyExc_TypeError, "positional placeholders (%s) require a sequence of parameters");
        return -1;
    }
    for (size_t i = 0; i < parsed->n_params; i++) {
        hd_span name = parsed->params[i].name;
        PyObject *key = PyUnicode_DecodeUTF8((const char *)name.p, (Py_ssize_t)name.n, NULL);
        PyObject *value = key ? PyObject_GetItem(params, key) : NULL;
        Py_XDECREF(key);
        if (value == NULL) {
            if (!PyErr_ExceptionMatches(PyExc_KeyError))
                return -1;
            PyErr_Clear();
            return raise_missing(t->conn, parsed, params);
        }
        int rc = dump_one(t, i, parsed->params[i].format, value);
        Py_DECREF(value);
        if (rc < 0)
            return -1;
    }
    return 0;
}

static int
count_mismatch(const target *t, size_t n)
{
    size_t wanted = t->parsed->n_params;
    PyErr_Format(t->ctx.st->ProgrammingError, "the query has %zu placeholder%s but %zu parameter%s passed", wanted,
                 wanted == 1 ? "" : "s", n, n == 1 ? " was" : "s were");
    return -1;
}

static int
dump_sequence(target *t, PyObject *params, size_t *n)
{
    const hd_query *parsed = t->parsed;
    if (parsed != NULL && parsed->n_params != 0 && parsed->named) {
        PyErr_SetString(PyExc_TypeError, "named placeholders (%(name)s) require a mapping of parameters");
        return -1;
    }
    PyObject *fast = PySequence_Fast(params, "query parameters should be a sequence or a mapping");
    if (fast == NULL)
        return -1;
    *n = (size_t)PySequence_Fast_GET_SIZE(fast);
    int rc = parsed != NULL && *n != parsed->n_params ? count_mismatch(t, *n) : reserve_params(t, *n);
    for (size_t i = 0; rc == 0 && i < *n; i++) {
        PyObject *value = hdpy_item(fast, (Py_ssize_t)i);
        if (value == NULL) { /* a dumper in Python, or another thread, has changed the list under us */
            PyErr_SetString(PyExc_RuntimeError, "the parameters changed size while they were being adapted");
            rc = -1;
            break;
        }
        rc = dump_one(t, i, parsed ? (char)parsed->params[i].format : HDPY_AUTO, value);
        Py_DECREF(value);
    }
    Py_DECREF(fast);
    return rc;
}

static bool
is_mapping(PyObject *params)
{
    return PyDict_Check(params) || (PyMapping_Check(params) && PyObject_HasAttrString(params, "keys"));
}

/* Fills t->values, and the connection's oids and formats. */
static int
dump_params(target *t, PyObject *params, size_t *n)
{
    int rc;
    if (PyTuple_Check(params) || PyList_Check(params))
        rc = dump_sequence(t, params, n);
    else if (PyUnicode_Check(params) || PyBytes_Check(params) ||
             !(PyMapping_Check(params) || PySequence_Check(params))) {
        PyErr_Format(PyExc_TypeError, "query parameters should be a sequence or a mapping, got %.200s",
                     Py_TYPE(params)->tp_name);
        return -1;
    }
    else if (!is_mapping(params))
        rc = dump_sequence(t, params, n);
    else if (t->parsed == NULL) {
        PyErr_SetString(PyExc_TypeError, "raw queries require a sequence of parameters");
        return -1;
    }
    else {
        *n = t->parsed->n_params;
        rc = reserve_params(t, *n) < 0 ? -1 : dump_mapping(t, params);
    }
    if (rc == 0 && t->values->rc != HD_OK) {
        hdpy_raise_rc(t->ctx.st, t->values->rc);
        rc = -1;
    }
    return rc;
}

/* The same, among the adapters as they are now: one of them may be Python code that registers another, or changes the
 * session's settings. */
static int
adapt(hdpy_connection *conn, hdpy_request *request, hdpy_settings *settings, PyObject *params, hd_writer *values,
      size_t *n)
{
    hdpy_adapters *adapters = (hdpy_adapters *)Py_NewRef((PyObject *)hdpy_context_adapters(request->context));
    Py_INCREF((PyObject *)settings);
    target t = {
        .conn = conn,
        .ctx = hdpy_dump_ctx_of(conn->st, settings, adapters, request->context, request->owner),
        .parsed = request->binding == HDPY_BIND_RAW ? NULL : &request->query->parsed,
        .literals = values != &conn->values,
        .values = values,
    };
    int rc = dump_params(&t, params, n);
    Py_DECREF((PyObject *)settings);
    Py_DECREF((PyObject *)adapters);
    return rc;
}

int
hdpy_dump_params(hdpy_connection *conn, hdpy_request *request, hdpy_settings *settings, PyObject *params, size_t *n)
{
    hd_writer_rewind(&conn->values, 0);
    conn->dumps++;
    return adapt(conn, request, settings, params, &conn->values, n);
}

/* ---- literals in their places */

/* A literal in the encoding that places count in. Session encodings other than UTF-8 are rare here. */
static int
append_literal(hd_writer *dst, hdpy_settings *settings, hd_span literal)
{
    if (settings->utf8 || settings->bytes_only) {
        hd_write_span(dst, literal);
        return 0;
    }
    const char *codec = PyUnicode_AsUTF8(settings->encoding);
    PyObject *str = codec ? PyUnicode_Decode((const char *)literal.p, (Py_ssize_t)literal.n, codec, NULL) : NULL;
    Py_ssize_t n;
    const char *utf8 = str ? PyUnicode_AsUTF8AndSize(str, &n) : NULL;
    if (utf8 != NULL)
        hd_write_bytes(dst, utf8, (size_t)n);
    Py_XDECREF(str);
    return utf8 ? 0 : -1;
}

/* Puts the literals into their places. */
static int
write_merged(const hdpy_query *query, hdpy_settings *settings, hd_reader values, hd_span *literals, hd_writer *dst)
{
    hd_span text = {(const uint8_t *)PyBytes_AS_STRING(query->utf8), (size_t)PyBytes_GET_SIZE(query->utf8)};
    for (size_t i = 0; i < query->parsed.n_params; i++) {
        uint32_t length = hd_read_u32(&values);
        literals[i] = hd_read_span(&values, length);
    }
    size_t at = 0;
    for (size_t i = 0; i < query->parsed.n_places; i++) {
        hd_place place = query->parsed.places[i];
        hd_write_bytes(dst, text.p + at, place.at - at);
        if (append_literal(dst, settings, literals[place.param]) < 0)
            return -1;
        at = place.at + place.n;
    }
    hd_write_bytes(dst, text.p + at, text.n - at);
    return 0;
}

PyObject *
hdpy_merge_params(hdpy_connection *conn, hdpy_request *request, hdpy_settings *settings, PyObject *params)
{
    size_t n;
    hd_writer values = hd_writer_of(&hd_alloc_default), merged = hd_writer_of(&hd_alloc_default);
    hd_span *literals = NULL;
    PyObject *text = NULL;
    if (adapt(conn, request, settings, params, &values, &n) < 0)
        goto done;
    if ((literals = PyMem_New(hd_span, n ? n : 1)) == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    if (write_merged(request->query, settings, hd_reader_of(hd_writer_span(&values)), literals, &merged) < 0)
        goto done;
    if (merged.rc != HD_OK)
        hdpy_raise_rc(conn->st, merged.rc);
    else if (settings->utf8 || settings->bytes_only)
        text = PyBytes_FromStringAndSize((const char *)merged.p, (Py_ssize_t)merged.n);
    else
        text = PyUnicode_DecodeUTF8((const char *)merged.p, (Py_ssize_t)merged.n, NULL);
done:
    hd_writer_fini(&values);
    hd_writer_fini(&merged);
    PyMem_Free(literals);
    return text;
}
