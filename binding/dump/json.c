#include "types/oid.h"

#include "dump/types.h"
#include "module/args.h"

enum { JSONB_VERSION = 1 }; /* what jsonb_recv() wants in front */

/* What the wrapper's own function, or json.dumps, makes of the wrapped object: a new str or bytes-like object. */
static PyObject *
serialise(hdpy_state *st, PyObject *wrapper)
{
    PyObject *obj = PyObject_GetAttrString(wrapper, "obj");
    PyObject *function = obj ? PyObject_GetAttrString(wrapper, "dumps") : NULL;
    if (function == Py_None) {
        Py_DECREF(function);
        function = Py_XNewRef(hdpy_import_once(&st->json_dumps, "json", "dumps"));
    }
    PyObject *data = function ? PyObject_CallOneArg(function, obj) : NULL;
    Py_XDECREF(obj);
    Py_XDECREF(function);
    return data;
}

static int
write_json(hdpy_dump_ctx *ctx, PyObject *wrapper, hd_writer *dst)
{
    PyObject *data = serialise(ctx->st, wrapper);
    if (data == NULL)
        return -1;
    const hdpy_dumper *dumper = PyUnicode_Check(data) ? &hdpy_dump_str_binary : &hdpy_dump_bytea_binary;
    hdpy_param ignored;
    int rc = dumper->dump(dumper, ctx, data, dst, &ignored);
    Py_DECREF(data);
    return rc;
}

static int
dump(hdpy_dump_ctx *ctx, PyObject *wrapper, hdpy_param as, hd_writer *dst, hdpy_param *param)
{
    *param = as;
    if (as.oid == HD_OID_JSONB && as.format == HD_BINARY)
        hd_write_u8(dst, JSONB_VERSION);
    return write_json(ctx, wrapper, dst);
}

static int
dump_json_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump(ctx, obj, (hdpy_param){HD_OID_JSON, HD_TEXT}, dst, param);
}

static int
dump_json_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump(ctx, obj, (hdpy_param){HD_OID_JSON, HD_BINARY}, dst, param);
}

static int
dump_jsonb_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump(ctx, obj, (hdpy_param){HD_OID_JSONB, HD_TEXT}, dst, param);
}

static int
dump_jsonb_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump(ctx, obj, (hdpy_param){HD_OID_JSONB, HD_BINARY}, dst, param);
}

const hdpy_dumper hdpy_dump_json_text = {.dump = dump_json_text};
const hdpy_dumper hdpy_dump_json_binary = {.dump = dump_json_binary};
const hdpy_dumper hdpy_dump_jsonb_text = {.dump = dump_jsonb_text};
const hdpy_dumper hdpy_dump_jsonb_binary = {.dump = dump_jsonb_binary};

static PyObject *
register_json(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"json", "jsonb", NULL};
    static const hdpy_signature signature = {"register_json", params, 2, 2};
    PyObject *given[2];
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    if (!PyType_Check(given[0]) || !PyType_Check(given[1])) {
        PyErr_SetString(PyExc_TypeError, "register_json() takes classes");
        return NULL;
    }
    hdpy_state *st = hdpy_state_of_module(module);
    if (hdpy_register_class(st, (PyTypeObject *)given[0], "howdah.types.json", "Json") < 0 ||
        hdpy_register_class(st, (PyTypeObject *)given[1], "howdah.types.json", "Jsonb") < 0)
        return NULL;
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"register_json", (PyCFunction)(void (*)(void))register_json, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR("register_json($module, /, json, jsonb)\n--\n\n"
               "Take the wrapper classes of howdah.types.json.")},
    {NULL},
};

int
hdpy_dump_json_init(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
