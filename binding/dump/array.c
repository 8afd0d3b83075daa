#include "types/array.h"

#include "adapt/core.h"
#include "adapt/edges.h"
#include "dump/datetime.h"
#include "dump/integer.h"
#include "dump/types.h"
#include "types/integer.h"
#include "types/oid.h"

/* ---- walking nested lists, without recursion */

typedef enum event { ENTER, LEAVE, ITEM, END, TOO_DEEP } event;

typedef struct walk {
    PyObject *lists[HD_ARRAY_MAX_DIMS]; /* owned: a dumper written in Python may change what it was found in */
    Py_ssize_t at[HD_ARRAY_MAX_DIMS];   /* of the next element */
    int depth;                          /* of the list entered last; -1: none */
    PyObject *item;                     /* owned: the last one */
} walk;

static void
enter(walk *w, PyObject *list)
{
    w->depth++;
    w->lists[w->depth] = Py_NewRef(list);
    w->at[w->depth] = 0;
}

static walk
walk_of(PyObject *list)
{
    walk w = {.depth = -1};
    enter(&w, list);
    return w;
}

static void
walk_fini(walk *w)
{
    Py_CLEAR(w->item);
    for (; w->depth >= 0; w->depth--)
        Py_DECREF(w->lists[w->depth]);
}

/* A new reference, NULL past the end. */
static PyObject *
item_at(PyObject *list, Py_ssize_t at)
{
    return at < PyList_GET_SIZE(list) ? hdpy_item(list, at) : NULL;
}

static inline event
next(walk *w)
{
    Py_CLEAR(w->item);
    if (w->depth < 0)
        return END;
    PyObject *list = w->lists[w->depth];
    w->item = item_at(list, w->at[w->depth]++);
    if (w->item == NULL) {
        w->depth--;
        Py_DECREF(list);
        return LEAVE;
    }
    if (!PyList_Check(w->item))
        return ITEM;
    if (w->depth == HD_ARRAY_MAX_DIMS - 1)
        return TOO_DEEP;
    enter(w, w->item);
    return ENTER;
}

static int
too_deep(hdpy_dump_ctx *ctx)
{
    PyErr_Format(ctx->st->DataError, "cannot dump a list that is recursive or nested more than %d deep",
                 HD_ARRAY_MAX_DIMS);
    return -1;
}

/* ---- what the elements have in common */

typedef struct survey {
    /* None does not count, nor do the markers of infinity, which are of the type of the others. */
    PyTypeObject *type; /* borrowed: of every element; NULL if there is none, or more than one */
    PyObject *last;     /* owned: the last element */
    PyObject *last_of;  /* owned: a dict of type to its last element, made when a second type is met */
    bool big;           /* of those that are int: one is beyond int64_t */
    long long min;
    long long max;
} survey;

static bool
is_dumped_as_int(hdpy_dump_ctx *ctx, PyTypeObject *type, hdpy_pyformat format)
{
    PyObject *found = hdpy_adapters_dumper(ctx->st, ctx->adapters, type, format); // borrowed
    if (found == NULL || !Py_IS_TYPE(found, (PyTypeObject *)ctx->st->DumperCore))
        return false;
    const hdpy_dumper *record = &((hdpy_dumper_core *)found)->record;
    /* those of Int8, Oid and the like write the same text, and say their type */
    return record->dump == hdpy_dump_int_binary.dump || (record->dump == hdpy_dump_int_text.dump && record->oid == 0);
}

/* Subclasses of int that are sent as int is; those with a dumper of their own say their type themselves. */
static bool
are_ints(hdpy_dump_ctx *ctx, const survey *s, hdpy_pyformat format)
{
    return s->type != NULL && PyType_FastSubclass(s->type, Py_TPFLAGS_LONG_SUBCLASS) &&
           is_dumped_as_int(ctx, s->type, format);
}

static void
survey_fini(survey *s)
{
    Py_CLEAR(s->last);
    Py_CLEAR(s->last_of);
}

static inline void
measure(survey *s, PyObject *item)
{
    int overflow;
    long long v = hdpy_int_value(item, &overflow);
    s->big = s->big || overflow != 0;
    s->min = v < s->min ? v : s->min;
    s->max = v > s->max ? v : s->max;
}

