#include "adapt/big_int.h"
#include "types/network.h"

#include "load/types.h"

typedef enum kind { ADDRESS, INTERFACE, NETWORK } kind;

/* The class of ipaddress, kept in the state: borrowed. */
static PyObject *
class_of(hdpy_state *st, kind kind, bool ipv6)
{
#define CLASS(name) hdpy_import_once(&st->name, "ipaddress", #name)
    switch (kind) {
    case ADDRESS:
        return ipv6 ? CLASS(IPv6Address) : CLASS(IPv4Address);
    case INTERFACE:
        return ipv6 ? CLASS(IPv6Interface) : CLASS(IPv4Interface);
    case NETWORK:
        return ipv6 ? CLASS(IPv6Network) : CLASS(IPv4Network);
    }
#undef CLASS
    Py_UNREACHABLE();
}

/* From the number that the address is, which spares the constructors all parsing. */
static PyObject *
make(hdpy_state *st, kind kind, const hd_network *v)
{
    PyObject *class = class_of(st, kind, v->length == HD_IPV6_LENGTH);
    PyObject *arg = class ? hdpy_int_of_bytes(v->address, v->length) : NULL;
    if (arg != NULL && kind != ADDRESS)
        arg = Py_BuildValue("(NB)", arg, v->bits);
    PyObject *obj = arg ? PyObject_CallOneArg(class, arg) : NULL;
    Py_XDECREF(arg);
    return obj;
}

static PyObject *
load_inet(hdpy_load_ctx *ctx, hd_span src, hd_rc rc, const hd_network *v)
{
    if (HD_UNLIKELY(rc != HD_OK))
        return hdpy_load_error(ctx, "inet", src);
    return make(ctx->st, v->alone ? ADDRESS : INTERFACE, v);
}

static PyObject *
load_cidr(hdpy_load_ctx *ctx, hd_span src, hd_rc rc, const hd_network *v)
{
    if (HD_UNLIKELY(rc != HD_OK || hd_network_has_host_bits(v)))
        return hdpy_load_error(ctx, "cidr", src);
    return make(ctx->st, NETWORK, v);
}

static PyObject *
load_inet_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    hd_network v;
    hd_rc rc = hd_network_from_text(src, &v);
    return load_inet(ctx, src, rc, &v);
}

static PyObject *
load_inet_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    hd_network v;
    hd_rc rc = hd_network_from_binary(src, &v);
    return load_inet(ctx, src, rc, &v);
}

static PyObject *
load_cidr_text(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    hd_network v;
    hd_rc rc = hd_network_from_text(src, &v);
    return load_cidr(ctx, src, rc, &v);
}

static PyObject *
load_cidr_binary(const hdpy_loader *self, hdpy_load_ctx *ctx, hd_span src)
{
    hd_network v;
    hd_rc rc = hd_network_from_binary(src, &v);
    return load_cidr(ctx, src, rc, &v);
}

const hdpy_loader hdpy_load_inet_text = {.load = load_inet_text};
const hdpy_loader hdpy_load_inet_binary = {.load = load_inet_binary};
const hdpy_loader hdpy_load_cidr_text = {.load = load_cidr_text};
const hdpy_loader hdpy_load_cidr_binary = {.load = load_cidr_binary};
