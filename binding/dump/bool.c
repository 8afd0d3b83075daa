#include "types/oid.h"

#include "dump/types.h"

static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_BOOL, HD_TEXT};
    hd_write_u8(dst, obj == Py_True ? 't' : 'f');
    return 0;
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_BOOL, HD_BINARY};
    hd_write_u8(dst, obj == Py_True);
    return 0;
}

const hdpy_dumper hdpy_dump_bool_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_bool_binary = {.dump = dump_binary};
