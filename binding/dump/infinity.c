#include "adapt/edges.h"
#include "dump/datetime.h"
#include "types/date.h"
#include "types/interval.h"
#include "types/oid.h"
#include "types/timestamp.h"

static const char *
type_with_infinity(uint32_t oid)
{
    switch (oid) {
    case HD_OID_DATE:
        return "date";
    case HD_OID_TIMESTAMP:
    case HD_OID_TIMESTAMPTZ:
        return "timestamp";
    case HD_OID_INTERVAL:
        return "interval";
    default:
        return NULL;
    }
}

int
hdpy_dump_infinity(hdpy_dump_ctx *ctx, PyObject *obj, hdpy_param as, hd_writer *dst)
{
    int sign = hdpy_infinity_of(ctx->st, obj);
    bool text = as.format == HD_TEXT;
    const char *type = type_with_infinity(as.oid);
    if (!hdpy_dump_takes(sign != 0 && (text || type != NULL), obj, type ? type : "a type without infinity"))
        return -1;
    if (text)
        hd_write_span(dst, sign > 0 ? HD_SPAN_LITERAL("infinity") : HD_SPAN_LITERAL("-infinity"));
    else if (as.oid == HD_OID_DATE)
        hd_date_to_binary(dst, sign > 0 ? HD_DATE_INFINITY : HD_DATE_MINUS_INFINITY);
    else if (as.oid == HD_OID_INTERVAL)
        hd_interval_to_binary(dst, hd_interval_infinite(sign));
    else
        hd_timestamp_to_binary(dst, sign > 0 ? HD_TIMESTAMP_INFINITY : HD_TIMESTAMP_MINUS_INFINITY);
    return 0;
}

static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){0, HD_TEXT}; /* the server knows which type has its infinity here */
    return hdpy_dump_infinity(ctx, obj, *param, dst);
}

const hdpy_dumper hdpy_dump_infinity_text = {.dump = dump_text};
