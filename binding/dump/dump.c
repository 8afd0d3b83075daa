#include "dump/types.h"

typedef struct dumpable {
    const char *module;
    const char *name;
    const hdpy_dumper *automatic;
    const hdpy_dumper *text;
    const hdpy_dumper *binary;
} dumpable;

static const dumpable dumpables[] = {
#define TYPE(module, name, automatic, text, binary) {module, name, &automatic, &text, &binary},
#include "dump/types.def"
#undef TYPE
};

enum { UNKNOWN = -1, FAILED = -2 };

static int
remember(hdpy_state *st, PyTypeObject *type, int index)
{
    PyObject *value = PyLong_FromLong(index);
    int rc = value == NULL ? -1 : PyDict_SetItem(st->dumpers, (PyObject *)type, value);
    Py_XDECREF(value);
    return rc < 0 ? FAILED : index;
}

/* Without the module, which is there for classes made in C. */
static const char *
name_of(PyTypeObject *type)
{
    const char *dot = strrchr(type->tp_name, '.');
    return dot ? dot + 1 : type->tp_name;
}

int
hdpy_register_class(hdpy_state *st, PyTypeObject *type, const char *module, const char *name)
{
    for (int i = 0; i < (int)Py_ARRAY_LENGTH(dumpables); i++) {
        if (strcmp(dumpables[i].name, name) == 0 && strcmp(dumpables[i].module, module) == 0)
            return remember(st, type, i) < 0 ? -1 : 0;
    }
    Py_UNREACHABLE();
}

static int
find_by_name(hdpy_state *st, PyTypeObject *type)
{
    const char *name = name_of(type);
    for (int i = 0; i < (int)Py_ARRAY_LENGTH(dumpables); i++) {
        if (strcmp(dumpables[i].name, name) != 0)
            continue;
        PyObject *module = PyObject_GetAttrString((PyObject *)type, "__module__");
        if (module == NULL)
            return FAILED;
        bool found = PyUnicode_Check(module) && PyUnicode_CompareWithASCIIString(module, dumpables[i].module) == 0;
        Py_DECREF(module);
        if (found)
            return remember(st, type, i);
    }
    return UNKNOWN;
}

static int
find(hdpy_state *st, PyTypeObject *type)
{
    PyObject *mro = type->tp_mro;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(mro, i);
        PyObject *known = PyDict_GetItemWithError(st->dumpers, (PyObject *)base);
        if (known != NULL)
            return (int)PyLong_AsLong(known);
        if (PyErr_Occurred())
            return FAILED;
        int index = find_by_name(st, base);
        if (index != UNKNOWN)
            return index;
    }
    return UNKNOWN;
}

const hdpy_dumper *
hdpy_find_dumper(hdpy_state *st, PyTypeObject *type, hdpy_pyformat format)
{
    int index = find(st, type);
    if (index < 0)
        return NULL;
    const dumpable *d = &dumpables[index];
    return format == HDPY_AUTO ? d->automatic : format == HDPY_AS_TEXT ? d->text : d->binary;
}

static int
no_dumper(hdpy_state *st, PyObject *obj, hdpy_pyformat format)
{
    const char *name = format == HDPY_AUTO ? "AUTO" : format == HDPY_AS_TEXT ? "TEXT" : "BINARY";
    PyErr_Format(st->ProgrammingError, "cannot adapt type '%s' using placeholder '%%%c' (format: %s)",
                 name_of(Py_TYPE(obj)), (int)format, name);
    return -1;
}

int
hdpy_dump_value(hdpy_dump_ctx *ctx, PyObject *obj, hdpy_pyformat format, hd_writer *dst, hdpy_param *param)
{
    if (obj == Py_None) {
        *param = (hdpy_param){0, HD_TEXT};
        hd_write_null(dst);
        return 0;
    }
    const hdpy_dumper *dumper = hdpy_find_dumper(ctx->st, Py_TYPE(obj), format);
    if (dumper == NULL)
        return PyErr_Occurred() ? -1 : no_dumper(ctx->st, obj, format);
    size_t at = hd_write_value_begin(dst);
    if (dumper->dump(dumper, ctx, obj, dst, param) < 0)
        return -1;
    hd_write_value_end(dst, at);
    return 0;
}

int
hdpy_dump_init(hdpy_state *st)
{
    return (st->dumpers = PyDict_New()) == NULL ? -1 : 0;
}
