#include "adapt/adapters.h"

#include "adapt/core.h"
#include "adapt/transformer.h"
#include "load/types.h"
#include "module/args.h"

#include <structmember.h>

/* A program that makes classes as it runs shall not keep them all alive. */
enum { MOST_CLASSES = 1000 };

typedef struct adapters_map {
    PyObject_HEAD
    hdpy_adapters *snapshot;
} adapters_map;

static hdpy_adapters *
snapshot_of(PyObject *map)
{
    return ((adapters_map *)map)->snapshot;
}

/* The same: a new reference. */
static hdpy_adapters *
hold(PyObject *map)
{
    HDPY_GUARD(map);
    return (hdpy_adapters *)Py_XNewRef((PyObject *)snapshot_of(map));
}

/* ---- contexts */

int
hdpy_context_init(hdpy_context *c, hdpy_state *st, const hdpy_context *like)
{
    if (like == NULL && st->global_map == NULL) {
        PyErr_SetString(PyExc_RuntimeError, "howdah has not been imported yet");
        return -1;
    }
    c->adapters = like ? (hdpy_adapters *)Py_NewRef((PyObject *)hdpy_context_adapters(like)) : hold(st->global_map);
    c->map = c->transformer = NULL;
    return 0;
}

void
hdpy_context_clear(hdpy_context *c)
{
    Py_CLEAR(c->adapters);
    Py_CLEAR(c->map);
    Py_CLEAR(c->transformer);
}

hdpy_adapters *
hdpy_context_adapters(const hdpy_context *c)
{
#ifdef Py_GIL_DISABLED
    /* Another thread may register in the map at any time: the context holds the snapshot that it was seen with last. */
    if (c->map != NULL)
        Py_XSETREF(((hdpy_context *)(uintptr_t)c)->adapters, hold(c->map));
    return c->adapters;
#else
    return c->map ? snapshot_of(c->map) : c->adapters;
#endif
}

PyObject *
hdpy_context_map(hdpy_context *c, hdpy_state *st, PyObject *parent)
{
    if (c->map == NULL) {
        PyObject *map = PyObject_CallMethodObjArgs(st->map_class, st->str_of_snapshot, (PyObject *)c->adapters,
                                                   parent ? parent : st->global_map, NULL);
        if (map == NULL || hdpy_context_set_map(c, st, map) < 0) {
            Py_XDECREF(map);
            return NULL;
        }
        Py_DECREF(map);
    }
    return Py_NewRef(c->map);
}

int
hdpy_context_set_map(hdpy_context *c, hdpy_state *st, PyObject *map)
{
    if (map == NULL || !PyObject_TypeCheck(map, (PyTypeObject *)st->AdaptersMap) || snapshot_of(map) == NULL) {
        PyErr_SetString(PyExc_TypeError, "an AdaptersMap is needed");
        return -1;
    }
    Py_XSETREF(c->map, Py_NewRef(map));
    return 0;
}

PyObject *
hdpy_context_transformer(hdpy_context *c, hdpy_state *st, PyObject *owner)
{
    hdpy_transformer *t = (hdpy_transformer *)c->transformer;
    if (t != NULL && t->made_for == hdpy_context_adapters(c))
        return c->transformer;
    PyObject *made = PyObject_CallOneArg(st->transformer_class, owner ? owner : Py_None);
    if (made != NULL && !PyObject_TypeCheck(made, (PyTypeObject *)st->Transformer)) {
        PyErr_SetString(PyExc_TypeError, "a Transformer is needed");
        Py_CLEAR(made);
    }
    if (made == NULL)
        return NULL;
    Py_XSETREF(c->transformer, made);
    return made;
}

/* ---- looking up */

static PyObject *
key_of(uint32_t oid, hd_format format)
{
    return PyLong_FromUnsignedLongLong((unsigned long long)oid << 1 | (format == HD_BINARY));
}

