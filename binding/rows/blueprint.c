#include "rows/blueprint.h"

#include <structmember.h>

/* The names of the parameters: a new tuple, of other variables too. */
static PyObject *
parameters_of(PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030b0000
    return PyCode_GetVarnames(code);
#else
    return Py_NewRef(code->co_varnames);
#endif
}

static Py_ssize_t
find(PyObject *names, Py_ssize_t from, Py_ssize_t to, PyObject *name)
{
    for (Py_ssize_t i = from; i < to; i++) {
        if (PyTuple_GET_ITEM(names, i) == name) /* both are interned */
            return i;
    }
    return -1;
}

/* Whether calling the class is making an object and calling this __init__ with the same arguments. */
static bool
is_called_as_usual(PyTypeObject *cls, PyObject *init)
{
    return Py_TYPE(cls)->tp_call == PyType_Type.tp_call && cls->tp_new == PyBaseObject_Type.tp_new && init != NULL &&
           PyFunction_Check(init) && ((PyCodeObject *)PyFunction_GET_CODE(init))->co_posonlyargcount <= 1 &&
           ((PyCodeObject *)PyFunction_GET_CODE(init))->co_argcount > 0;
}

/* Whether `self.x = x`, or in a frozen dataclass `object.__setattr__(self, "x", x)`, is PyObject_GenericSetAttr(). */
static bool
assigns_as_usual(PyTypeObject *cls, PyObject *init)
{
    PyObject *closure = PyFunction_GET_CLOSURE(init);
    if (closure == NULL)
        return cls->tp_setattro == PyObject_GenericSetAttr;
    if (PyTuple_GET_SIZE(closure) != 1 || PyCell_GET(PyTuple_GET_ITEM(closure, 0)) != (PyObject *)&PyBaseObject_Type)
        return false;
    /* object.__setattr__() refuses where a class in C further up has one of its own. */
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(cls->tp_mro); i++) {
        PyTypeObject *base = (PyTypeObject *)PyTuple_GET_ITEM(cls->tp_mro, i);
        if (base->tp_setattro != PyObject_GenericSetAttr && base->tp_setattro != cls->tp_setattro)
            return false;
    }
    return true;
}

/* A new reference, or NULL without an exception. */
static PyObject *
lookup(PyTypeObject *cls, PyObject *name)
{
#ifdef Py_GIL_DISABLED
    return _PyType_LookupRef(cls, name);
#else
    return Py_XNewRef(_PyType_Lookup(cls, name));
#endif
}

static Py_ssize_t
slot_of(PyTypeObject *cls, PyObject *name)
{
    PyObject *found = lookup(cls, name);
    Py_ssize_t offset = 0;
    if (found != NULL && Py_IS_TYPE(found, &PyMemberDescr_Type)) {
        const PyMemberDef *member = ((PyMemberDescrObject *)found)->d_member;
        bool ours = PyType_IsSubtype(cls, PyDescr_TYPE(found)) && member->type == T_OBJECT_EX && member->flags == 0;
        offset = ours ? member->offset : 0;
    }
    Py_XDECREF(found);
    return offset;
}

/* Where the values of the columns go: in the order of the parameters as far as they follow each other, others behind
 * them by name. -1: MemoryError. */
static int
place_arguments(hdpy_blueprint *print, PyObject *columns, PyObject *parameters)
{
    Py_ssize_t n = PyTuple_GET_SIZE(columns), given = 0;
    Py_ssize_t n_parameters = ((PyCodeObject *)print->code)->co_argcount;
    for (Py_ssize_t c = 0; c < n; c++)
        print->at[c].place = -1;
    for (Py_ssize_t p = 1; p < n_parameters; p++, given++) {
        Py_ssize_t c = find(columns, 0, n, PyTuple_GET_ITEM(parameters, p));
        if (c < 0)
            break;
        print->at[c].place = given;
    }
    print->positional = given;
    if (given == n)
        return 0;
    print->kwnames = PyTuple_New(n - given);
    if (print->kwnames == NULL)
        return -1;
    for (Py_ssize_t c = 0, next = given; c < n; c++) {
        if (print->at[c].place >= 0)
            continue;
        PyTuple_SET_ITEM(print->kwnames, next - print->positional, Py_NewRef(PyTuple_GET_ITEM(columns, c)));
        print->at[c].place = next++;
    }
    return 0;
}

/* The attributes that __init__ would assign, if they are the columns. -1: MemoryError. */
static int
place_attributes(hdpy_blueprint *print, PyObject *columns, PyObject *parameters)
{
    PyCodeObject *code = (PyCodeObject *)print->code;
    Py_ssize_t n = PyTuple_GET_SIZE(columns), n_parameters = code->co_argcount + code->co_kwonlyargcount;
    if (n_parameters - 1 != n)
        return 0;
    for (Py_ssize_t c = 0; c < n; c++) {
        if (find(parameters, 1, n_parameters, PyTuple_GET_ITEM(columns, c)) < 0)
            return 0;
    }
    for (Py_ssize_t c = 0; c < n; c++) {
        Py_ssize_t place = find(parameters, 1, n_parameters, PyTuple_GET_ITEM(columns, c)) - 1;
        print->at[c].place = place;
        print->at[place].offset = slot_of(print->cls, PyTuple_GET_ITEM(parameters, place + 1));
    }
    print->names = PyTuple_GetSlice(parameters, 1, n_parameters);
    return print->names ? 0 : -1;
}