/* Whether the list is flat and of one type, as most are, and what that comes to. False: look closer. */
static bool
look_at_flat(hdpy_dump_ctx *ctx, PyObject *list, survey *s)
{
    PyObject *item;
    bool ints = false;
    for (Py_ssize_t i = 0; (item = item_at(list, i)) != NULL; i++) {
        if (item == Py_None || hdpy_infinity_of(ctx->st, item) != 0) {
            Py_DECREF(item);
            continue;
        }
        if (s->last == NULL && !PyList_Check(item)) {
            s->type = Py_TYPE(item);
            ints = PyLong_Check(item);
        }
        if (Py_TYPE(item) != s->type) {
            Py_DECREF(item);
            survey_fini(s);
            *s = (survey){.type = NULL};
            return false;
        }
        if (ints)
            measure(s, item);
        Py_XSETREF(s->last, item);
    }
    return true;
}

static int
count_in(survey *s, PyObject *item)
{
    PyTypeObject *type = Py_TYPE(item);
    if (PyLong_Check(item))
        measure(s, item);
    if (s->last == NULL) {
        s->type = type;
    }
    else if (s->last_of == NULL && type != s->type) {
        if ((s->last_of = PyDict_New()) == NULL || PyDict_SetItem(s->last_of, (PyObject *)s->type, s->last) < 0)
            return -1;
        s->type = NULL;
    }
    Py_XSETREF(s->last, Py_NewRef(item));
    return s->last_of != NULL ? PyDict_SetItem(s->last_of, (PyObject *)type, item) : 0;
}

static int
look_at(hdpy_dump_ctx *ctx, PyObject *list, survey *s)
{
    if (look_at_flat(ctx, list, s))
        return 0;
    walk w = walk_of(list);
    event e;
    int rc = 0;
    while (rc == 0 && (e = next(&w)) != END) {
        if (e == TOO_DEEP)
            rc = too_deep(ctx);
        else if (e == ITEM && w.item != Py_None && hdpy_infinity_of(ctx->st, w.item) == 0)
            rc = count_in(s, w.item);
    }
    walk_fini(&w);
    return rc;
}

static int
mixed_types(hdpy_dump_ctx *ctx, survey *s)
{
    PyObject *names = PyList_New(0), *comma = PyUnicode_FromString(", "), *joined = NULL;
    PyObject *type, *item;
    Py_ssize_t at = 0;
    bool ok = names != NULL && comma != NULL;
    while (ok && PyDict_Next(s->last_of, &at, &type, &item)) {
        PyObject *name = PyObject_GetAttrString(type, "__name__");
        ok = name != NULL && PyList_Append(names, name) == 0;
        Py_XDECREF(name);
    }
    if (ok && PyList_Sort(names) == 0 && (joined = PyUnicode_Join(comma, names)) != NULL)
        PyErr_Format(ctx->st->DataError, "cannot dump lists of mixed types; got: %U", joined);
    Py_XDECREF(joined);
    Py_XDECREF(comma);
    Py_XDECREF(names);
    return -1;
}

/* The type that an element would be sent as. Leaves dst as it was. 0 or -1. */
static int
oid_of_item(hdpy_dump_ctx *ctx, PyObject *item, hdpy_pyformat format, hd_writer *dst, uint32_t *oid)
{
    hdpy_param param;
    size_t mark = dst->n;
    int rc = hdpy_dump_value(ctx, item, format, dst, &param);
    hd_writer_rewind(dst, mark);
    *oid = param.oid;
    return rc;
}

/* psycopg's rules: elements of one type; or of several that are sent as the same; ints as the widest needs. */
static int
oid_of_items(hdpy_dump_ctx *ctx, survey *s, hdpy_pyformat format, hd_writer *dst, uint32_t *oid)
{
    if (are_ints(ctx, s, format)) {
        if (s->big)
            *oid = HD_OID_NUMERIC;
        else if (s->min < INT32_MIN || s->max > INT32_MAX)
            *oid = HD_OID_INT8;
        else
            *oid = s->min < INT16_MIN || s->max > INT16_MAX ? HD_OID_INT4 : HD_OID_INT2;
        return 0;
    }
    if (s->type != NULL)
        return oid_of_item(ctx, s->last, format, dst, oid);

    PyObject *type, *item;
    Py_ssize_t at = 0;
    for (bool first = true; PyDict_Next(s->last_of, &at, &type, &item); first = false) {
        uint32_t other;
        if (oid_of_item(ctx, item, format, dst, &other) < 0)
            return -1;
        if (first)
            *oid = other;
        else if (other != *oid)
            return mixed_types(ctx, s);
    }
    return 0;
}

