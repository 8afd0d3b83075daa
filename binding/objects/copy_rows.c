#include "objects/copy.h"

#include "adapt/core.h"
#include "module/errors.h"

enum {
    MOST_FIELDS = INT16_MAX,
    COPIED_BELOW = 4096, /* bytes of a message that are not worth holding on to a chunk */
};

/* ---- columns */

void
hdpy_copy_forget_columns(hdpy_copy *copy)
{
    for (size_t i = 0; i < copy->n_columns; i++)
        Py_CLEAR(copy->columns[i].dumper);
    PyMem_Free(copy->columns);
    copy->columns = NULL;
    copy->n_columns = 0;
    Py_CLEAR(copy->adapters);
}

/* The types are to be set. -1: not now, for by the columns a row may be adapted, by Python code. */
static int
check_setting(const hdpy_copy *copy)
{
    if (hdpy_copy_check(copy) < 0)
        return -1;
    if (!copy->lock.held)
        return 0;
    PyErr_SetString(copy->conn->st->ProgrammingError, "types cannot be set while something is being copied");
    return -1;
}

static int
make_columns(hdpy_copy *copy, size_t n)
{
    hdpy_copy_forget_columns(copy);
    copy->columns = PyMem_Calloc(n ? n : 1, sizeof(*copy->columns));
    if (copy->columns == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    copy->n_columns = n;
    for (size_t i = 0; i < n; i++)
        copy->columns[i].by_value = true;
    copy->adapters = (hdpy_adapters *)Py_NewRef((PyObject *)hdpy_context_adapters(&copy->cursor->context));
    return 0;
}

PyObject *
hdpy_copy_set_dumpers(PyObject *self, PyObject *dumpers)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    if (check_setting(copy) < 0)
        return NULL;
    if (!PyList_Check(dumpers)) {
        PyErr_SetString(PyExc_TypeError, "a list is needed");
        return NULL;
    }
    PyObject *given = PyList_AsTuple(dumpers); /* dumpers that are let go of may change the list */
    if (given == NULL)
        return NULL;
    size_t n = (size_t)PyTuple_GET_SIZE(given);
    int rc = make_columns(copy, n);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        hdpy_copy_column *column = &copy->columns[i];
        PyObject *dumper = PyTuple_GET_ITEM(given, (Py_ssize_t)i);
        column->by_value = dumper == Py_None;
        if (column->by_value)
            continue;
        column->dumper = Py_NewRef(dumper);
        if (Py_IS_TYPE(column->dumper, (PyTypeObject *)copy->conn->st->DumperCore))
            column->dump = &((hdpy_dumper_core *)column->dumper)->record;
    }
    Py_DECREF(given);
    if (rc < 0)
        return NULL;
    copy->typed = n != 0;
    Py_RETURN_NONE;
}

PyObject *
hdpy_copy_set_loaders(PyObject *self, PyObject *oids)
{
    HDPY_GUARD(((hdpy_copy *)self)->conn);
    hdpy_copy *copy = (hdpy_copy *)self;
    if (check_setting(copy) < 0)
        return NULL;
    if (!PyTuple_Check(oids)) {
        PyErr_SetString(PyExc_TypeError, "a tuple is needed");
        return NULL;
    }
    hdpy_copy_forget_columns(copy);
    Py_XSETREF(copy->oids, Py_NewRef(oids));
    copy->typed = true;
    Py_RETURN_NONE;
}

/* ---- rows out */

/* By a Dumper in Python: that of set_types(), or the one for the value. What it gives is NULL or is in *bytes. */
static int
dump_by_python(hdpy_copy *copy, hdpy_dump_ctx *ctx, const hdpy_copy_column *column, PyObject *obj, size_t at)
{
    hd_writer *w = &copy->rows;
    if (column->dumper == NULL) {
        hdpy_param param;
        return hdpy_dump_by_python(ctx, obj, copy->binary ? HDPY_AS_BINARY : HDPY_AS_TEXT, w, &param);
    }
    Py_buffer bytes;
    PyObject *data = PyObject_CallMethodOneArg(column->dumper, ctx->st->str_dump, obj);
    int rc = data ? 0 : -1;
    if (data == Py_None)
        hd_write_null(w);
    else if (data != NULL && (rc = PyObject_GetBuffer(data, &bytes, PyBUF_SIMPLE)) == 0) {
        hd_write_value_begin(w);
        hd_write_span(w, (hd_span){bytes.buf, (size_t)bytes.len});
        hd_write_value_end(w, at);
        PyBuffer_Release(&bytes);
    }
    Py_XDECREF(data);
    return rc;
}