/* The core of what is registered under the key; or made for a class that is all Python. Borrowed from the cache. */
static PyObject *
find_loader(hdpy_state *st, hdpy_adapters *a, PyObject *key, uint32_t oid, hd_format format)
{
    PyObject *found = PyDict_GetItemWithError(a->found_loaders, key);
    if (found != NULL || PyErr_Occurred())
        return found;
    PyObject *cls = PyDict_GetItemWithError(a->overlay, key);
    if (cls != NULL) {
        found = Py_XNewRef(hdpy_own_core(cls, st->LoaderCore, st));
        if (found == NULL && !PyErr_Occurred())
            found = (PyObject *)hdpy_loader_core_new(st, (hdpy_loader){.load = hdpy_load_by_python, .data = key});
    }
    else if (!PyErr_Occurred()) {
        bool binary = format == HD_BINARY;
        const hdpy_loader *l = !a->bare ? hdpy_find_loader(oid, format) : binary ? &hdpy_load_bytes : &hdpy_load_text;
        found = (PyObject *)hdpy_loader_core_new(st, *l);
    }
    PyObject *kept =
        found ? PyDict_SetDefault(a->found_loaders, key, found) : NULL; /* another thread's, if it was faster */
    Py_XDECREF(found);
    return kept;
}

const hdpy_loader *
hdpy_adapters_loader(hdpy_state *st, hdpy_adapters *a, uint32_t oid, hd_format format)
{
    if (PyDict_GET_SIZE(a->overlay) == 0 && !a->bare)
        return hdpy_find_loader(oid, format);
    PyObject *key = key_of(oid, format);
    if (key == NULL)
        return NULL;
    PyObject *found = find_loader(st, a, key, oid, format);
    Py_DECREF(key);
    return found ? &((hdpy_loader_core *)found)->record : NULL;
}

const hdpy_loader *
hdpy_loader_for(hdpy_load_ctx *ctx, uint32_t oid, hd_format format)
{
    return hdpy_adapters_loader(ctx->st, ctx->adapters, oid, format);
}

static bool
is_registered(const hdpy_adapters *a, uint32_t oid)
{
    bool found = false;
    for (int format = 0; format < 2 && !found; format++) {
        PyObject *key = key_of(oid, (hd_format)format);
        found = key == NULL || PyDict_GetItemWithError(a->overlay, key) != NULL;
        Py_XDECREF(key);
    }
    PyErr_Clear(); /* out of memory: text is never wrong */
    return found;
}

bool
hdpy_adapters_binary_is_exact(const hdpy_adapters *a, uint32_t oid, const hdpy_settings *settings)
{
    if (a->bare || !hdpy_binary_is_exact(oid, settings))
        return false;
    if (PyDict_GET_SIZE(a->overlay) == 0)
        return true;
    for (uint32_t inside = oid; inside != 0; inside = hdpy_find_loader(inside, HD_TEXT)->item_oid) {
        if (is_registered(a, inside))
            return false;
    }
    return true;
}

static int
dumpers_of(hdpy_pyformat format)
{
    return format == HDPY_AUTO ? 0 : format == HDPY_AS_TEXT ? 1 : 2;
}

/* What is registered for the class itself or for its name: borrowed. */
static PyObject *
find_registered(PyObject *dumpers, PyTypeObject *type)
{
    PyObject *found = PyDict_GetItemWithError(dumpers, (PyObject *)type);
    if (found != NULL || PyErr_Occurred())
        return found;
    PyObject *module = PyObject_GetAttrString((PyObject *)type, "__module__");
    PyObject *qualname = module ? PyObject_GetAttrString((PyObject *)type, "__qualname__") : NULL;
    PyObject *name = qualname ? PyUnicode_FromFormat("%S.%S", module, qualname) : NULL;
    if (name != NULL)
        found = PyDict_GetItemWithError(dumpers, name);
    Py_XDECREF(module);
    Py_XDECREF(qualname);
    Py_XDECREF(name);
    return found;
}

