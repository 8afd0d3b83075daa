/* What the extension keeps per interpreter. Nothing of it is a C static, so subinterpreters never share objects. */
#ifndef HDPY_STATE_H
#define HDPY_STATE_H

#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "bytes/base.h"
#include "module/guard.h"

/* Names of attributes, interned: X(done) is the field str_done. */
// clang-format off
#define HDPY_STATE_NAMES(X) \
    X(acquire) X(release) X(done) X(cancelled) X(set_result) X(exception) X(cancel) X(is_closed) X(add_reader) \
    X(remove_reader) X(add_writer) X(remove_writer) X(create_future) X(create_task) X(add_done_callback) \
    X(conn) X(on_cancel) X(on_notice) X(on_notification) X(future_blocking) X(fromutc) X(utcoffset) X(call_soon) X(get_debug) X(adapters) X(as_literal) \
    X(connection) X(core) X(discover) X(dump) X(format) X(get_dumper) X(get_loader) X(load) X(of_snapshot) X(oid) \
    X(name) X(network) X(network_address) X(packed) X(prefixlen) \
    X(assigns) X(pending) X(read) X(init) X(row_factory) X(cursor) X(cursor_factory) X(execute) X(named_cursor) X(days) X(microseconds) X(months) X(write)
// clang-format on

/* One line per object: HDPY_STATE_OBJECTS(X) expands to the fields, to the traversal and to the clearing. */
#define HDPY_STATE_OBJECTS(X)                                                                                        \
    /* exceptions, given by howdah.errors through _howdah.register_errors() */                                       \
    X(Error)                                                                                                         \
    X(InterfaceError)                                                                                                \
    X(DataError)                                                                                                     \
    X(OperationalError)                                                                                              \
    X(ProgrammingError)                                                                                              \
    X(NotSupportedError)                                                                                             \
    X(InternalError)                                                                                                 \
    X(PipelineAborted)                                                                                               \
    X(error_from_server)                                                                                             \
    X(error_of_timeout)                                                                                              \
    /* given by howdah.rows and howdah._column */                                                                    \
    X(tuple_row)                                                                                                     \
    X(dict_row)                                                                                                      \
    X(namedtuple_row)                                                                                                \
    X(scalar_row)                                                                                                    \
    X(call_factory)                                                                                                  \
    X(namedtuple_class)                                                                                              \
    X(Column)                                                                                                        \
    X(ClientCursorMixin) /* given by howdah._cursor_base */                                                          \
    X(RawCursorMixin)                                                                                                \
    X(Template) /* given by howdah._template, from Python 3.14 on */                                                 \
    X(bind_template)                                                                                                 \
    /* given by howdah.adapt */                                                                                      \
    X(global_map)                                                                                                    \
    X(map_class)                                                                                                     \
    X(transformer_class)                                                                                             \
    X(pyformats)                                                                                                     \
    /* our types */                                                                                                  \
    X(BaseConnection)                                                                                                \
    X(BaseCursor)                                                                                                    \
    X(Blueprint)                                                                                                     \
    X(Description)                                                                                                   \
    X(Result)                                                                                                        \
    X(Query)                                                                                                         \
    X(Adapters)                                                                                                      \
    X(AdaptersMap)                                                                                                   \
    X(LoaderCore)                                                                                                    \
    X(DumperCore)                                                                                                    \
    X(Transformer)                                                                                                   \
    X(CopyData)                                                                                                      \
    X(Watch)                                                                                                         \
    X(kw_context) /* ("context",) */                                                                                 \
    X(kw_prepare) /* ("prepare",) */                                                                                 \
    X(kw_prepare_timeout)                                                                                            \
    X(kw_row_factory)                                                                                                \
    X(Waiter)                                                                                                        \
    X(ended_future) /* wait/waiter.c */                                                                              \
    X(StreamRows)                                                                                                    \
    X(Operation)                                                                                                     \
    X(Cancel)                                                                                                        \
    X(Read)                                                                                                          \
    /* imported on first use: hdpy_import_once() */                                                                  \
    X(threading_Lock)                                                                                                \
    X(current_task)                                                                                                  \
    X(CancelledError)                                                                                                \
    X(Future)                                                                                                        \
    X(LoopStub)                                                                                                      \
    X(Task)                                                                                                          \
    X(get_running_loop)                                                                                              \
    X(Face)                                                                                                          \
    X(SSLError)                                                                                                      \
    X(SSLWantReadError)                                                                                              \
    X(SSLZeroReturnError)                                                                                            \
    /* classes of the standard library that values become */                                                         \
    X(Decimal)                                                                                                       \
    X(IPv4Address)                                                                                                   \
    X(IPv4Interface)                                                                                                 \
    X(IPv4Network)                                                                                                   \
    X(IPv6Address)                                                                                                   \
    X(IPv6Interface)                                                                                                 \
    X(IPv6Network)                                                                                                   \
    X(UUID)                                                                                                          \
    X(infinity_marker) /* given by howdah.types.datetime */                                                          \
    X(negative_infinity_marker)                                                                                      \
    X(Interval)                                                                                                      \
    X(find_zone)                                                                                                     \
    X(datetime_capsule)                                                                                              \
    X(json_own_loads) /* given by set_json_functions() */                                                            \
    X(json_loads)                                                                                                    \
    X(json_dumps)                                                                                                    \
    X(json_wrapper)                                                                                                  \
    X(json_scan) /* load/json.c: JSONDecoder().scan_once */                                                          \
    X(uuid_int)  /* adapt/uuid_class.c: the slots of UUID, and SafeUUID.unknown */                                   \
    X(uuid_is_safe)                                                                                                  \
    X(uuid_unknown_safety)                                                                                           \
    /* and our own, in howdah.types */                                                                               \
    X(Multirange)                                                                                                    \
    X(Range)                                                                                                         \
    /* adapt/settings.c */                                                                                           \
    X(settings_type)

