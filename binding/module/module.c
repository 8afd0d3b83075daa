#include "module/state.h"

#include "adapt/settings.h"

static int
module_exec(PyObject *module)
{
    hdpy_state *st = hdpy_state_of_module(module);
    if (hdpy_settings_init(st, module) < 0)
        return -1;
    return 0;
}

static int
module_traverse(PyObject *module, visitproc visit, void *arg)
{
    hdpy_state *st = hdpy_state_of_module(module);
    if (st == NULL)
        return 0;
#define VISIT(name) Py_VISIT(st->name);
    HDPY_STATE_OBJECTS(VISIT)
#undef VISIT
    return 0;
}

static int
module_clear(PyObject *module)
{
    hdpy_state *st = hdpy_state_of_module(module);
    if (st == NULL)
        return 0;
#define CLEAR(name) Py_CLEAR(st->name);
    HDPY_STATE_OBJECTS(CLEAR)
#undef CLEAR
    return 0;
}

static void
module_free(void *module)
{
    module_clear((PyObject *)module);
}

static PyModuleDef_Slot module_slots[] = {
    {Py_mod_exec, module_exec},
#ifdef Py_mod_multiple_interpreters
    /* 3.12's _datetime and _decimal refuse an interpreter with its own GIL. */
#if PY_VERSION_HEX >= 0x030d0000
    {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
#else
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED},
#endif
#endif
#ifdef Py_mod_gil
    {Py_mod_gil, Py_MOD_GIL_NOT_USED},
#endif
    {0, NULL},
};

struct PyModuleDef hdpy_module_def = {
    PyModuleDef_HEAD_INIT,
    .m_name = "_howdah",
    .m_doc = "The C core of howdah.",
    .m_size = sizeof(hdpy_state),
    .m_slots = module_slots,
    .m_traverse = module_traverse,
    .m_clear = module_clear,
    .m_free = module_free,
};

PyMODINIT_FUNC
PyInit__howdah(void)
{
    return PyModuleDef_Init(&hdpy_module_def);
}