typedef struct array_type {
    uint32_t oid;
    char delimiter;
} array_type;

/* Of nothing that tells its type, or of strings, whose type the server infers: so is the array's. */
static const array_type UNTYPED = {0, ','};

/* What the registry of types says, where the type is none of PostgreSQL's own. 0 or -1. */
static int
find_registered(hdpy_dump_ctx *ctx, uint32_t item_oid, array_type *found)
{
    PyObject *transformer = hdpy_context_transformer(ctx->context, ctx->st, ctx->owner); // borrowed
    PyObject *pair = transformer ? PyObject_CallMethod(transformer, "_array_type", "I", (unsigned)item_oid) : NULL;
    unsigned int oid, delimiter;
    int rc = pair != NULL && PyArg_ParseTuple(pair, "II:_array_type", &oid, &delimiter) ? 0 : -1;
    Py_XDECREF(pair);
    if (rc == 0)
        *found = (array_type){oid, (char)delimiter};
    return rc;
}

static int
find_array_type(hdpy_dump_ctx *ctx, uint32_t item_oid, array_type *found)
{
    switch (item_oid) {
#define TYPE(type_oid, array_oid, text, binary, exact)                                                               \
    case type_oid:                                                                                                   \
        *found = (array_type){array_oid, type_oid == HD_OID_BOX ? ';' : ','};                                        \
        return 0;
#include "load/types.def"
#undef TYPE
    default:
        return find_registered(ctx, item_oid, found);
    }
}

/* ---- text: the server judges the shape */

/* True for an int of at most 64 bits, which is written. */
static bool
write_short_int(PyObject *item, hd_writer *dst)
{
    if (!PyLong_CheckExact(item))
        return false;
    int overflow;
    long long v = hdpy_int_value(item, &overflow);
    if (overflow == 0)
        hd_integer_to_text(dst, v);
    return overflow == 0;
}

enum { LENGTH_WORD = 4 };

/* Whether a dumper written in Python gave None. */
static bool
is_null(hd_span value)
{
    return value.n == LENGTH_WORD && value.p[0] == 0xff;
}

static int
write_text(hdpy_dump_ctx *ctx, PyObject *list, char delimiter, hd_writer *dst)
{
    hd_writer scratch = hd_writer_of(&hd_alloc_default);
    walk w = walk_of(list);
    hdpy_param param;
    int rc = 0;
    bool plain_ints = is_dumped_as_int(ctx, &PyLong_Type, HDPY_AS_TEXT);
    hd_write_u8(dst, '{');
    for (event e; rc == 0 && (e = next(&w)) != END;) {
        if (e == LEAVE) {
            hd_write_u8(dst, '}');
            continue;
        }
        /* a list just entered is an element of the one around it */
        Py_ssize_t at = w.at[e == ENTER ? w.depth - 1 : w.depth];
        if (at > 1)
            hd_write_u8(dst, (uint8_t)delimiter);
        if (e == ENTER) {
            hd_write_u8(dst, '{');
        }
        else if (e == TOO_DEEP) {
            rc = too_deep(ctx);
        }
        else if (w.item == Py_None) {
            hd_write_span(dst, HD_SPAN_LITERAL("NULL"));
        }
        else if (!plain_ints || !write_short_int(w.item, dst)) {
            hd_writer_rewind(&scratch, 0);
            rc = hdpy_dump_value(ctx, w.item, HDPY_AS_TEXT, &scratch, &param);
            hd_span item = hd_writer_span(&scratch);
            if (scratch.rc != HD_OK)
                dst->rc = scratch.rc;
            else if (rc == 0 && is_null(item))
                hd_write_span(dst, HD_SPAN_LITERAL("NULL"));
            else if (rc == 0)
                hd_array_write_item(dst, (hd_span){item.p + LENGTH_WORD, item.n - LENGTH_WORD}, delimiter);
        }
    }
    walk_fini(&w);
    hd_writer_fini(&scratch);
    return rc;
}