PyObject *
hdpy_blueprint_new(hdpy_state *st, PyObject *callable, PyObject *columns, PyObject *assigns)
{
    if (!PyType_Check(callable))
        Py_RETURN_NONE;
    PyTypeObject *cls = (PyTypeObject *)callable;
    PyObject *init = lookup(cls, st->str_init);
    unsigned version = cls->tp_version_tag;
    if (!is_called_as_usual(cls, init) || version == 0) {
        Py_XDECREF(init);
        Py_RETURN_NONE;
    }
    PyTypeObject *type = (PyTypeObject *)st->Blueprint;
    hdpy_blueprint *print = (hdpy_blueprint *)type->tp_alloc(type, PyTuple_GET_SIZE(columns));
    if (print == NULL) {
        Py_DECREF(init);
        return NULL;
    }
    print->cls = (PyTypeObject *)Py_NewRef(callable);
    print->version = version;
    print->init = init;
    print->code = Py_NewRef(PyFunction_GET_CODE(init));
    PyObject *parameters = parameters_of((PyCodeObject *)print->code);
    int rc = parameters ? 0 : -1;
    if (rc == 0 && print->code == assigns && assigns_as_usual(cls, init))
        rc = place_attributes(print, columns, parameters);
    if (rc == 0 && print->names == NULL)
        rc = place_arguments(print, columns, parameters);
    Py_XDECREF(parameters);
    if (rc < 0)
        Py_CLEAR(print);
    return (PyObject *)print;
}

static int
assign(const hdpy_blueprint *print, PyObject *instance, PyObject **values)
{
    for (Py_ssize_t i = 0; i < Py_SIZE(print); i++) {
        if (print->at[i].offset > 0) {
            PyObject **slot = (PyObject **)((char *)instance + print->at[i].offset);
            Py_XSETREF(*slot, values[i]); /* two names may be of one slot */
            values[i] = NULL;
        }
        else if (PyObject_GenericSetAttr(instance, PyTuple_GET_ITEM(print->names, i), values[i]) < 0)
            return -1;
    }
    return 0;
}

static int
initialise(const hdpy_blueprint *print, PyObject *instance, PyObject **values)
{
    values[-1] = instance;
    PyObject *result = PyObject_Vectorcall(print->init, values - 1, (size_t)(print->positional + 1), print->kwnames);
    if (result != NULL && result != Py_None)
        PyErr_Format(PyExc_TypeError, "__init__() should return None, not '%.200s'", Py_TYPE(result)->tp_name);
    int rc = result == Py_None ? 0 : -1;
    Py_XDECREF(result);
    return rc;
}

PyObject *
hdpy_blueprint_make(const hdpy_blueprint *print, PyObject **values, bool many)
{
    PyObject *nothing = PyTuple_New(0);
    if (nothing == NULL)
        return NULL;
    bool held = hdpy_hold_collector(many);
    PyObject *instance = PyBaseObject_Type.tp_new(print->cls, nothing, NULL);
    hdpy_release_collector(held);
    Py_DECREF(nothing);
    if (instance != NULL &&
        (print->names ? assign(print, instance, values) : initialise(print, instance, values)) < 0)
        Py_CLEAR(instance);
    return instance;
}

static int
blueprint_traverse(PyObject *self, visitproc visit, void *arg)
{
    hdpy_blueprint *print = (hdpy_blueprint *)self;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(print->cls);
    Py_VISIT(print->init);
    return 0;
}

static void
blueprint_dealloc(PyObject *self)
{
    hdpy_blueprint *print = (hdpy_blueprint *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_XDECREF((PyObject *)print->cls);
    Py_XDECREF(print->init);
    Py_XDECREF(print->code);
    Py_XDECREF(print->names);
    Py_XDECREF(print->kwnames);
    type->tp_free(self);
    Py_DECREF(type);
}

static PyType_Slot slots[] = {
    {Py_tp_dealloc, blueprint_dealloc},
    {Py_tp_traverse, blueprint_traverse},
    {0, NULL},
};

static PyType_Spec spec = {
    .name = "howdah._howdah.Blueprint",
    .basicsize = offsetof(hdpy_blueprint, at),
    .itemsize = sizeof(((hdpy_blueprint *)NULL)->at[0]),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_DISALLOW_INSTANTIATION,
    .slots = slots,
};

int
hdpy_blueprint_init(hdpy_state *st, PyObject *module)
{
    st->Blueprint = PyType_FromModuleAndSpec(module, &spec, NULL);
    return st->Blueprint ? 0 : -1;
}
