#include "plan/query.h"

#include "module/errors.h"

enum {
    LONGEST_CACHED = 64 * 1024, /* longer texts are hardly executed twice, and would fill the memory */
    MOST_COUNTED = 256,
};

int
hdpy_query_cache_setup(hdpy_query_cache *cache)
{
    *cache = (hdpy_query_cache){.prepare_threshold = 5, .prepared_max = 100};
    cache->plain = PyDict_New();
    cache->parametric = PyDict_New();
    return cache->plain && cache->parametric ? 0 : -1;
}

void
hdpy_query_cache_fini(hdpy_query_cache *cache)
{
    Py_CLEAR(cache->plain);
    Py_CLEAR(cache->parametric);
    PyMem_Free(cache->closing);
    cache->closing = NULL;
    cache->n_closing = cache->closing_capacity = 0;
}

void
hdpy_statement_unref(hdpy_statement *stmt)
{
    if (stmt == NULL || --stmt->refs != 0)
        return;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(stmt->shapes); i++)
        Py_XDECREF((PyObject *)stmt->shapes[i]);
    PyMem_Free(stmt);
}

/* ---- forgetting */

static void
note_closing(hdpy_query_cache *cache, uint32_t number)
{
    if (cache->n_closing == cache->closing_capacity) {
        size_t capacity = cache->closing_capacity ? cache->closing_capacity * 2 : 8;
        uint32_t *closing = PyMem_Realloc(cache->closing, capacity * sizeof(*closing));
        if (closing == NULL)
            return; /* the server keeps one statement too many; nothing is wrong with that */
        cache->closing = closing;
        cache->closing_capacity = capacity;
    }
    cache->closing[cache->n_closing++] = number;
}

/* Takes the statement out of its query, and the query out of the cache with its last statement. */
static void
evict(hdpy_query_cache *cache, hdpy_statement *stmt)
{
    hdpy_query *query = stmt->query;
    if (stmt->entry.number != 0)
        note_closing(cache, stmt->entry.number);
    hd_statements_drop(&cache->statements, &stmt->entry);
    stmt->entry.number = 0;
    stmt->entry.ready = false;
    for (hdpy_statement **at = &query->statements; *at != NULL; at = &(*at)->next) {
        if (*at == stmt) {
            *at = stmt->next;
            break;
        }
    }
    hdpy_statement_unref(stmt);
    if (query->statements == NULL && query->cached) {
        PyObject *dict = query->parametric ? cache->parametric : cache->plain;
        query->cached = false;
        if (PyDict_DelItem(dict, query->key) < 0)
            PyErr_Clear();
    }
}

static void
trim(hdpy_query_cache *cache)
{
    hd_statement *old;
    if (cache->prepared_max >= 0) {
        while ((old = hd_statements_excess(&cache->statements.prepared, (size_t)cache->prepared_max)))
            evict(cache, (hdpy_statement *)old);
    }
    while ((old = hd_statements_excess(&cache->statements.counted, MOST_COUNTED)))
        evict(cache, (hdpy_statement *)old);
}

void
hdpy_query_cache_clear(hdpy_query_cache *cache)
{
    hd_statement *old;
    while ((old = hd_statements_excess(&cache->statements.prepared, 0)))
        evict(cache, (hdpy_statement *)old);
    while ((old = hd_statements_excess(&cache->statements.counted, 0)))
        evict(cache, (hdpy_statement *)old);
}

static void
forget_shapes(hdpy_statement *stmt)
{
    stmt->described = false;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(stmt->shapes); i++)
        Py_CLEAR(stmt->shapes[i]);
}

void
hdpy_statement_lost(hdpy_query_cache *cache, hdpy_statement *stmt)
{
    if (stmt->entry.ready)
        note_closing(cache, stmt->entry.number);
    hd_statements_lost(&cache->statements, &stmt->entry);
    stmt->under_way = false;
    forget_shapes(stmt);
}