static int
dump_text(hdpy_dump_ctx *ctx, PyObject *list, hdpy_pyformat format, hd_writer *dst, hdpy_param *param)
{
    survey s = {.type = NULL};
    uint32_t oid = 0;
    int rc = look_at(ctx, list, &s);
    if (rc == 0 && s.last != NULL)
        rc = oid_of_items(ctx, &s, format, dst, &oid);
    survey_fini(&s);
    array_type type = UNTYPED;
    if (rc == 0 && oid != 0)
        rc = find_array_type(ctx, oid, &type);
    *param = (hdpy_param){type.oid, HD_TEXT};
    return rc < 0 ? -1 : write_text(ctx, list, type.delimiter, dst);
}

/* ---- binary: a box of elements of one type */

static int
find_dims(hdpy_dump_ctx *ctx, PyObject *list, hd_array_header *h)
{
    PyObject *l = Py_NewRef(list);
    int rc = 0;
    while (rc == 0 && PyList_Check(l)) {
        Py_ssize_t n = PyList_GET_SIZE(l);
        PyObject *first = item_at(l, 0);
        Py_SETREF(l, first ? first : Py_NewRef(Py_None));
        if (first == NULL || n == 0) {
            PyErr_SetString(ctx->st->DataError, "lists cannot contain empty lists");
            rc = -1;
        }
        else if (h->ndim == HD_ARRAY_MAX_DIMS)
            rc = too_deep(ctx);
        else
            h->dims[h->ndim++] = (uint32_t)n;
    }
    Py_DECREF(l);
    return rc;
}

/* An int as wide as the others are. */
static int
write_int(hdpy_dump_ctx *ctx, PyObject *item, uint32_t oid, hd_writer *dst)
{
    if (oid == HD_OID_NUMERIC) {
        hdpy_param param;
        size_t at = hd_write_value_begin(dst);
        int rc = hdpy_dump_big_int(ctx, item, HD_BINARY, dst, &param);
        hd_write_value_end(dst, at);
        return rc;
    }
    int overflow;
    long long v = hdpy_int_value(item, &overflow); /* the survey has seen that it fits */
    if (v == -1 && PyErr_Occurred())
        return -1;
    if (!hd_writer_reserve(dst, sizeof(uint32_t) + sizeof(uint64_t))) /* at most */
        return 0;
    if (oid == HD_OID_INT4) {
        hd_write_u64(dst, (uint64_t)4 << 32 | (uint32_t)v); /* length word and value */
    }
    else if (oid == HD_OID_INT2) {
        hd_write_u32(dst, 2);
        hd_write_u16(dst, (uint16_t)v);
    }
    else {
        hd_write_u32(dst, 8);
        hd_write_u64(dst, (uint64_t)v);
    }
    return 0;
}

/* How the elements are written. */
typedef struct pen {
    uint32_t oid;
    bool ints;
    PyTypeObject *type; /* borrowed: of the element that was written last, if its dumper is in C */
    const hdpy_dumper *dumper;
} pen;

/* hdpy_dump_value(), which remembers the dumper. */
static int
write_value(hdpy_dump_ctx *ctx, PyObject *item, pen *p, hd_writer *dst, hdpy_param *param)
{
    if (HD_UNLIKELY(Py_TYPE(item) != p->type)) {
        PyObject *found = hdpy_adapters_dumper(ctx->st, ctx->adapters, Py_TYPE(item), HDPY_AS_BINARY);
        if (found == NULL || !Py_IS_TYPE(found, (PyTypeObject *)ctx->st->DumperCore)) {
            PyErr_Clear(); /* it is raised again */
            return hdpy_dump_value(ctx, item, HDPY_AS_BINARY, dst, param);
        }
        p->type = Py_TYPE(item);
        p->dumper = &((hdpy_dumper_core *)found)->record;
    }
    size_t at = hd_write_value_begin(dst);
    ctx->asked = HDPY_AS_BINARY;
    if (p->dumper->dump(p->dumper, ctx, item, dst, param) < 0)
        return -1;
    if (p->dumper->oid != 0)
        param->oid = p->dumper->oid;
    hd_write_value_end(dst, at);
    return 0;
}

