/* What prototype.c makes of PostgreSQL's binary values. */
#ifndef PROTOTYPE_VALUES_H
#define PROTOTYPE_VALUES_H

#include <Python.h>
#include <datetime.h>

static PyObject *decimal_class;

/* ---- numbers in network order */

static inline uint16_t
get16(const uint8_t *p)
{
    uint16_t v;
    memcpy(&v, p, 2);
    return __builtin_bswap16(v);
}

static inline uint32_t
get32(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, 4);
    return __builtin_bswap32(v);
}

static inline uint64_t
get64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, 8);
    return __builtin_bswap64(v);
}

/* ---- values */

typedef struct civil {
    int year, month, day;
} civil;

/* Howard Hinnant's days_from_civil, backwards; days count from 2000-01-01. */
static civil
civil_of(int64_t days)
{
    int64_t z = days + 10957 + 719468;
    int64_t era = (z >= 0 ? z : z - 146096) / 146097;
    unsigned doe = (unsigned)(z - era * 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    int month = (int)(mp < 10 ? mp + 3 : mp - 9);
    return (civil){(int)(yoe + era * 400) + (month <= 2), month, (int)(doy - (153 * mp + 2) / 5 + 1)};
}

static PyObject *
timestamp_of(int64_t us, PyObject *tz)
{
    int64_t day = us / 86400000000LL, t = us % 86400000000LL;
    if (t < 0) {
        t += 86400000000LL;
        day--;
    }
    civil d = civil_of(day);
    int s = (int)(t / 1000000);
    return PyDateTimeAPI->DateTime_FromDateAndTime(d.year, d.month, d.day, s / 3600, s / 60 % 60, s % 60,
                                                   (int)(t % 1000000), tz, PyDateTimeAPI->DateTimeType);
}

static PyObject *
numeric_of(const uint8_t *p)
{
    int n_digits = get16(p), weight = (int16_t)get16(p + 2), negative = get16(p + 4), scale = get16(p + 6);
    const uint8_t *digits = p + 8;
    char text[256], *to = text;
    if (negative)
        *to++ = '-';
    if (weight < 0)
        *to++ = '0';
    for (int i = 0; i <= weight; i++)
        to += sprintf(to, i == 0 ? "%d" : "%04d", i < n_digits ? get16(digits + 2 * i) : 0);
    if (scale > 0) {
        *to++ = '.';
        int left = scale;
        for (int i = weight + 1; left > 0; i++, left -= 4) {
            int v = i >= 0 && i < n_digits ? get16(digits + 2 * i) : 0;
            sprintf(to, "%04d", v);
            to += left < 4 ? left : 4;
        }
    }
    PyObject *string = PyUnicode_FromStringAndSize(text, to - text);
    PyObject *value = PyObject_CallOneArg(decimal_class, string);
    Py_DECREF(string);
    return value;
}

static PyObject *
int_array_of(const uint8_t *p)
{
    if (get32(p) == 0)
        return PyList_New(0);
    uint32_t n = get32(p + 12);
    PyObject *list = PyList_New(n);
    p += 20;
    for (uint32_t i = 0; i < n; i++) {
        int32_t size = (int32_t)get32(p);
        p += 4;
        PyList_SET_ITEM(list, i, size < 0 ? Py_NewRef(Py_None) : PyLong_FromLong((int32_t)get32(p)));
        p += size < 0 ? 0 : size;
    }
    return list;
}

static PyObject *
value_of(uint32_t oid, const uint8_t *p, uint32_t n)
{
    switch (oid) {
    case 16:
        return PyBool_FromLong(p[0]);
    case 17:
        return PyBytes_FromStringAndSize((const char *)p, n);
    case 20:
        return PyLong_FromLongLong((int64_t)get64(p));
    case 21:
        return PyLong_FromLong((int16_t)get16(p));
    case 23:
    case 26:
    case 28:
        return PyLong_FromLong((int32_t)get32(p));
    case 701: {
        uint64_t bits = get64(p);
        double d;
        memcpy(&d, &bits, 8);
        return PyFloat_FromDouble(d);
    }
    case 1007:
        return int_array_of(p);
    case 1082: {
        civil d = civil_of((int32_t)get32(p));
        return PyDate_FromDate(d.year, d.month, d.day);
    }
    case 1114:
        return timestamp_of((int64_t)get64(p), Py_None);
    case 1184:
        return timestamp_of((int64_t)get64(p), PyDateTime_TimeZone_UTC);
    case 1700:
        return numeric_of(p);
    case 2950:
        return PyBytes_FromStringAndSize((const char *)p, 16);
    case 3802:
        return PyUnicode_DecodeUTF8((const char *)p + 1, n - 1, NULL);
    default:
        return PyUnicode_DecodeUTF8((const char *)p, n, NULL);
    }
}

#endif