static PyObject *
find_dumper(hdpy_state *st, hdpy_adapters *a, PyTypeObject *type, int i)
{
    PyObject *found = PyDict_GetItemWithError(a->found_dumpers[i], (PyObject *)type);
    if (found != NULL || PyErr_Occurred())
        return found;
    PyObject *dumpers = PyTuple_GET_ITEM(a->dumpers, i);
    PyObject *mro = Py_NewRef(type->tp_mro); /* a metaclass may have properties that change it */
    for (Py_ssize_t at = 0; found == NULL && !PyErr_Occurred() && at < PyTuple_GET_SIZE(mro); at++)
        found = find_registered(dumpers, (PyTypeObject *)PyTuple_GET_ITEM(mro, at));
    Py_DECREF(mro);
    if (found == NULL || PyErr_Occurred())
        return NULL;
    PyObject *core = hdpy_own_core(found, st->DumperCore, st);
    if (PyErr_Occurred())
        return NULL;
    found = core ? core : found;
    if (PyDict_GET_SIZE(a->found_dumpers[i]) >= MOST_CLASSES) {
#ifndef Py_GIL_DISABLED
        memset(a->recent[i], 0, sizeof(a->recent[i]));
#endif
        PyDict_Clear(a->found_dumpers[i]);
    }
    return PyDict_SetItem(a->found_dumpers[i], (PyObject *)type, found) < 0 ? NULL : found;
}

PyObject *
hdpy_adapters_dumper(hdpy_state *st, hdpy_adapters *a, PyTypeObject *type, hdpy_pyformat format)
{
    int i = dumpers_of(format);
    /* Of the address within its page, so that classes of C meet in the same slot whatever the process. */
    size_t slot = ((uintptr_t)type / 64) % Py_ARRAY_LENGTH(a->recent[i]);
    if (HD_LIKELY(a->recent[i][slot].type == type))
        return a->recent[i][slot].found;
    PyObject *found = find_dumper(st, a, type, i);
#ifndef Py_GIL_DISABLED /* two words can't be written at once */
    if (found != NULL) {
        a->recent[i][slot].type = type;
        a->recent[i][slot].found = found;
    }
#endif
    return found;
}

/* ---- the snapshot, as Python sees it */

/* What the dumper of None says; -1 where there is none. -2: an exception. */
static long long
oid_of_none(PyObject *dumpers)
{
    PyObject *dumper = PyDict_GetItemWithError(dumpers, (PyObject *)Py_TYPE(Py_None)); // borrowed
    if (dumper == NULL)
        return PyErr_Occurred() ? -2 : -1;
    PyObject *oid = PyObject_GetAttrString(dumper, "oid");
    unsigned long long value = oid ? PyLong_AsUnsignedLongLong(oid) : 0;
    Py_XDECREF(oid);
    return PyErr_Occurred() ? -2 : (long long)(uint32_t)value;
}

/* Of parts that come from Python: TypeError, ValueError where they are not what they should be. */
static PyObject *
adapters_of(PyTypeObject *type, PyObject *overlay, PyObject *dumpers, PyObject *rest, PyObject *edge_names, bool bare)
{
    hdpy_edges edges = {0};
    bool ok = PyDict_CheckExact(overlay) && PyTuple_CheckExact(dumpers) && PyTuple_GET_SIZE(dumpers) == 3 &&
              PyTuple_CheckExact(edge_names) && PyTuple_GET_SIZE(edge_names) == 3;
    for (Py_ssize_t i = 0; ok && i < 3; i++)
        ok = PyDict_CheckExact(PyTuple_GET_ITEM(dumpers, i));
    if (!ok) {
        PyErr_SetString(PyExc_TypeError, "a dictionary, a tuple of three, and a tuple of three names are needed");
        return NULL;
    }
    if (hdpy_edges_set(&edges, PyTuple_GET_ITEM(edge_names, 0), PyTuple_GET_ITEM(edge_names, 1),
                       PyTuple_GET_ITEM(edge_names, 2)) < 0)
        return NULL;
    hdpy_adapters *a = (hdpy_adapters *)type->tp_alloc(type, 0);
    if (a == NULL)
        return NULL;
    a->overlay = Py_NewRef(overlay);
    a->dumpers = Py_NewRef(dumpers);
    a->rest = Py_NewRef(rest);
    a->edge_names = Py_NewRef(edge_names);
    a->edges = edges;
    a->bare = bare;
    a->none_oid = oid_of_none(PyTuple_GET_ITEM(dumpers, 1));
    ok = a->none_oid != -2 && (a->found_loaders = PyDict_New()) != NULL;
    for (int i = 0; ok && i < 3; i++)
        ok = (a->found_dumpers[i] = PyDict_New()) != NULL;
    if (!ok)
        Py_CLEAR(a);
    return (PyObject *)a;
}