static int
write_item(hdpy_dump_ctx *ctx, PyObject *item, pen *p, hd_writer *dst)
{
    uint32_t oid = p->oid;
    bool infinite = hdpy_infinity_of(ctx->st, item) != 0;
    if (p->ints && !infinite)
        return write_int(ctx, item, oid, dst);
    hdpy_param param = {oid, HD_BINARY};
    if (infinite) {
        size_t at = hd_write_value_begin(dst);
        int rc = hdpy_dump_infinity(ctx, item, param, dst);
        hd_write_value_end(dst, at);
        return rc;
    }
    if (write_value(ctx, item, p, dst, &param) < 0)
        return -1;
    if (param.oid == oid || (param.oid == 0 && param.format == HD_BINARY)) /* 0: such as an empty range */
        return 0;
    /* such as datetimes with and without a zone */
    PyErr_Format(ctx->st->DataError,
                 "cannot dump lists whose elements are of different PostgreSQL types; got: oid %u, %u", (unsigned)oid,
                 (unsigned)param.oid);
    return -1;
}

static int
write_binary(hdpy_dump_ctx *ctx, PyObject *list, bool ints, hd_array_header *h, hd_writer *dst)
{
    size_t mark = dst->n;
    bool has_null = false;
    walk w = walk_of(list);
    int rc = 0;
    pen p = {.oid = h->item_oid, .ints = ints};
    hd_array_header written = *h;
    written.item_oid = p.oid ? p.oid : HD_OID_TEXT; /* what is of no type alone travels as text[] here */
    hd_array_write_header(dst, &written, false);
    for (event e; rc == 0 && (e = next(&w)) != END;) {
        const char *uneven = NULL;
        if (e == LEAVE) {
            if (w.at[w.depth + 1] - 1 != (Py_ssize_t)h->dims[w.depth + 1])
                uneven = "nested lists have inconsistent lengths";
        }
        else if (e == TOO_DEEP || w.depth >= h->ndim || (e == ITEM && w.depth != h->ndim - 1)) {
            uneven = "nested lists have inconsistent depths";
        }
        else if (e == ITEM && w.item == Py_None) {
            hd_write_null(dst);
            has_null = true;
        }
        else if (e == ITEM) {
            size_t at = dst->n;
            rc = write_item(ctx, w.item, &p, dst);
            has_null = has_null || (dst->rc == HD_OK && is_null((hd_span){dst->p + at, dst->n - at}));
        }
        if (uneven != NULL) {
            PyErr_SetString(ctx->st->DataError, uneven);
            rc = -1;
        }
    }
    walk_fini(&w);
    if (has_null && dst->rc == HD_OK) {
        uint32_t flag = hd_be32(1);
        memcpy(dst->p + mark + 4, &flag, 4);
    }
    return rc;
}

static int
dump_binary(hdpy_dump_ctx *ctx, PyObject *list, hd_writer *dst, hdpy_param *param)
{
    survey s = {.type = NULL};
    hd_array_header h = {.ndim = 0};
    int rc = look_at(ctx, list, &s);
    bool untyped = s.last == NULL, ints = are_ints(ctx, &s, HDPY_AS_BINARY);
    if (rc == 0 && !untyped)
        rc = oid_of_items(ctx, &s, HDPY_AS_BINARY, dst, &h.item_oid);
    survey_fini(&s);
    if (rc < 0)
        return -1;
    if (untyped) {
        *param = (hdpy_param){UNTYPED.oid, HD_TEXT};
        return write_text(ctx, list, UNTYPED.delimiter, dst);
    }
    array_type type;
    if (find_array_type(ctx, h.item_oid, &type) < 0 || find_dims(ctx, list, &h) < 0)
        return -1;
    *param = (hdpy_param){type.oid, HD_BINARY};
    return write_binary(ctx, list, ints, &h, dst);
}

static int
dump_list_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    if (HD_UNLIKELY(ctx->settings->in_utf8 != NULL))
        return hdpy_dump_in_utf8(self, ctx, obj, dst, param);
    return hdpy_dump_takes(PyList_Check(obj), obj, "array") ? dump_text(ctx, obj, ctx->asked, dst, param) : -1;
}

static int
dump_list_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return hdpy_dump_takes(PyList_Check(obj), obj, "array") ? dump_binary(ctx, obj, dst, param) : -1;
}

const hdpy_dumper hdpy_dump_list_text = {.dump = dump_list_text};
const hdpy_dumper hdpy_dump_list_binary = {.dump = dump_list_binary};
