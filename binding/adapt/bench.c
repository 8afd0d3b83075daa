/* The test bench of the adapters: one value in or out, without a connection. */
#include "adapt/adapt.h"

#include "adapt/core.h"
#include "adapt/transformer.h"
#include "dump/json.h"
#include "module/args.h"
#include "module/errors.h"

/* NULL where the argument was not given; *ok is false with TypeError set where it is no str. */
static const char *
optional_str(PyObject *arg, bool *ok)
{
    if (arg == Py_None)
        return NULL;
    const char *s = PyUnicode_AsUTF8(arg);
    if (s == NULL)
        *ok = false;
    return s;
}

static PyObject *
bench_load(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"oid",        "format",         "data",     "timezone",     "encoding",
                                         "date_style", "interval_style", "infinity", "out_of_range", "interval",
                                         NULL};
    static const hdpy_signature signature = {"load", params, 10, 3};
    hdpy_state *st = hdpy_state_of_module(module);
    PyObject *given[10] = {[3] = Py_None, Py_None, Py_None, Py_None, Py_None, Py_None, Py_None};
    hdpy_edges edges = {0};
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0 ||
        hdpy_edges_set(&edges, given[7], given[8], given[9]) < 0)
        return NULL;
    unsigned long oid = PyLong_AsUnsignedLong(given[0]);
    long format = PyErr_Occurred() ? -1 : PyLong_AsLong(given[1]);
    if (PyErr_Occurred())
        return NULL;
    if (oid > UINT32_MAX || (format != HD_TEXT && format != HD_BINARY)) {
        PyErr_SetString(PyExc_ValueError, "no such oid or format");
        return NULL;
    }
    bool ok = true;
    const char *timezone = optional_str(given[3], &ok);
    const char *encoding = ok ? optional_str(given[4], &ok) : NULL;
    const char *date_style = ok ? optional_str(given[5], &ok) : NULL;
    const char *interval_style = ok ? optional_str(given[6], &ok) : NULL;
    hdpy_settings *settings = ok ? hdpy_settings_new(st, encoding, date_style, interval_style, timezone) : NULL;
    if (settings == NULL)
        return NULL;

    hdpy_context context;
    if (hdpy_context_init(&context, st, NULL) < 0) {
        Py_DECREF(settings);
        return NULL;
    }
    PyObject *value = NULL;
    Py_buffer data;
    if (PyObject_GetBuffer(given[2], &data, PyBUF_SIMPLE) == 0) {
        hdpy_load_ctx ctx = hdpy_load_ctx_of(st, settings, context.adapters, &context, NULL);
        ctx.edges = &edges;
        const hdpy_loader *loader = hdpy_loader_for(&ctx, (uint32_t)oid, (hd_format)format);
        if (loader != NULL)
            value = loader->load(loader, &ctx, (hd_span){data.buf, (size_t)data.len});
        PyBuffer_Release(&data);
    }
    hdpy_context_clear(&context);
    Py_DECREF(settings);
    return value;
}

static PyObject *
make_dumped(const hd_writer *w, const hdpy_param *param)
{
    uint32_t length; /* in front of the value; all ones for NULL */
    memcpy(&length, w->p, sizeof length);
    if (length == UINT32_MAX)
        return Py_BuildValue("(IHO)", param->oid, param->format, Py_None);
    return Py_BuildValue("(IHy#)", param->oid, param->format, w->p + 4, (Py_ssize_t)(w->n - 4));
}

static PyObject *
bench_dump(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"obj", "format", "encoding", "interval_style", NULL};
    static const hdpy_signature signature = {"dump", params, 4, 1};
    hdpy_state *st = hdpy_state_of_module(module);
    PyObject *given[4] = {[1] = NULL, Py_None, Py_None};
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    const char *format = given[1] ? PyUnicode_AsUTF8(given[1]) : "s";
    if (format == NULL)
        return NULL;
    if (strlen(format) != 1 || strchr("stb", format[0]) == NULL) {
        PyErr_SetString(PyExc_ValueError, "format must be 's', 't' or 'b'");
        return NULL;
    }
    bool ok = true;
    const char *encoding = optional_str(given[2], &ok);
    const char *interval_style = ok ? optional_str(given[3], &ok) : NULL;
    hdpy_settings *settings = ok ? hdpy_settings_new(st, encoding, NULL, interval_style, NULL) : NULL;
    if (settings == NULL)
        return NULL;

    hdpy_context context;
    if (hdpy_context_init(&context, st, NULL) < 0) {
        Py_DECREF(settings);
        return NULL;
    }
    hd_writer w = hd_writer_of(&hd_alloc_default);
    hdpy_dump_ctx ctx = hdpy_dump_ctx_of(st, settings, context.adapters, &context, NULL);
    hdpy_param param;
    PyObject *dumped = NULL;
    if (hdpy_dump_value(&ctx, given[0], (hdpy_pyformat)format[0], &w, &param) == 0) {
        if (w.rc == HD_OK)
            dumped = make_dumped(&w, &param);
        else
            hdpy_raise_rc(st, w.rc);
    }
    hd_writer_fini(&w);
    hdpy_context_clear(&context);
    Py_DECREF(settings);
    return dumped;
}

static PyMethodDef methods[] = {
    {"load", (PyCFunction)(void (*)(void))bench_load, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("load($module, /, oid, format, data, timezone=None, encoding=None, date_style=None,\n"
               "     interval_style=None, infinity=None, out_of_range=None, interval=None)\n--\n\n"
               "Decode one value as a column of this type would be: the test bench of the loaders.")},
    {"dump", (PyCFunction)(void (*)(void))bench_dump, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("dump($module, /, obj, format='s', encoding=None, interval_style=None)\n--\n\n"
               "Encode one parameter: (type oid, format, bytes), the bytes None for NULL.")},
    {NULL},
};

int
hdpy_adapt_init(hdpy_state *st, PyObject *module)
{
    if (hdpy_adapters_init(st, module) < 0 || hdpy_core_init(st, module) < 0 ||
        hdpy_transformer_init(st, module) < 0 || hdpy_dump_json_init(module) < 0 || hdpy_edges_init(module) < 0)
        return -1;
    return PyModule_AddFunctions(module, methods);
}
