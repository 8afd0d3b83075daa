/* Values of an enum: `data` is a dict of labels, in the encoding of the client, to what Python has for them; under None
 * it may have the class, which an error names. */
#include "load/types.h"

/* borrowed; NULL without an exception where there is none */
static PyObject *
find(PyObject *members, PyObject *key)
{
    return members != NULL && PyDict_Check(members) ? PyDict_GetItemWithError(members, key) : NULL;
}

static PyObject *
bad_member(PyObject *members, hdpy_load_ctx *ctx, hd_span src)
{
    PyObject *class = find(members, Py_None), *name = NULL;
    if (class != NULL)
        name = PyObject_GetAttrString(class, "__qualname__");
    PyObject *label = PyErr_Occurred() ? NULL : hdpy_decode_name(ctx->settings, src);
    if (label != NULL)
        PyErr_Format(ctx->st->DataError, "bad member for enum %S: %R", name ? name : Py_None, label);
    Py_XDECREF(name);
    Py_XDECREF(label);
    return NULL;
}

static PyObject *
load(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    PyObject *label = hdpy_as_sent(ctx->settings, src);
    if (label == NULL)
        return NULL;
    PyObject *member = Py_XNewRef(find(self->data, label));
    Py_DECREF(label);
    if (HD_UNLIKELY(member == NULL) && !PyErr_Occurred())
        return bad_member(self->data, ctx, src);
    return member;
}

const hdpy_loader hdpy_load_enum_text = {.load = load};
const hdpy_loader hdpy_load_enum_binary = {.load = load};
