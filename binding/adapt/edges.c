#include "adapt/edges.h"

#include "load/datetime.h"
#include "module/args.h"
#include "types/interval.h"

static int
choose(uint8_t *choice, const char *what, PyObject *given, const char *const *names)
{
    if (given == Py_None)
        return 0;
    const char *name = PyUnicode_AsUTF8(given);
    if (name == NULL)
        return -1;
    for (uint8_t i = 0; names[i] != NULL; i++) {
        if (strcmp(names[i], name) == 0) {
            *choice = i;
            return 0;
        }
    }
    PyErr_Format(PyExc_ValueError, "bad value for %s: %R", what, given);
    return -1;
}

int
hdpy_edges_set(hdpy_edges *e, PyObject *infinity, PyObject *out_of_range, PyObject *interval)
{
    static const char *const infinities[] = {"error", "clamp", "marker", NULL};
    static const char *const ranges[] = {"error", "text", NULL};
    static const char *const intervals[] = {"timedelta", "exact", NULL};
    if (choose(&e->infinity, "infinity", infinity, infinities) < 0 ||
        choose(&e->out_of_range, "out_of_range", out_of_range, ranges) < 0)
        return -1;
    return choose(&e->interval, "interval", interval, intervals);
}

int
hdpy_infinity_of(const hdpy_state *st, PyObject *obj)
{
    return obj == st->infinity_marker ? 1 : obj == st->negative_infinity_marker ? -1 : 0;
}

static PyObject *
register_edges(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"infinity", "negative_infinity", "interval", NULL};
    static const hdpy_signature signature = {"register_edges", params, 3, 3};
    hdpy_state *st = hdpy_state_of_module(module);
    PyObject *given[3];
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    Py_XSETREF(st->infinity_marker, Py_NewRef(given[0]));
    Py_XSETREF(st->negative_infinity_marker, Py_NewRef(given[1]));
    Py_XSETREF(st->Interval, Py_NewRef(given[2]));
    Py_RETURN_NONE;
}

static PyObject *
show_interval(PyObject *module, PyObject *args)
{
    hd_interval v;
    long long micros;
    if (!PyArg_ParseTuple(args, "iiL:show_interval", &v.months, &v.days, &micros))
        return NULL;
    v.micros = micros;
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hd_interval_show(&w, v);
    return hdpy_shown(&w);
}

static PyMethodDef methods[] = {
    {"register_edges", (PyCFunction)(void (*)(void))register_edges, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("register_edges($module, /, infinity, negative_infinity, interval)\n--\n\n"
               "Take the two markers of infinity and the class Interval.")},
    {"show_interval", show_interval, METH_VARARGS,
     PyDoc_STR("show_interval($module, months, days, microseconds, /)\n--\n\n"
               "The interval as PostgreSQL writes it under IntervalStyle postgres.")},
    {NULL},
};

int
hdpy_edges_init(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
