/* Python ints from as many bytes as a type has. */
#ifndef HDPY_BIG_INT_H
#define HDPY_BIG_INT_H

#include "module/state.h"

/* An unsigned number, the highest byte first; NULL with an exception set. */
static inline PyObject *
hdpy_int_of_bytes(const uint8_t *p, size_t n)
{
#if PY_VERSION_HEX >= 0x030d0000
    return PyLong_FromUnsignedNativeBytes(p, n, Py_ASNATIVEBYTES_BIG_ENDIAN);
#else
    return _PyLong_FromByteArray(p, n, 0, 0);
#endif
}

#endif
