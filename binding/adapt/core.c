#include "adapt/core.h"

#include "adapt/transformer.h"
#include "dump/types.h"
#include "load/array.h"
#include "load/types.h"
#include "module/args.h"
#include "module/errors.h"

/* By the name that Python asks for them: without the prefix of the C functions. */
static const struct {
    const char *name;
    const hdpy_loader *record;
} loaders[] = {
#define LOADER(name) {#name, &hdpy_load_##name},
#include "load/loaders.def"
#undef LOADER
};

static const struct {
    const char *name;
    const hdpy_dumper *record;
} dumpers[] = {
#define DUMPER(name) {#name, &hdpy_dump_##name},
#include "dump/dumpers.def"
#undef DUMPER
};

PyObject *
hdpy_own_core(PyObject *cls, PyObject *core_type, hdpy_state *st)
{
    PyTypeObject *type = (PyTypeObject *)cls;
    if (!PyType_Check(cls) || !(type->tp_flags & Py_TPFLAGS_HEAPTYPE))
        return NULL;
    PyObject *core = PyDict_GetItemWithError(type->tp_dict, st->str_core);
    return core != NULL && Py_IS_TYPE(core, (PyTypeObject *)core_type) ? core : NULL;
}

/* ---- loaders */

hdpy_loader_core *
hdpy_loader_core_new(hdpy_state *st, hdpy_loader record)
{
    hdpy_loader_core *core = PyObject_GC_New(hdpy_loader_core, (PyTypeObject *)st->LoaderCore);
    if (core != NULL) {
        core->record = record;
        Py_XINCREF(record.data);
        PyObject_GC_Track((PyObject *)core);
    }
    return core;
}

static int
loader_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((hdpy_loader_core *)self)->record.data);
    return 0;
}

/* As with the snapshot of adapters: never incomplete, so no tp_clear. */
static void
loader_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(((hdpy_loader_core *)self)->record.data);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

/* load(data, transformer) */
static PyObject *
loader_load(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"data", "transformer", NULL};
    static const hdpy_signature signature = {"load", params, 2, 2};
    hdpy_state *st = hdpy_state_of_type(Py_TYPE(self));
    PyObject *given[2];
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    hdpy_settings *settings = hdpy_transformer_settings(st, given[1]);
    if (settings == NULL)
        return NULL;
    HDPY_GUARD(hdpy_transformer_guard(given[1]));
    hdpy_context *context = &((hdpy_transformer *)given[1])->context;
    hdpy_adapters *adapters = (hdpy_adapters *)Py_NewRef((PyObject *)hdpy_context_adapters(context));
    PyObject *value = NULL;
    Py_buffer data;
    if (PyObject_GetBuffer(given[0], &data, PyBUF_SIMPLE) == 0) {
        hdpy_load_ctx ctx = hdpy_load_ctx_of(st, settings, adapters, context, given[1]);
        const hdpy_loader *record = &((hdpy_loader_core *)self)->record;
        value = record->load(record, &ctx, (hd_span){data.buf ? data.buf : "", (size_t)data.len});
        PyBuffer_Release(&data);
    }
    Py_DECREF((PyObject *)adapters);
    Py_DECREF((PyObject *)settings);
    return value;
}

static PyMethodDef loader_methods[] = {
    {"load", (PyCFunction)(void (*)(void))loader_load, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("load($self, /, data, transformer)\n--\n\n"
               "The Python object for the bytes of a value. Raises DataError where they are malformed.")},
    {NULL},
};

static PyType_Slot loader_slots[] = {
    {Py_tp_dealloc, loader_dealloc},
    {Py_tp_traverse, loader_traverse},
    {Py_tp_methods, loader_methods},
    {Py_tp_doc, (void *)PyDoc_STR("The C function behind a Loader class.")},
    {0, NULL},
};

static PyType_Spec loader_spec = {
    .name = "howdah._howdah.LoaderCore",
    .basicsize = sizeof(hdpy_loader_core),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = loader_slots,
};

/* ---- dumpers */

static int
dumper_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(((hdpy_dumper_core *)self)->record.data);
    return 0;
}

static void
dumper_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(((hdpy_dumper_core *)self)->record.data);
    PyObject_GC_Del(self);
    Py_DECREF(type);
}

/* dump(obj, transformer, format): (oid, format, bytes) */
static PyObject *
dumper_dump(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"obj", "transformer", NULL};
    static const hdpy_signature signature = {"dump", params, 2, 2};
    hdpy_state *st = hdpy_state_of_type(Py_TYPE(self));
    PyObject *given[2];
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    hdpy_settings *settings = hdpy_transformer_settings(st, given[1]);
    if (settings == NULL)
        return NULL;
    HDPY_GUARD(hdpy_transformer_guard(given[1]));
    hdpy_context *context = &((hdpy_transformer *)given[1])->context;
    hdpy_adapters *adapters = (hdpy_adapters *)Py_NewRef((PyObject *)hdpy_context_adapters(context));
    hdpy_dump_ctx ctx = hdpy_dump_ctx_of(st, settings, adapters, context, given[1]);
    ctx.asked = HDPY_AUTO;
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hdpy_param param = {0, HD_TEXT};
    PyObject *dumped = NULL;
    const hdpy_dumper *record = &((hdpy_dumper_core *)self)->record;
    if (record->dump(record, &ctx, given[0], &w, &param) == 0) {
        if (record->oid != 0)
            param.oid = record->oid;
        if (w.rc == HD_OK)
            dumped = Py_BuildValue("(IHy#)", param.oid, param.format, w.p ? (char *)w.p : "", (Py_ssize_t)w.n);
        else
            hdpy_raise_rc(st, w.rc);
    }
    hd_writer_fini(&w);
    Py_DECREF((PyObject *)adapters);
    Py_DECREF((PyObject *)settings);
    return dumped;
}

