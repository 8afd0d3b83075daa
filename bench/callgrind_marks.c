/* Says to callgrind where a piece of work begins and ends; budget.py compiles it. */
#include <Python.h>

#include <valgrind/callgrind.h>

static PyObject *
begin(PyObject *module, PyObject *unused)
{
    CALLGRIND_ZERO_STATS;
    Py_RETURN_NONE;
}

static PyObject *
end(PyObject *module, PyObject *name)
{
    const char *text = PyUnicode_AsUTF8(name);
    if (text == NULL)
        return NULL;
    CALLGRIND_DUMP_STATS_AT(text);
    Py_RETURN_NONE;
}

static PyMethodDef methods[] = {
    {"begin", begin, METH_NOARGS, PyDoc_STR("Count from here.")},
    {"end", end, METH_O, PyDoc_STR("Write down what was counted, under a name.")},
    {NULL},
};

static struct PyModuleDef module = {PyModuleDef_HEAD_INIT, .m_name = "callgrind_marks", .m_methods = methods};

PyMODINIT_FUNC
PyInit_callgrind_marks(void)
{
    return PyModule_Create(&module);
}