/* What was written since `at` is a length word and a value, as in binary format: makes it a field of the text format. */
static void
turn_to_text(hd_writer *w, size_t at, hd_copy_encoding encoding)
{
    if (w->rc != HD_OK)
        return;
    hd_reader r = hd_reader_of((hd_span){w->p + at, w->n - at});
    bool null = hd_read_u32(&r) == UINT32_MAX;
    size_t n = r.left;
    memmove(w->p + at, r.p, n);
    w->n = at + n;
    if (null)
        hd_write_bytes(w, "\\N", 2);
    else
        hd_copy_escape(w, at, encoding);
}

/* The dumper for values of this type in this column: as last time, mostly. */
static int
choose_dumper(hdpy_copy *copy, hdpy_dump_ctx *ctx, hdpy_copy_column *column, PyObject *obj)
{
    hdpy_pyformat format = copy->binary ? HDPY_AS_BINARY : HDPY_AS_TEXT;
    PyObject *found = hdpy_adapters_dumper(ctx->st, ctx->adapters, Py_TYPE(obj), format); // borrowed
    if (found == NULL) {
        hdpy_param param;
        return PyErr_Occurred() ? -1 : hdpy_dump_value(ctx, obj, format, &copy->rows, &param); /* raises */
    }
    column->type = Py_TYPE(obj);
    column->dump =
        Py_IS_TYPE(found, (PyTypeObject *)ctx->st->DumperCore) ? &((hdpy_dumper_core *)found)->record : NULL;
    return 0;
}

/* Field i of the row: a new reference. NULL with RuntimeError where a dumper in Python, or another thread, has changed the
 * list under us. */
static inline PyObject *
item_of(PyObject *fast, size_t i)
{
    PyObject *obj = hdpy_item(fast, (Py_ssize_t)i);
    if (HD_UNLIKELY(obj == NULL))
        PyErr_SetString(PyExc_RuntimeError, "the row changed size while it was being adapted");
    return obj;
}

static int
format_text_field(hdpy_copy *copy, hdpy_dump_ctx *ctx, hdpy_copy_column *column, PyObject *obj,
                  hd_copy_encoding encoding)
{
    hd_writer *w = &copy->rows;
    hdpy_param param;
    if (obj == Py_None) {
        hd_write_bytes(w, "\\N", 2);
        return 0;
    }
    if (column->by_value && column->type != Py_TYPE(obj) && choose_dumper(copy, ctx, column, obj) < 0)
        return -1;
    size_t at = w->n;
    ctx->asked = HDPY_AS_TEXT;
    if (column->dump == NULL) {
        if (dump_by_python(copy, ctx, column, obj, at) < 0)
            return -1;
        turn_to_text(w, at, encoding);
        return 0;
    }
    if (column->dump->dump(column->dump, ctx, obj, w, &param) < 0)
        return -1;
    hd_copy_escape(w, at, encoding);
    return 0;
}

static int
format_text(hdpy_copy *copy, hdpy_dump_ctx *ctx, PyObject *fast)
{
    hd_writer *w = &copy->rows;
    hd_copy_encoding encoding = HD_COPY_SAFE;
    if (ctx->settings->in_utf8 != NULL) {
        const char *codec = PyUnicode_AsUTF8(ctx->settings->encoding);
        if (codec == NULL)
            return -1;
        encoding = hd_copy_encoding_of(codec);
    }
    for (size_t i = 0; i < copy->n_columns; i++) {
        PyObject *obj = item_of(fast, i);
        if (obj == NULL)
            return -1;
        if (i != 0)
            hd_write_u8(w, '\t');
        int rc = format_text_field(copy, ctx, &copy->columns[i], obj, encoding);
        Py_DECREF(obj);
        if (rc < 0)
            return -1;
    }
    hd_write_u8(w, '\n');
    return 0;
}

