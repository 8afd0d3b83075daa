#include "dump/json.h"

#include "dump/types.h"
#include "module/args.h"
#include "types/oid.h"

enum { JSONB_VERSION = 1 }; /* what jsonb_recv() wants in front */

/* What the wrapper's own function, the dumper's, or json.dumps makes of the object: a new str or bytes-like object. */
static PyObject *
serialise(hdpy_state *st, PyObject *obj, PyObject *dumps)
{
    PyObject *function = NULL;
    int wrapped = PyObject_IsInstance(obj, st->json_wrapper);
    if (wrapped < 0)
        return NULL;
    if (!wrapped)
        Py_INCREF(obj);
    else if ((function = PyObject_GetAttrString(obj, "dumps")) == NULL ||
             (obj = PyObject_GetAttrString(obj, "obj")) == NULL) {
        Py_XDECREF(function);
        return NULL;
    }
    if (function == NULL || function == Py_None) {
        Py_XDECREF(function);
        function = Py_XNewRef(dumps ? dumps : hdpy_import_once(&st->json_dumps, "json", "dumps"));
    }
    PyObject *data = function ? PyObject_CallOneArg(function, obj) : NULL;
    Py_DECREF(obj);
    Py_XDECREF(function);
    return data;
}

static int
write_json(hdpy_dump_ctx *ctx, PyObject *obj, PyObject *dumps, hd_writer *dst)
{
    PyObject *data = serialise(ctx->st, obj, dumps);
    if (data == NULL)
        return -1;
    const hdpy_dumper *dumper = PyUnicode_Check(data) ? &hdpy_dump_str_binary : &hdpy_dump_bytea_binary;
    hdpy_param ignored;
    int rc = dumper->dump(dumper, ctx, data, dst, &ignored);
    Py_DECREF(data);
    return rc;
}

static int
dump(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hdpy_param as, hd_writer *dst, hdpy_param *param)
{
    *param = as;
    if (as.oid == HD_OID_JSONB && as.format == HD_BINARY)
        hd_write_u8(dst, JSONB_VERSION);
    return write_json(ctx, obj, self->data, dst);
}

static int
dump_json_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump(self, ctx, obj, (hdpy_param){HD_OID_JSON, HD_TEXT}, dst, param);
}

static int
dump_json_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump(self, ctx, obj, (hdpy_param){HD_OID_JSON, HD_BINARY}, dst, param);
}

static int
dump_jsonb_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump(self, ctx, obj, (hdpy_param){HD_OID_JSONB, HD_TEXT}, dst, param);
}

static int
dump_jsonb_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump(self, ctx, obj, (hdpy_param){HD_OID_JSONB, HD_BINARY}, dst, param);
}

const hdpy_dumper hdpy_dump_json_text = {.dump = dump_json_text};
const hdpy_dumper hdpy_dump_json_binary = {.dump = dump_json_binary};
const hdpy_dumper hdpy_dump_jsonb_text = {.dump = dump_jsonb_text};
const hdpy_dumper hdpy_dump_jsonb_binary = {.dump = dump_jsonb_binary};

static PyObject *
register_json(PyObject *module, PyObject *wrapper)
{
    if (!PyType_Check(wrapper)) {
        PyErr_SetString(PyExc_TypeError, "register_json() takes a class");
        return NULL;
    }
    Py_XSETREF(hdpy_state_of_module(module)->json_wrapper, Py_NewRef(wrapper));
    Py_RETURN_NONE;
}

/* Without a GIL another thread may be about to call what was set before: there that stays for good. */
static void
replace(PyObject **field, PyObject *function)
{
#ifdef Py_GIL_DISABLED
    HDPY_STORE(*field, Py_NewRef(function));
#else
    Py_XSETREF(*field, Py_NewRef(function));
#endif
}

/* set_json_functions(dumps, loads): None leaves as it is */
static PyObject *
set_json_functions(PyObject *module, PyObject *const *args, Py_ssize_t nargs, PyObject *kwnames)
{
    static const char *const params[] = {"dumps", "loads", NULL};
    static const hdpy_signature signature = {"set_json_functions", params, 2, 0};
    PyObject *given[2] = {Py_None, Py_None};
    hdpy_state *st = hdpy_state_of_module(module);
    if (hdpy_parse_args(&signature, args, nargs, kwnames, given) < 0)
        return NULL;
    if (given[0] != Py_None)
        replace(&st->json_dumps, given[0]);
    if (given[1] != Py_None)
        replace(&st->json_own_loads, given[1]);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"set_json_functions", (PyCFunction)(void (*)(void))set_json_functions, METH_FASTCALL | METH_KEYWORDS,
     PyDoc_STR(
         "set_json_functions($module, /, dumps=None, loads=None)\n--\n\n"
         "Use these where an adapter has no function of its own, in place of json.dumps and of json's scanner.")},
    {"register_json", register_json, METH_O,
     PyDoc_STR("register_json($module, wrapper, /)\n--\n\n"
               "Take the class whose instances wrap what is to be sent as JSON.")},
    {NULL},
};

int
hdpy_dump_json_init(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
