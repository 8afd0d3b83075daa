#include "module/errors.h"

#include "wire/backend.h"

PyObject *
hdpy_diagnostics(hdpy_state *st, hd_span body)
{
    hd_diagnostics d;
    if (hd_decode_diagnostics(&d, body) != HD_OK) {
        PyErr_SetString(st->OperationalError, "the server sent a malformed error or notice");
        return NULL;
    }
    PyObject *fields = PyDict_New();
    if (fields == NULL)
        return NULL;
    for (int i = 0; i < HD_DIAG_FIELDS; i++) {
        if (d.field[i].p == NULL)
            continue;
        char letter[2] = {hd_diag_letters[i], 0};
        PyObject *value = PyBytes_FromStringAndSize((const char *)d.field[i].p, (Py_ssize_t)d.field[i].n);
        int rc = value == NULL ? -1 : PyDict_SetItemString(fields, letter, value);
        Py_XDECREF(value);
        if (rc < 0) {
            Py_DECREF(fields);
            return NULL;
        }
    }
    return fields;
}

PyObject *
hdpy_server_error(hdpy_state *st, const hdpy_settings *settings, hd_span body, PyObject *sql)
{
    PyObject *fields = hdpy_diagnostics(st, body);
    PyObject *query = Py_NewRef(Py_None);
    if (fields != NULL && sql != NULL) {
        hd_span text = {(const uint8_t *)PyBytes_AS_STRING(sql), (size_t)PyBytes_GET_SIZE(sql)};
        Py_SETREF(query, hdpy_decode_name(settings, text));
    }
    PyObject *error = NULL;
    if (fields != NULL && query != NULL)
        error = PyObject_CallFunctionObjArgs(st->error_from_server, fields, settings->encoding, query, NULL);
    Py_XDECREF(fields);
    Py_XDECREF(query);
    return error ? error : hdpy_take_exception();
}

void
hdpy_raise_rc(hdpy_state *st, hd_rc rc)
{
    switch (rc) {
    case HD_ENOMEM:
        PyErr_NoMemory();
        break;
    case HD_ETOOLARGE:
        PyErr_SetString(st->DataError, "the message is larger than the server accepts (1 GB)");
        break;
    case HD_EINVAL:
        PyErr_SetString(st->DataError, "PostgreSQL strings cannot contain NUL (0x00) bytes");
        break;
    default:
        PyErr_Format(st->InternalError, "unexpected return code %d", (int)rc);
    }
}

PyObject *
hdpy_take_exception(void)
{
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL)
        PyException_SetTraceback(value, traceback);
    Py_XDECREF(type);
    Py_XDECREF(traceback);
    return value;
}

void
hdpy_raise(PyObject *exception)
{
    PyErr_Restore(Py_NewRef((PyObject *)Py_TYPE(exception)), exception, PyException_GetTraceback(exception));
}

void
hdpy_raise_timeout(hdpy_state *st, PyObject *error, bool closed)
{
    PyObject *made = PyObject_CallFunctionObjArgs(st->error_of_timeout, error ? error : Py_None,
                                                  closed ? Py_True : Py_False, NULL);
    Py_XDECREF(error);
    if (made != NULL)
        hdpy_raise(made);
}

static PyObject *
register_errors(PyObject *module, PyObject *errors)
{
    hdpy_state *st = hdpy_state_of_module(module);
    struct {
        const char *name;
        PyObject **slot;
    } wanted[] = {
        {"Error", &st->Error},
        {"InterfaceError", &st->InterfaceError},
        {"DataError", &st->DataError},
        {"OperationalError", &st->OperationalError},
        {"ProgrammingError", &st->ProgrammingError},
        {"NotSupportedError", &st->NotSupportedError},
        {"InternalError", &st->InternalError},
        {"PipelineAborted", &st->PipelineAborted},
        {"from_server", &st->error_from_server},
        {"of_timeout", &st->error_of_timeout},
    };
    for (size_t i = 0; i < Py_ARRAY_LENGTH(wanted); i++) {
        PyObject *value = PyObject_GetAttrString(errors, wanted[i].name);
        if (value == NULL)
            return NULL;
        Py_XSETREF(*wanted[i].slot, value);
    }
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"register_errors", register_errors, METH_O,
     PyDoc_STR(
         "register_errors($module, errors, /)\n--\n\nTake the exception classes and from_server() of a module.")},
    {NULL},
};

int
hdpy_errors_init(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