static inline int
format_binary_field(hdpy_copy *copy, hdpy_dump_ctx *ctx, hdpy_copy_column *column, PyObject *obj)
{
    hd_writer *w = &copy->rows;
    hdpy_param param;
    if (HD_UNLIKELY(obj == Py_None)) {
        hd_write_null(w);
        return 0;
    }
    if (column->by_value && column->type != Py_TYPE(obj) && choose_dumper(copy, ctx, column, obj) < 0)
        return -1;
    ctx->asked = HDPY_AS_BINARY;
    if (HD_UNLIKELY(column->dump == NULL))
        return dump_by_python(copy, ctx, column, obj, w->n);
    size_t at = hd_write_value_begin(w);
    if (column->dump->dump(column->dump, ctx, obj, w, &param) < 0)
        return -1;
    hd_write_value_end(w, at);
    return 0;
}

static int
format_binary(hdpy_copy *copy, hdpy_dump_ctx *ctx, PyObject *fast)
{
    hd_write_u16(&copy->rows, (uint16_t)copy->n_columns);
    for (size_t i = 0; i < copy->n_columns; i++) {
        PyObject *obj = item_of(fast, i);
        if (obj == NULL)
            return -1;
        int rc = format_binary_field(copy, ctx, &copy->columns[i], obj);
        Py_DECREF(obj);
        if (rc < 0)
            return -1;
    }
    return 0;
}

/* Makes the columns fit the row. */
static int
match_columns(hdpy_copy *copy, size_t n)
{
    if (copy->typed) {
        if (n == copy->n_columns)
            return 0;
        PyErr_Format(copy->conn->st->DataError, "expected %zu values in row, got %zu", copy->n_columns, n);
        return -1;
    }
    if (n > MOST_FIELDS) {
        PyErr_Format(copy->conn->st->DataError, "a row cannot have %zu values", n);
        return -1;
    }
    if (n == copy->n_columns && copy->adapters == hdpy_context_adapters(&copy->cursor->context))
        return 0;
    return make_columns(copy, n);
}

/* Room for the message's header, and the header of the binary format. */
static void
begin_rows(hdpy_copy *copy)
{
    static const char room[HDPY_COPY_HEADER];
    if (copy->rows.n == 0)
        hd_write_bytes(&copy->rows, room, sizeof(room));
    if (!copy->begun && copy->binary)
        hd_copy_write_header(&copy->rows);
    copy->begun = true;
}

int
hdpy_copy_format_row(hdpy_copy *copy, PyObject *row)
{
    PyObject *fast =
        PyTuple_CheckExact(row) ? Py_NewRef(row) : PySequence_Fast(row, "a row should be a sequence of values");
    if (fast == NULL)
        return -1;
    hdpy_settings *settings = hdpy_connection_settings(copy->conn);
    if (settings == NULL || match_columns(copy, (size_t)PySequence_Fast_GET_SIZE(fast)) < 0) {
        Py_DECREF(fast);
        return -1;
    }
    hdpy_adapters *adapters = (hdpy_adapters *)Py_NewRef((PyObject *)copy->adapters);
    Py_INCREF((PyObject *)settings);
    begin_rows(copy);
    copy->by_rows = true;
    size_t mark = copy->rows.n;
    hdpy_dump_ctx ctx =
        hdpy_dump_ctx_of(copy->conn->st, settings, adapters, &copy->cursor->context, (PyObject *)copy->cursor);
    int rc = copy->binary ? format_binary(copy, &ctx, fast) : format_text(copy, &ctx, fast);
    if (rc == 0 && HD_UNLIKELY(copy->rows.rc != HD_OK)) {
        hdpy_raise_rc(ctx.st, copy->rows.rc);
        rc = -1;
    }
    if (rc < 0)
        hd_writer_rewind(&copy->rows, mark);
    Py_DECREF((PyObject *)settings);
    Py_DECREF((PyObject *)adapters);
    Py_DECREF(fast);
    return rc;
}

int
hdpy_copy_append(hdpy_copy *copy, hd_span data)
{
    if (data.n == 0)
        return 0;
    copy->begun = true; /* whoever writes blocks brings the header along */
    begin_rows(copy);
    size_t mark = copy->rows.n;
    hd_write_span(&copy->rows, data);
    if (copy->rows.rc == HD_OK)
        return 0;
    hdpy_raise_rc(copy->conn->st, copy->rows.rc);
    hd_writer_rewind(&copy->rows, mark);
    return -1;
}

