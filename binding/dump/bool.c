#include "types/oid.h"

#include "dump/types.h"

/* Objects of another class may have a truth too, as numpy's do. 1, 0, or -1 with an exception set. */
static int
truth_of(PyObject *obj)
{
    return obj == Py_True ? 1 : PyObject_IsTrue(obj);
}

static int
dump_text(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_BOOL, HD_TEXT};
    int truth = truth_of(obj);
    hd_write_u8(dst, truth ? 't' : 'f');
    return truth < 0 ? -1 : 0;
}

static int
dump_binary(const hdpy_dumper *self, hdpy_dump_ctx *ctx, PyObject *obj, hd_writer *dst, hdpy_param *param)
{
    *param = (hdpy_param){HD_OID_BOOL, HD_BINARY};
    int truth = truth_of(obj);
    hd_write_u8(dst, truth != 0);
    return truth < 0 ? -1 : 0;
}

const hdpy_dumper hdpy_dump_bool_text = {.dump = dump_text};
const hdpy_dumper hdpy_dump_bool_binary = {.dump = dump_binary};
