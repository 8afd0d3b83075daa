/* Types of results that did not come with PostgreSQL: for those the connection's discovery may be asked. */
#include "objects/cursor.h"

bool
hdpy_cursor_has_foreign_types(const hdpy_cursor *cur)
{
    if (cur->conn->discovery == Py_None || cur->results == NULL)
        return false;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(cur->results); i++) {
        const hdpy_description *d = ((hdpy_result *)PyList_GET_ITEM(cur->results, i))->description;
        if (d != NULL && d->foreign)
            return true;
    }
    return false;
}

PyObject *
hdpy_cursor_get_has_foreign_types(PyObject *self, void *closure)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    return PyBool_FromLong(cur->conn != NULL && hdpy_cursor_has_foreign_types(cur));
}

/* Oids of the columns' types that did not come with PostgreSQL, in all results. */
PyObject *
hdpy_cursor_foreign_types(PyObject *self, PyObject *unused)
{
    HDPY_GUARD(((hdpy_cursor *)self)->conn);
    hdpy_cursor *cur = (hdpy_cursor *)self;
    PyObject *oids = PyList_New(0);
    for (Py_ssize_t i = 0; oids != NULL && cur->results != NULL && i < PyList_GET_SIZE(cur->results); i++) {
        const hdpy_description *d = ((hdpy_result *)PyList_GET_ITEM(cur->results, i))->description;
        for (Py_ssize_t c = 0; oids != NULL && d != NULL && c < Py_SIZE(d); c++) {
            if (hdpy_is_built_in(d->columns[c].type_oid))
                continue;
            PyObject *oid = PyLong_FromUnsignedLong(d->columns[c].type_oid);
            if (oid == NULL || PyList_Append(oids, oid) < 0)
                Py_CLEAR(oids);
            Py_XDECREF(oid);
        }
    }
    return oids;
}