int
hdpy_copy_format_end(hdpy_copy *copy)
{
    if (!copy->binary || (copy->begun && !copy->by_rows))
        return 0;
    begin_rows(copy);
    hd_write_u16(&copy->rows, HD_COPY_TRAILER);
    if (copy->rows.rc == HD_OK)
        return 0;
    hdpy_raise_rc(copy->conn->st, copy->rows.rc);
    return -1;
}

/* ---- rows in */

/* Finds the columns' loaders, once. */
static int
find_loaders(hdpy_copy *copy)
{
    hdpy_state *st = copy->conn->st;
    size_t n = (size_t)Py_SIZE(copy->request->copy.result->description);
    if (copy->typed && (size_t)PyTuple_GET_SIZE(copy->oids) != n) {
        PyErr_Format(st->ProgrammingError, "cannot load sequence of %zu items: %zd loaders registered", n,
                     PyTuple_GET_SIZE(copy->oids));
        return -1;
    }
    if (make_columns(copy, n) < 0)
        return -1;
    for (size_t i = 0; i < n; i++) {
        unsigned long oid = 0;
        if (copy->typed)
            oid = PyLong_AsUnsignedLong(PyTuple_GET_ITEM(copy->oids, (Py_ssize_t)i));
        if (oid == (unsigned long)-1 && PyErr_Occurred()) {
            hdpy_copy_forget_columns(copy);
            return -1;
        }
        hd_format format = copy->binary ? HD_BINARY : HD_TEXT;
        copy->columns[i].load = hdpy_adapters_loader(st, copy->adapters, (uint32_t)oid, format);
        if (copy->columns[i].load == NULL) {
            hdpy_copy_forget_columns(copy);
            return -1;
        }
    }
    return 0;
}

static int
bad_row(hdpy_load_ctx *ctx, const char *what)
{
    PyErr_Format(ctx->st->DataError, "bad copy format: %s", what);
    return -1;
}

static PyObject *
load_field(const hdpy_copy_column *column, hdpy_load_ctx *ctx, hd_span field)
{
    return field.p ? column->load->load(column->load, ctx, field) : Py_NewRef(Py_None);
}

static int
load_text(hdpy_copy *copy, hdpy_load_ctx *ctx, hd_span data, PyObject *row)
{
    hd_copy_fields fields;
    const char *codec = ctx->settings->in_utf8 == NULL ? "" : PyUnicode_AsUTF8(ctx->settings->encoding);
    if (codec == NULL)
        return -1;
    if (hd_copy_fields_of(&fields, data, hd_copy_encoding_of(codec)) != HD_OK)
        return bad_row(ctx, "a row has no newline at its end");
    Py_ssize_t n = PyTuple_GET_SIZE(row);
    for (Py_ssize_t i = 0; i < n; i++) {
        hd_span field;
        hd_rc rc = hd_copy_fields_next(&fields, &copy->scratch, &field);
        if (rc == HD_ENOMEM) {
            PyErr_NoMemory();
            return -1;
        }
        if (rc != HD_OK)
            return bad_row(ctx, rc == HD_MORE ? "got a newline before the end of the row"
                                              : "an escape or a newline where none may be");
        PyObject *value = load_field(&copy->columns[i], ctx, field);
        if (value == NULL)
            return -1;
        PyTuple_SET_ITEM(row, i, value);
    }
    /* A row of no columns is an empty line, as is one of an empty column. */
    return fields.ended || n == 0 ? 0 : bad_row(ctx, "a row has more fields than columns");
}

static int
load_binary(hdpy_copy *copy, hdpy_load_ctx *ctx, hd_reader *r, PyObject *row)
{
    Py_ssize_t n = PyTuple_GET_SIZE(row);
    for (Py_ssize_t i = 0; i < n; i++) {
        uint32_t length = hd_read_u32(r);
        hd_span field = {NULL, 0};
        if (length != UINT32_MAX)
            field = hd_read_span(r, length);
        if (r->bad)
            break;
        PyObject *value = load_field(&copy->columns[i], ctx, field);
        if (value == NULL)
            return -1;
        PyTuple_SET_ITEM(row, i, value);
    }
    return hd_reader_done(r) ? 0 : bad_row(ctx, "a row is not as long as it says");
}

