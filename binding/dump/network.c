#include "types/network.h"

#include "types/oid.h"

#include "dump/types.h"

/* The bytes of an address, of one of the two lengths. 0, or -1 with an exception set. */
static int
read_address(PyObject *obj, hdpy_state *st, hd_network *v)
{
    PyObject *packed = PyObject_GetAttr(obj, st->str_packed);
    if (packed == NULL)
        return -1;
    int rc = -1;
    Py_ssize_t n = PyBytes_Check(packed) ? PyBytes_GET_SIZE(packed) : 0;
    if (n == HD_IPV4_LENGTH || n == HD_IPV6_LENGTH) {
        memcpy(v->address, PyBytes_AS_STRING(packed), (size_t)n);
        v->length = (uint8_t)n;
        rc = 0;
    }
    else {
        PyErr_Format(PyExc_TypeError, "packed should be 4 or 16 bytes, not %R", packed);
    }
    Py_DECREF(packed);
    return rc;
}

/* How many bits name the network. 0, or -1 with an exception set. */
static int
read_bits(PyObject *network, hdpy_state *st, hd_network *v)
{
    PyObject *prefixlen = PyObject_GetAttr(network, st->str_prefixlen);
    long bits = prefixlen ? PyLong_AsLong(prefixlen) : -1;
    Py_XDECREF(prefixlen);
    if (bits >= 0 && bits <= 8 * v->length) {
        v->bits = (uint8_t)bits;
        return 0;
    }
    if (!PyErr_Occurred())
        PyErr_Format(PyExc_ValueError, "a network of %ld bits", bits);
    return -1;
}

static bool
is_interface(hdpy_state *st, PyObject *obj)
{
    PyObject *v4 = hdpy_import_once(&st->IPv4Interface, "ipaddress", "IPv4Interface");
    PyObject *v6 = v4 ? hdpy_import_once(&st->IPv6Interface, "ipaddress", "IPv6Interface") : NULL;
    return v6 && (PyObject_TypeCheck(obj, (PyTypeObject *)v4) || PyObject_TypeCheck(obj, (PyTypeObject *)v6));
}

/* An address, with the bits of its network if it is an interface. */
static int
dump_inet_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    hdpy_state *st = ctx->st;
    hd_network v;
    if (read_address(obj, st, &v) < 0)
        return -1;
    v.bits = (uint8_t)(8 * v.length);
    if (is_interface(st, obj)) {
        PyObject *network = PyObject_GetAttr(obj, st->str_network);
        int rc = network ? read_bits(network, st, &v) : -1;
        Py_XDECREF(network);
        if (rc < 0)
            return -1;
    }
    else if (PyErr_Occurred()) {
        return -1;
    }
    *param = (hdpy_param){HD_OID_INET, HD_BINARY};
    hd_network_to_binary(dst, &v, false);
    return 0;
}

static int
dump_cidr_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    hdpy_state *st = ctx->st;
    hd_network v;
    PyObject *address = PyObject_GetAttr(obj, st->str_network_address);
    int rc = address ? read_address(address, st, &v) : -1;
    Py_XDECREF(address);
    if (rc < 0 || read_bits(obj, st, &v) < 0)
        return -1;
    *param = (hdpy_param){HD_OID_CIDR, HD_BINARY};
    hd_network_to_binary(dst, &v, true);
    return 0;
}

static int
dump_text(PyObject *obj, uint32_t oid, hd_writer *dst, hdpy_param *param)
{
    PyObject *text = PyObject_Str(obj);
    Py_ssize_t n;
    const char *p = text ? PyUnicode_AsUTF8AndSize(text, &n) : NULL;
    if (p != NULL) {
        *param = (hdpy_param){oid, HD_TEXT};
        hd_write_bytes(dst, p, (size_t)n);
    }
    Py_XDECREF(text);
    return p == NULL ? -1 : 0;
}

static int
dump_inet_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump_text(obj, HD_OID_INET, dst, param);
}

static int
dump_cidr_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    return dump_text(obj, HD_OID_CIDR, dst, param);
}

const hdpy_dumper hdpy_dump_inet_text = {.dump = dump_inet_text};
const hdpy_dumper hdpy_dump_inet_binary = {.dump = dump_inet_binary};
const hdpy_dumper hdpy_dump_cidr_text = {.dump = dump_cidr_text};
const hdpy_dumper hdpy_dump_cidr_binary = {.dump = dump_cidr_binary};
