#include "load/array.h"
#include "load/types.h"
#include "types/oid.h"

enum { QUOTED_MAX = 100 }; /* bytes of a malformed value that an error shows */

enum { NESTED_MAX = 100 }; /* records within records: a few hundred bytes of stack each */

#define TYPE(oid, array_oid, text_loader, binary_loader, exact)                                                      \
    static const hdpy_loader array_of_##oid = {                                                                      \
        .load = hdpy_load_array,                                                                                     \
        .item_oid = oid,                                                                                             \
        .delimiter = oid == HD_OID_BOX ? ';' : ',',                                                                  \
    };
#include "load/types.def"
#undef TYPE

const hdpy_loader *
hdpy_find_loader(uint32_t oid, hd_format format)
{
    bool binary = format == HD_BINARY;
    switch (oid) {
#define TYPE(oid, array_oid, text_loader, binary_loader, exact)                                                      \
    case oid:                                                                                                        \
        return binary ? &binary_loader : &text_loader;                                                               \
    case array_oid:                                                                                                  \
        return binary ? &hdpy_load_array_binary : &array_of_##oid;
#include "load/types.def"
#undef TYPE
    default:
        return binary ? &hdpy_load_bytes : &hdpy_load_text;
    }
}

bool
hdpy_is_built_in(uint32_t oid)
{
    switch (oid) {
#define TYPE(oid, array_oid, text_loader, binary_loader, exact)                                                      \
    case oid:                                                                                                        \
    case array_oid:
#include "load/types.def"
#undef TYPE
        return true;
    default:
        return false;
    }
}

uint32_t
hdpy_item_of_array(uint32_t array_oid)
{
    switch (array_oid) {
#define TYPE(oid, array_oid, text_loader, binary_loader, exact)                                                      \
    case array_oid:                                                                                                  \
        return oid;
#include "load/types.def"
#undef TYPE
    default:
        return 0;
    }
}

bool
hdpy_binary_is_exact(uint32_t oid, const hdpy_settings *settings)
{
    switch (oid) {
#define TYPE(oid, array_oid, text_loader, binary_loader, exact)                                                      \
    case oid:                                                                                                        \
    case array_oid:                                                                                                  \
        return exact;
#include "load/types.def"
#undef TYPE
    default:
        return false;
    }
}

bool
hdpy_load_enter(hdpy_load_ctx *ctx)
{
    if (ctx->depth < NESTED_MAX) {
        ctx->depth++;
        return true;
    }
    PyErr_Format(ctx->st->DataError, "can't load a value nested more than %d deep", NESTED_MAX);
    return false;
}

PyObject *
hdpy_load_in_utf8(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    PyObject *utf8 = hdpy_transcode(PyUnicode_AsUTF8(ctx->settings->encoding), "utf-8", src);
    if (utf8 == NULL)
        return NULL;
    hdpy_load_ctx inner = *ctx;
    inner.settings = ctx->settings->in_utf8;
    hd_span text = {(const uint8_t *)PyBytes_AS_STRING(utf8), (size_t)PyBytes_GET_SIZE(utf8)};
    PyObject *value = self->load(self, &inner, text);
    Py_DECREF(utf8);
    return value;
}

PyObject *
hdpy_load_error(hdpy_load_ctx *ctx, const char *type_name, hd_span src)
{
    bool cut = src.n > QUOTED_MAX;
    PyObject *quoted = PyBytes_FromStringAndSize((const char *)src.p, cut ? QUOTED_MAX : (Py_ssize_t)src.n);
    if (quoted == NULL)
        return NULL;
    PyErr_Format(ctx->st->DataError, "can't parse %s %R%s", type_name, quoted, cut ? "..." : "");
    Py_DECREF(quoted);
    return NULL;
}