typedef struct hdpy_state {
#define HDPY_FIELD(name) PyObject *name;
    HDPY_STATE_OBJECTS(HDPY_FIELD)
#undef HDPY_FIELD
#define HDPY_NAME_FIELD(name) PyObject *str_##name;
    HDPY_STATE_NAMES(HDPY_NAME_FIELD)
#undef HDPY_NAME_FIELD
    bool futures_only;  /* operations wait on futures even where a waiter would do: _howdah.direct_wake(False) */
    void *datetime_api; /* what datetime_capsule holds: see adapt/datetime_api.h */
} hdpy_state;

extern struct PyModuleDef hdpy_module_def;

static inline hdpy_state *
hdpy_state_of_module(PyObject *module)
{
    return (hdpy_state *)PyModule_GetState(module);
}

/* An attribute of a Python module, kept in a field of the state: borrowed, or NULL with an exception. */
PyObject *hdpy_import_once(PyObject **field, const char *module, const char *name);

/* Keeps what was made (stolen; NULL: nothing) for a field of the state that was empty. What it holds from now on: borrowed. */
PyObject *hdpy_keep_first(PyObject **field, PyObject *made);

/* For methods and slots of our types and of their Python subclasses. */
static inline hdpy_state *
hdpy_state_of_type(PyTypeObject *type)
{
#if PY_VERSION_HEX >= 0x030b0000
    PyObject *module = PyType_GetModuleByDef(type, &hdpy_module_def);
#else
    PyObject *module = NULL;
    for (PyTypeObject *t = type; t != NULL && module == NULL; t = t->tp_base) {
        if (t->tp_flags & Py_TPFLAGS_HEAPTYPE) {
            module = ((PyHeapTypeObject *)t)->ht_module;
            if (module != NULL && PyModule_GetDef(module) != &hdpy_module_def)
                module = NULL;
        }
    }
#endif
    return hdpy_state_of_module(module);
}

#endif