void
hdpy_query_cache_lost(hdpy_query_cache *cache, bool close)
{
    hd_statement *old;
    while ((old = hd_statements_excess(&cache->statements.prepared, 0)))
        hdpy_statement_lost(cache, (hdpy_statement *)old);
    if (!close)
        cache->n_closing = 0;
}

/* ---- statements */

bool
hdpy_statement_takes(const hdpy_statement *stmt, const uint32_t *oids, size_t n)
{
    return stmt->n_params == n && (n == 0 || memcmp(stmt->oids, oids, n * sizeof(*oids)) == 0);
}

static hdpy_statement *
new_statement(hdpy_query *query, const uint32_t *oids, size_t n)
{
    hdpy_statement *stmt = PyMem_Calloc(1, sizeof(*stmt) + n * sizeof(*oids));
    if (stmt == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    stmt->refs = 1;
    stmt->query = query;
    stmt->n_params = n;
    if (n != 0)
        memcpy(stmt->oids, oids, n * sizeof(*oids));
    return stmt;
}

hdpy_statement *
hdpy_statement_get(hdpy_query_cache *cache, hdpy_query *query, const uint32_t *oids, size_t n, int prepare)
{
    hdpy_statement *stmt = query->statements;
    while (stmt != NULL && !hdpy_statement_takes(stmt, oids, n))
        stmt = stmt->next;
    /* prepare=False is to do without the prepared one as well: an unnamed one for this use only. */
    if (stmt != NULL && prepare == 0 && stmt->entry.number != 0)
        return new_statement(query, oids, n);
    if (stmt == NULL) {
        stmt = new_statement(query, oids, n);
        if (stmt == NULL)
            return NULL;
        stmt->next = query->statements;
        query->statements = stmt;
    }
    stmt->refs++;
    if (query->cached) {
        bool wanted = prepare > 0 || (prepare < 0 && cache->prepare_threshold >= 0 &&
                                      (long)stmt->entry.uses >= cache->prepare_threshold);
        if (cache->prepared_max == 0)
            wanted = false;
        hd_statements_use(&cache->statements, &stmt->entry, wanted);
        trim(cache);
    }
    return stmt;
}

/* ---- queries */

static void
raise_placeholder_error(hdpy_state *st, const hd_query_error *error)
{
    PyObject *message = PyUnicode_DecodeUTF8(error->message, (Py_ssize_t)strlen(error->message), "replace");
    if (message != NULL) {
        PyErr_SetObject(st->ProgrammingError, message);
        Py_DECREF(message);
    }
}

PyObject *
hdpy_query_text(PyObject *query, PyObject *context)
{
    if (PyUnicode_Check(query) || PyBytes_Check(query))
        return Py_NewRef(query);
    PyObject *as_bytes = PyObject_GetAttrString(query, "as_bytes");
    if (as_bytes == NULL) {
        if (PyErr_ExceptionMatches(PyExc_AttributeError))
            PyErr_Format(PyExc_TypeError, "the query should be a string, bytes or an sql object, got %.200s instead",
                         Py_TYPE(query)->tp_name);
        return NULL;
    }
    PyObject *text = PyObject_CallOneArg(as_bytes, context);
    Py_DECREF(as_bytes);
    if (text != NULL && !PyBytes_Check(text)) {
        PyErr_Format(PyExc_TypeError, "as_bytes() of a query should return bytes, got %.200s instead",
                     Py_TYPE(text)->tp_name);
        Py_CLEAR(text);
    }
    return text;
}

/* The codec of the server's texts, or NULL where they are UTF-8, or any bytes at all (SQL_ASCII). */
static const char *
codec_of(const hdpy_settings *settings)
{
    return settings->utf8 || settings->bytes_only ? NULL : PyUnicode_AsUTF8(settings->encoding);
}

/* The text as UTF-8, to be parsed: in Shift JIS, Big5 or GBK a backslash's byte may be the end of another character.
 * *codec becomes NULL for bytes that aren't in the encoding, which are the server's to judge. */
static PyObject *
to_utf8(const char **codec, PyObject *text)
{
    if (PyUnicode_Check(text))
        return PyUnicode_AsUTF8String(text);
    if (*codec == NULL)
        return Py_NewRef(text);
    PyObject *str = PyUnicode_Decode(PyBytes_AS_STRING(text), PyBytes_GET_SIZE(text), *codec, NULL);
    if (str == NULL && PyErr_ExceptionMatches(PyExc_UnicodeDecodeError)) {
        PyErr_Clear();
        *codec = NULL;
        return Py_NewRef(text);
    }
    PyObject *utf8 = str ? PyUnicode_AsUTF8String(str) : NULL;
    Py_XDECREF(str);
    return utf8;
}

static PyObject *
from_utf8(const char *codec, const char *text, size_t n)
{
    if (codec == NULL)
        return PyBytes_FromStringAndSize(text, (Py_ssize_t)n);
    PyObject *str = PyUnicode_DecodeUTF8(text, (Py_ssize_t)n, NULL);
    PyObject *encoded = str ? PyUnicode_AsEncodedString(str, codec, NULL) : NULL;
    Py_XDECREF(str);
    return encoded;
}

/* Fills in sql, parsed and batch. */
static int
parse(hdpy_state *st, const hdpy_settings *settings, hdpy_query *q, PyObject *given, bool with_params)
{
    const char *codec = codec_of(settings);
    PyObject *utf8 = PyErr_Occurred() ? NULL : to_utf8(&codec, given);
    if (utf8 == NULL)
        return -1;
    hd_span text = {(const uint8_t *)PyBytes_AS_STRING(utf8), (size_t)PyBytes_GET_SIZE(utf8)};
    hd_writer rewritten = hd_writer_of(&hd_alloc_default);
    if (with_params) {
        hd_query_error error;
        hd_rc rc = hd_query_parse(&q->parsed, &rewritten, &hd_alloc_default, text, &error);
        if (rc == HD_OK) {
            text = hd_writer_span(&rewritten);
            q->sql = from_utf8(codec, (const char *)text.p, text.n);
            q->utf8 =
                codec ? PyBytes_FromStringAndSize((const char *)text.p, (Py_ssize_t)text.n) : Py_XNewRef(q->sql);
            if (q->utf8 == NULL)
                Py_CLEAR(q->sql);
        }
        else if (rc == HD_EINVAL)
            raise_placeholder_error(st, &error);
        else
            hdpy_raise_rc(st, rc);
    }
    else
        q->sql = codec == NULL ? Py_NewRef(utf8) : from_utf8(codec, (const char *)text.p, text.n);
    q->batch = q->sql != NULL && q->parsed.n_params == 0 && hd_sql_is_batch(text);
    hd_writer_fini(&rewritten);
    Py_DECREF(utf8);
    return q->sql ? 0 : -1;
}

static hdpy_query *
new_query(hdpy_state *st, const hdpy_settings *settings, PyObject *query, bool with_params)
{
    hdpy_query *q = PyObject_New(hdpy_query, (PyTypeObject *)st->Query);
    if (q == NULL)
        return NULL;
    q->key = Py_NewRef(query);
    q->sql = q->utf8 = NULL;
    q->parsed = (hd_query){0};
    q->parametric = with_params;
    q->batch = q->cached = false;
    q->statements = NULL;
    if (parse(st, settings, q, query, with_params) < 0)
        Py_CLEAR(q);
    return q;
}

hdpy_query *
hdpy_query_once(hdpy_state *st, const hdpy_settings *settings, PyObject *sql)
{
    return new_query(st, settings, sql, false);
}

hdpy_query *
hdpy_query_get(hdpy_state *st, hdpy_query_cache *cache, const hdpy_settings *settings, PyObject *query,
               bool with_params)
{
    PyObject *dict = with_params ? cache->parametric : cache->plain;
    bool hashable = PyUnicode_CheckExact(query) || PyBytes_CheckExact(query);
    if (hashable) {
        PyObject *known = PyDict_GetItemWithError(dict, query); /* borrowed */
        if (known != NULL || PyErr_Occurred())
            return (hdpy_query *)Py_XNewRef(known);
    }
    hdpy_query *q = new_query(st, settings, query, with_params);
    if (q != NULL && hashable && !q->batch && PyBytes_GET_SIZE(q->sql) <= LONGEST_CACHED) {
        if (PyDict_SetItem(dict, query, (PyObject *)q) < 0) {
            Py_DECREF(q);
            return NULL;
        }
        q->cached = true;
    }
    return q;
}

/* ---- for those who compose queries */

static PyObject *
pieces_of(const hd_query *q, hd_span sql)
{
    PyObject *pieces = PyTuple_New((Py_ssize_t)q->n_places + 1);
    size_t from = 0;
    for (size_t i = 0; pieces != NULL && i <= q->n_places; i++) {
        size_t to = i < q->n_places ? q->places[i].at : sql.n;
        PyObject *piece = PyUnicode_DecodeUTF8((const char *)sql.p + from, (Py_ssize_t)(to - from), NULL);
        if (piece == NULL)
            Py_CLEAR(pieces);
        else
            PyTuple_SET_ITEM(pieces, (Py_ssize_t)i, piece);
        from = to + (i < q->n_places ? q->places[i].n : 0);
    }
    return pieces;
}

/* Which parameter stands behind each piece: its name, or its number from 0. */
static PyObject *
keys_of(const hd_query *q)
{
    PyObject *keys = PyTuple_New((Py_ssize_t)q->n_places);
    for (size_t i = 0; keys != NULL && i < q->n_places; i++) {
        size_t number = q->places[i].param;
        hd_span name = q->params[number].name;
        PyObject *key = q->named ? PyUnicode_DecodeUTF8((const char *)name.p, (Py_ssize_t)name.n, NULL)
                                 : PyLong_FromSize_t(number);
        if (key == NULL)
            Py_CLEAR(keys);
        else
            PyTuple_SET_ITEM(keys, (Py_ssize_t)i, key);
    }
    return keys;
}

static PyObject *
split_query(PyObject *module, PyObject *query)
{
    hdpy_state *st = hdpy_state_of_module(module);
    Py_ssize_t n;
    const char *text = PyUnicode_AsUTF8AndSize(query, &n);
    if (text == NULL)
        return NULL;
    hd_query parsed = {0};
    hd_query_error error;
    hd_writer sql = hd_writer_of(&hd_alloc_default);
    hd_rc rc = hd_query_parse(&parsed, &sql, &hd_alloc_default, (hd_span){(const uint8_t *)text, (size_t)n}, &error);
    PyObject *split = NULL;
    if (rc == HD_OK)
        split = Py_BuildValue("NN", pieces_of(&parsed, hd_writer_span(&sql)), keys_of(&parsed));
    else if (rc == HD_EINVAL)
        raise_placeholder_error(st, &error);
    else
        hdpy_raise_rc(st, rc);
    hd_query_fini(&parsed, &hd_alloc_default);
    hd_writer_fini(&sql);
    return split;
}

static PyMethodDef functions[] = {
    {"split_query", split_query, METH_O,
     PyDoc_STR("split_query($module, query, /)\n--\n\n"
               "The text around a query's placeholders, and which parameter each is: its name, or its number.")},
    {NULL},
};

static void
query_dealloc(PyObject *self)
{
    hdpy_query *q = (hdpy_query *)self;
    PyTypeObject *type = Py_TYPE(self);
    while (q->statements != NULL) {
        hdpy_statement *stmt = q->statements;
        q->statements = stmt->next;
        hdpy_statement_unref(stmt);
    }
    hd_query_fini(&q->parsed, &hd_alloc_default);
    Py_XDECREF(q->key);
    Py_XDECREF(q->sql);
    Py_XDECREF(q->utf8);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyType_Slot slots[] = {
    {Py_tp_dealloc, query_dealloc},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.Query",
    .basicsize = sizeof(hdpy_query),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int
hdpy_query_init(hdpy_state *st, PyObject *module)
{
    st->Query = PyType_FromModuleAndSpec(module, &spec, NULL);
    return st->Query ? PyModule_AddFunctions(module, functions) : -1;
}