static PyMethodDef dumper_methods[] = {
    {"dump", (PyCFunction)(void (*)(void))dumper_dump, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("dump($self, /, obj, transformer)\n--\n\n"
               "(type oid, format, bytes) of an object. Raises DataError where its value has no such form.")},
    {NULL},
};

static PyType_Slot dumper_slots[] = {
    {Py_tp_dealloc, dumper_dealloc},
    {Py_tp_traverse, dumper_traverse},
    {Py_tp_methods, dumper_methods},
    {Py_tp_doc, (void *)PyDoc_STR("The C function behind a Dumper class.")},
    {0, NULL},
};

static PyType_Spec dumper_spec = {
    .name = "howdah._howdah.DumperCore",
    .basicsize = sizeof(hdpy_dumper_core),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = dumper_slots,
};

/* ---- by name */

static PyObject *
loader_core(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"name", "item_oid", "delimiter", "data", NULL};
    const char *name, *delimiter = NULL;
    unsigned int item_oid = 0;
    PyObject *data = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s|IzO:loader_core", keywords, &name, &item_oid, &delimiter,
                                     &data))
        return NULL;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(loaders); i++) {
        if (strcmp(loaders[i].name, name) != 0)
            continue;
        hdpy_loader record = *loaders[i].record;
        record.item_oid = item_oid ? item_oid : record.item_oid;
        record.delimiter = delimiter ? delimiter[0] : record.delimiter;
        record.data = data == Py_None ? NULL : data;
        return (PyObject *)hdpy_loader_core_new(hdpy_state_of_module(module), record);
    }
    PyErr_Format(PyExc_LookupError, "there is no loader '%s'", name);
    return NULL;
}

static PyObject *
dumper_core(PyObject *module, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"name", "oid", "data", NULL};
    const char *name;
    unsigned int oid = 0;
    PyObject *data = NULL;
    hdpy_state *st = hdpy_state_of_module(module);
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "s|IO:dumper_core", keywords, &name, &oid, &data))
        return NULL;
    for (size_t i = 0; i < Py_ARRAY_LENGTH(dumpers); i++) {
        if (strcmp(dumpers[i].name, name) != 0)
            continue;
        hdpy_dumper_core *core = PyObject_GC_New(hdpy_dumper_core, (PyTypeObject *)st->DumperCore);
        if (core != NULL) {
            core->record = *dumpers[i].record;
            core->record.oid = oid;
            core->record.data = data == Py_None ? NULL : Py_XNewRef(data);
            PyObject_GC_Track((PyObject *)core);
        }
        return (PyObject *)core;
    }
    PyErr_Format(PyExc_LookupError, "there is no dumper '%s'", name);
    return NULL;
}

static PyObject *
is_built_in(PyObject *module, PyObject *args)
{
    PyObject *core;
    unsigned int oid;
    int format;
    hdpy_state *st = hdpy_state_of_module(module);
    if (!PyArg_ParseTuple(args, "IiO!:is_built_in", &oid, &format, st->LoaderCore, &core))
        return NULL;
    const hdpy_loader *ours = hdpy_find_loader(oid, format ? HD_BINARY : HD_TEXT);
    const hdpy_loader *given = &((hdpy_loader_core *)core)->record;
    return PyBool_FromLong(given->load == ours->load && given->item_oid == ours->item_oid &&
                           given->delimiter == ours->delimiter && given->data == ours->data);
}

static PyObject *
item_of_array(PyObject *module, PyObject *arg)
{
    unsigned long oid = PyLong_AsUnsignedLong(arg);
    if (oid == (unsigned long)-1 && PyErr_Occurred())
        return NULL;
    return PyLong_FromUnsignedLong(oid > UINT32_MAX ? 0 : hdpy_item_of_array((uint32_t)oid));
}

static PyMethodDef methods[] = {
    {"loader_core", (PyCFunction)(void (*)(void))loader_core, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("loader_core($module, /, name, item_oid=0, delimiter=None, data=None)\n--\n\n"
               "The C loader of this name, for the `_core` of a Loader class.\n\n"
               "item_oid, delimiter and data are what loaders of arrays, ranges, enums and the like must know.\n"
               "Raises LookupError for another name.")},
    {"dumper_core", (PyCFunction)(void (*)(void))dumper_core, METH_VARARGS | METH_KEYWORDS,
     PyDoc_STR("dumper_core($module, /, name, oid=0, data=None)\n--\n\n"
               "The C dumper of this name, for the `_core` of a Dumper class; oid: sent as this type, whatever the\n"
               "value. Raises LookupError for another name.")},
    {"is_built_in", is_built_in, METH_VARARGS,
     PyDoc_STR("is_built_in($module, oid, format, core, /)\n--\n\n"
               "Whether this is the loader that a type has where nothing else was registered.")},
    {"item_of_array", item_of_array, METH_O,
     PyDoc_STR("item_of_array($module, array_oid, /)\n--\n\n"
               "Oid of the elements if this is the array of a built-in type, else 0.")},
    {NULL},
};

int
hdpy_core_init(hdpy_state *st, PyObject *module)
{
    st->LoaderCore = PyType_FromModuleAndSpec(module, &loader_spec, NULL);
    st->DumperCore = PyType_FromModuleAndSpec(module, &dumper_spec, NULL);
    if (st->LoaderCore == NULL || st->DumperCore == NULL ||
        PyModule_AddObjectRef(module, "LoaderCore", st->LoaderCore) < 0 ||
        PyModule_AddObjectRef(module, "DumperCore", st->DumperCore) < 0)
        return -1;
    return PyModule_AddFunctions(module, methods);
}
