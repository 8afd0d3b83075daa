#include "adapt/uuid_class.h"

#include "adapt/big_int.h"

static int
import_uuid(hdpy_state *st)
{
    if (HDPY_LOAD(st->uuid_unknown_safety) != NULL)
        return 0;
    PyObject *type = hdpy_import_once(&st->UUID, "uuid", "UUID");
    if (type == NULL || hdpy_keep_first(&st->uuid_int, PyObject_GetAttrString(type, "int")) == NULL ||
        hdpy_keep_first(&st->uuid_is_safe, PyObject_GetAttrString(type, "is_safe")) == NULL)
        return -1;
    PyObject *safety = NULL;
    if (hdpy_import_once(&safety, "uuid", "SafeUUID") == NULL)
        return -1;
    PyObject *unknown = hdpy_keep_first(&st->uuid_unknown_safety, PyObject_GetAttrString(safety, "unknown"));
    Py_DECREF(safety);
    return unknown == NULL ? -1 : 0;
}

static int
set_slot(PyObject *slot, PyObject *obj, PyObject *value)
{
    return Py_TYPE(slot)->tp_descr_set(slot, obj, value);
}

PyObject *
hdpy_uuid_make(hdpy_state *st, const uint8_t uuid[HD_UUID_LENGTH])
{
    if (import_uuid(st) < 0)
        return NULL;
    PyObject *number = hdpy_int_of_bytes(uuid, HD_UUID_LENGTH);
    if (number == NULL)
        return NULL;
    PyTypeObject *type = (PyTypeObject *)HDPY_LOAD(st->UUID);
    PyObject *obj = type->tp_alloc(type, 0);
    if (obj != NULL && (set_slot(HDPY_LOAD(st->uuid_int), obj, number) < 0 ||
                        set_slot(HDPY_LOAD(st->uuid_is_safe), obj, HDPY_LOAD(st->uuid_unknown_safety)) < 0))
        Py_CLEAR(obj);
    Py_DECREF(number);
    return obj;
}

int
hdpy_uuid_read(hdpy_state *st, PyObject *obj, uint8_t uuid[HD_UUID_LENGTH])
{
    if (import_uuid(st) < 0)
        return -1;
    PyObject *slot = HDPY_LOAD(st->uuid_int);
    PyObject *number = Py_TYPE(slot)->tp_descr_get(slot, obj, (PyObject *)Py_TYPE(obj));
    if (number == NULL)
        return -1;
    int rc = -1;
    if (!PyLong_Check(number))
        PyErr_SetString(PyExc_TypeError, "UUID.int is not an int");
    else
#if PY_VERSION_HEX >= 0x030d0000
        rc = PyLong_AsNativeBytes(number, uuid, HD_UUID_LENGTH,
                                  Py_ASNATIVEBYTES_BIG_ENDIAN | Py_ASNATIVEBYTES_UNSIGNED_BUFFER) < 0
                 ? -1
                 : 0;
#else
        rc = _PyLong_AsByteArray((PyLongObject *)number, uuid, HD_UUID_LENGTH, 0, 0);
#endif
    Py_DECREF(number);
    return rc;
}