static PyObject *
adapters_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"rest", "edges", "bare", NULL};
    PyObject *rest, *edges;
    int bare;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOp:Adapters", keywords, &rest, &edges, &bare))
        return NULL;
    PyObject *overlay = PyDict_New(), *dumpers = Py_BuildValue("({}{}{})"), *made = NULL;
    if (overlay != NULL && dumpers != NULL)
        made = adapters_of(type, overlay, dumpers, rest, edges, bare);
    Py_XDECREF(overlay);
    Py_XDECREF(dumpers);
    return made;
}

static PyObject *
adapters_replace(PyObject *self, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"overlay", "dumpers", "rest", "edges", NULL};
    static const hdpy_signature signature = {"replace", params, 0, 0};
    hdpy_adapters *a = (hdpy_adapters *)self;
    PyObject *given[4] = {a->overlay, a->dumpers, a->rest, a->edge_names};
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    return adapters_of(Py_TYPE(self), given[0], given[1], given[2], given[3], a->bare);
}

static int
adapters_traverse(PyObject *self, visitproc visit, void *arg)
{
    hdpy_adapters *a = (hdpy_adapters *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(a->overlay);
    Py_VISIT(a->dumpers);
    Py_VISIT(a->rest);
    Py_VISIT(a->edge_names);
    Py_VISIT(a->found_loaders);
    for (int i = 0; i < 3; i++)
        Py_VISIT(a->found_dumpers[i]);
    return 0;
}

/* Immutable, so that who looks something up need not ask whether it is still whole: no tp_clear. What it holds are
 * classes and plain dictionaries of them, whose cycles are broken elsewhere. */
static void
adapters_dealloc(PyObject *self)
{
    hdpy_adapters *a = (hdpy_adapters *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF(a->overlay);
    Py_XDECREF(a->dumpers);
    Py_XDECREF(a->rest);
    Py_XDECREF(a->edge_names);
    Py_XDECREF(a->found_loaders);
    for (int i = 0; i < 3; i++)
        Py_XDECREF(a->found_dumpers[i]);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyMemberDef adapters_members[] = {
    {"overlay", T_OBJECT, offsetof(hdpy_adapters, overlay), READONLY, NULL},
    {"dumpers", T_OBJECT, offsetof(hdpy_adapters, dumpers), READONLY, NULL},
    {"rest", T_OBJECT, offsetof(hdpy_adapters, rest), READONLY, NULL},
    {"edges", T_OBJECT, offsetof(hdpy_adapters, edge_names), READONLY, NULL},
    {"bare", T_BOOL, offsetof(hdpy_adapters, bare), READONLY, NULL},
    {NULL},
};

static PyMethodDef adapters_methods[] = {
    {"replace", (PyCFunction)(void (*)(void))adapters_replace, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("replace($self, /, *, overlay=..., dumpers=..., rest=..., edges=...)\n--\n\n"
               "The same with some parts exchanged; it shares the others.")},
    {NULL},
};

static PyType_Slot adapters_slots[] = {
    {Py_tp_new, adapters_new},
    {Py_tp_dealloc, adapters_dealloc},
    {Py_tp_traverse, adapters_traverse},
    {Py_tp_methods, adapters_methods},
    {Py_tp_members, adapters_members},
    {Py_tp_doc, (void *)PyDoc_STR("Adapters(rest, edges, bare)\n--\n\n"
                                  "What an AdaptersMap holds between two registrations; never changed.")},
    {0, NULL},
};

static PyType_Spec adapters_spec = {
    .name = "howdah._howdah.Adapters",
    .basicsize = sizeof(hdpy_adapters),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = adapters_slots,
};

/* ---- the base of AdaptersMap */

static int
map_traverse(PyObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT((PyObject *)snapshot_of(self));
    return 0;
}

static void
map_dealloc(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF((PyObject *)snapshot_of(self));
    type->tp_free(self);
    Py_DECREF(type);
}

static PyObject *
get_snapshot(PyObject *self, void *closure)
{
    PyObject *snapshot = (PyObject *)hold(self);
    return snapshot ? snapshot : Py_NewRef(Py_None);
}

static int
set_snapshot(PyObject *self, PyObject *value, void *closure)
{
    hdpy_state *st = hdpy_state_of_type(Py_TYPE(self));
    if (value == NULL || !Py_IS_TYPE(value, (PyTypeObject *)st->Adapters)) {
        PyErr_SetString(PyExc_TypeError, "a snapshot is needed");
        return -1;
    }
    adapters_map *map = (adapters_map *)self;
    HDPY_GUARD(self);
    Py_XSETREF(map->snapshot, (hdpy_adapters *)Py_NewRef(value));
    return 0;
}

static PyGetSetDef map_getset[] = {
    {"_snapshot", get_snapshot, set_snapshot, NULL, NULL},
    {NULL},
};

static PyType_Slot map_slots[] = {
    {Py_tp_dealloc, map_dealloc},
    {Py_tp_traverse, map_traverse},
    {Py_tp_getset, map_getset},
    {0, NULL},
};

static PyType_Spec map_spec = {
    .name = "howdah._howdah.AdaptersMap",
    .basicsize = sizeof(adapters_map),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .slots = map_slots,
};

/* ---- registration */

static PyObject *
register_adapters(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"global_map", "transformer", "formats", NULL};
    static const hdpy_signature signature = {"register_adapters", params, 3, 3};
    hdpy_state *st = hdpy_state_of_module(module);
    PyObject *given[3];
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    if (!PyObject_TypeCheck(given[0], (PyTypeObject *)st->AdaptersMap) || snapshot_of(given[0]) == NULL ||
        !PyTuple_Check(given[2]) || PyTuple_GET_SIZE(given[2]) != 3) {
        PyErr_SetString(PyExc_TypeError, "an AdaptersMap, the Transformer class and the three PyFormats are needed");
        return NULL;
    }
    Py_XSETREF(st->global_map, Py_NewRef(given[0]));
    Py_XSETREF(st->map_class, Py_NewRef((PyObject *)Py_TYPE(given[0])));
    Py_XSETREF(st->transformer_class, Py_NewRef(given[1]));
    Py_XSETREF(st->pyformats, Py_NewRef(given[2]));
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"register_adapters", (PyCFunction)(void (*)(void))register_adapters, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("register_adapters($module, /, global_map, transformer, formats)\n--\n\n"
               "Take the AdaptersMap that connections start from, the class Transformer, and PyFormat's AUTO, TEXT\n"
               "and BINARY.")},
    {NULL},
};

int
hdpy_adapters_init(hdpy_state *st, PyObject *module)
{
    st->Adapters = PyType_FromModuleAndSpec(module, &adapters_spec, NULL);
    st->AdaptersMap = PyType_FromModuleAndSpec(module, &map_spec, NULL);
    if (st->Adapters == NULL || st->AdaptersMap == NULL ||
        PyModule_AddObjectRef(module, "Adapters", st->Adapters) < 0 ||
        PyModule_AddObjectRef(module, "AdaptersMap", st->AdaptersMap) < 0)
        return -1;
    return PyModule_AddFunctions(module, methods);
}