/* The header, if this message begins with it, and the number of fields; -1: an exception. */
static int
open_binary(hdpy_copy *copy, hd_reader *r)
{
    if (!copy->header_read) {
        if (hd_copy_read_header(r) != HD_OK) {
            PyErr_SetString(copy->conn->st->DataError, "binary copy doesn't start with the expected signature");
            return -1;
        }
        copy->header_read = true;
    }
    return r->left == 0 ? HD_COPY_TRAILER : hd_read_u16(r);
}

static PyObject *
load_row(hdpy_copy *copy, hdpy_settings *settings, hd_span data)
{
    hd_reader r = hd_reader_of(data);
    int count = copy->binary ? open_binary(copy, &r) : 0;
    if (count < 0)
        return NULL;
    if (count == HD_COPY_TRAILER)
        return Py_NewRef(Py_None);
    if (copy->adapters != hdpy_context_adapters(&copy->cursor->context) && find_loaders(copy) < 0)
        return NULL;
    hdpy_adapters *adapters = copy->adapters;
    hdpy_load_ctx ctx =
        hdpy_load_ctx_of(copy->conn->st, settings, adapters, &copy->cursor->context, (PyObject *)copy->cursor);
    if (copy->binary && (size_t)count != copy->n_columns) {
        bad_row(&ctx, "a row has other fields than columns");
        return NULL;
    }
    PyObject *row = PyTuple_New((Py_ssize_t)copy->n_columns);
    if (row == NULL)
        return NULL;
    Py_INCREF((PyObject *)adapters);
    if ((copy->binary ? load_binary(copy, &ctx, &r, row) : load_text(copy, &ctx, data, row)) < 0)
        Py_CLEAR(row);
    Py_DECREF((PyObject *)adapters);
    return row;
}

PyObject *
hdpy_copy_load_row(hdpy_copy *copy, hd_span data)
{
    hdpy_settings *settings = hdpy_connection_settings(copy->conn);
    if (settings == NULL)
        return NULL;
    /* A loader in Python may read on. */
    hd_chunk *chunk = hd_chunk_ref(copy->conn->session.in.chunk);
    Py_INCREF((PyObject *)settings);
    PyObject *row = load_row(copy, settings, data);
    Py_DECREF((PyObject *)settings);
    hd_chunk_unref(chunk);
    return row;
}

/* ---- blocks in */

/* What holds a chunk for a memoryview. */
typedef struct view {
    PyObject_HEAD
    hd_chunk *chunk;
    hd_span data;
} view;

static int
view_getbuffer(PyObject *self, Py_buffer *buffer, int flags)
{
    hd_span data = ((view *)self)->data;
    return PyBuffer_FillInfo(buffer, self, (void *)(uintptr_t)data.p, (Py_ssize_t)data.n, 1, flags);
}

static void
view_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    hd_chunk_unref(((view *)self)->chunk);
    PyObject_Free(self);
    Py_DECREF(type);
}

static PyType_Slot view_slots[] = {
    {Py_bf_getbuffer, view_getbuffer},
    {Py_tp_dealloc, view_dealloc},
    {0, NULL},
};

static PyType_Spec view_spec = {
    .name = "howdah._howdah.CopyData",
    .basicsize = sizeof(view),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = view_slots,
};

PyObject *
hdpy_copy_view(hdpy_copy *copy, hd_span data)
{
    PyObject *holder;
    if (data.n < COPIED_BELOW)
        holder = PyBytes_FromStringAndSize((const char *)data.p, (Py_ssize_t)data.n);
    else {
        view *v = PyObject_New(view, (PyTypeObject *)copy->conn->st->CopyData);
        holder = (PyObject *)v;
        if (v != NULL) {
            v->chunk = hd_chunk_ref(copy->conn->session.in.chunk);
            v->data = data;
        }
    }
    PyObject *seen = holder ? PyMemoryView_FromObject(holder) : NULL;
    Py_XDECREF(holder);
    return seen;
}

int
hdpy_copy_rows_init(hdpy_state *st, PyObject *module)
{
    st->CopyData = PyType_FromModuleAndSpec(module, &view_spec, NULL);
    return st->CopyData ? 0 : -1;
}
