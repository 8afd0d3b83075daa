"""Introspect the installed psycopg + psycopg_pool: public API -> JSON.

usage: psycopg_api_dump.py OUT.json      (run with stock psycopg installed)
"""

import importlib
import inspect
import json
import sys
import types
import typing

# documented (docs/api, docs/advanced) or imported by well-known dependants
MODULES = """psycopg psycopg.abc psycopg.adapt psycopg.connection psycopg.connection_async
psycopg.cursor psycopg.cursor_async psycopg.client_cursor psycopg.raw_cursor psycopg.copy psycopg.conninfo
psycopg.crdb psycopg.dbapi20 psycopg.errors psycopg.postgres psycopg.pq psycopg.pq.abc psycopg.pq.misc
psycopg.rows psycopg.sql psycopg.transaction psycopg.types psycopg.version
psycopg.types.array psycopg.types.bool psycopg.types.composite psycopg.types.datetime psycopg.types.enum
psycopg.types.hstore psycopg.types.json psycopg.types.multirange psycopg.types.net psycopg.types.none
psycopg.types.numeric psycopg.types.numpy psycopg.types.range psycopg.types.shapely psycopg.types.string
psycopg.types.uuid psycopg.waiting psycopg.generators
psycopg_pool psycopg_pool.abc psycopg_pool.base psycopg_pool.errors psycopg_pool.null_pool
psycopg_pool.null_pool_async psycopg_pool.pool psycopg_pool.pool_async psycopg_pool.sched
psycopg_pool.sched_async psycopg_pool.version""".split()
# how much a drop-in needs them: 1 public, 2 semi-public (protocol classes, DB-API glue), 3 internals
TIER = dict.fromkeys(MODULES, 1)
TIER.update(
    dict.fromkeys(
        """psycopg.abc psycopg.dbapi20 psycopg.postgres psycopg.pq psycopg.pq.abc
        psycopg.pq.misc psycopg.version psycopg.crdb psycopg_pool.abc psycopg_pool.base psycopg_pool.version
        psycopg.types.none psycopg.types.bool psycopg.types.net psycopg.types.uuid psycopg.types.string
        psycopg.types.array psycopg.types.numpy""".split(),
        2,
    )
)
TIER.update(
    dict.fromkeys("psycopg.waiting psycopg.generators psycopg_pool.sched psycopg_pool.sched_async".split(), 3)
)

# names which a module merely imports for its own use
EXCLUDE = {
    "psycopg.connection": "Template capabilities conninfo_attempts gssapi_requested BaseConnection",
    "psycopg.connection_async": "Template capabilities conninfo_attempts_async gssapi_requested BaseConnection",
    "psycopg.cursor": "BaseCursor Template Writer",
    "psycopg.cursor_async": "BaseCursor Template AsyncWriter",
    "psycopg.client_cursor": "BaseCursor PostgresClientQuery PostgresQuery Prepare",
    "psycopg.raw_cursor": "BaseCursor PostgresRawQuery",
    "psycopg.sql": "Escaping Transformer Template conn_encoding",
    "psycopg.conninfo": "conninfo_attempts conninfo_attempts_async",
    "psycopg.types.string": "Escaping",
    "psycopg.types.net": "Address Interface Network",
    "psycopg.generators": "Ready Wait conninfo_encoding",
    "psycopg.abc": "Template",
    "psycopg_pool.null_pool_async": "AEvent",
    "psycopg_pool.pool": "AddConnection MaintenanceTask Queue ReturnConnection Schedule ShrinkPool StopWorker"
    " WaitingClient current_thread_name gather spawn",
    "psycopg_pool.pool_async": "ACondition AEvent AQueue AddConnection MaintenanceTask ReturnConnection Schedule"
    " ShrinkPool StopWorker WaitingClient agather asleep aspawn current_task_name ensure_async",
    "psycopg_pool.sched_async": "AEvent",
}
# names which the filter loses: type aliases, re-exports which third parties import
EXTRA = {
    "psycopg": "__version__ pq sql rows types errors adapt abc connect apilevel threadsafety paramstyle",
    "psycopg.abc": "Buffer Query QueryNoTemplate Params NoneType ConnectionType PyFormat DumperKey DumpFunc LoadFunc"
    " PipelineCommand ConnParam ConnDict ConnMapping PQGen PQGenConn",
    "psycopg.adapt": "Buffer",
    "psycopg.connection": "Connection",
    "psycopg.connection_async": "AsyncConnection",
    "psycopg.cursor": "Cursor",
    "psycopg.cursor_async": "AsyncCursor",
    "psycopg.client_cursor": "ClientCursor AsyncClientCursor",
    "psycopg.raw_cursor": "RawCursor AsyncRawCursor RawServerCursor AsyncRawServerCursor",
    "psycopg.copy": "Copy AsyncCopy",
    "psycopg.transaction": "Transaction AsyncTransaction Rollback",
    "psycopg.pq": "PGresult PGcancel PGcancelConn Escaping __impl__ __build_version__ misc abc",
    "psycopg.rows": "TupleRow DictRow Row",
    "psycopg.errors": "lookup Diagnostic FinishedPGconn",
    "psycopg.version": "__version__",
    "psycopg_pool.version": "__version__",
    "psycopg_pool": "__version__ ConnectionPool AsyncConnectionPool",
    "psycopg_pool.abc": "ConnectionCB AsyncConnectionCB ConnectFailedCB AsyncConnectFailedCB ConninfoParam KwargsParam",  # noqa: E501
    "psycopg_pool.errors": "PoolClosed PoolTimeout TooManyRequests",
    "psycopg_pool.pool": "ConnectionPool",
    "psycopg_pool.pool_async": "AsyncConnectionPool",
}

DUNDER = {
    "__enter__",
    "__exit__",
    "__aenter__",
    "__aexit__",
    "__iter__",
    "__next__",
    "__aiter__",
    "__anext__",
    "__init__",
    "__call__",
    "__getitem__",
    "__len__",
    "__contains__",
    "__add__",
    "__mul__",
    "__eq__",
    "__lt__",
    "__le__",
    "__gt__",
    "__ge__",
    "__hash__",
    "__bool__",
    "__str__",
    "__bytes__",
}
SIMPLE = (int, float, str, bytes, bool, type(None))


def default(v):
    import enum

    if isinstance(v, enum.Enum) and isinstance(v, int):
        return str(int(v))
    if isinstance(v, enum.Enum):
        return f"{type(v).__name__}.{v.name}"
    if isinstance(v, SIMPLE) or (isinstance(v, (tuple, frozenset)) and all(isinstance(x, SIMPLE) for x in v)):
        return repr(v)
    return "..."


def sig_of(obj, skip_self=False):
    """[[name, kind, default or None]...] or None when there is no signature."""
    try:
        s = inspect.signature(obj)
    except (ValueError, TypeError):
        return None
    ps = list(s.parameters.values())
    if skip_self and ps and ps[0].kind in (0, 1):
        ps = ps[1:]
    out = []
    for p in ps:
        name = p.name
        if "__" in name[1:] and name.startswith("_"):
            continue  # a private "static variable" argument
        out.append([name, int(p.kind), None if p.default is p.empty else default(p.default)])
    return out


def sig_text(obj):
    try:
        return str(inspect.signature(obj))
    except (ValueError, TypeError):
        return None


def is_async(f):
    return inspect.iscoroutinefunction(f) or inspect.isasyncgenfunction(f)


def member(cls, name, raw):
    if isinstance(raw, (staticmethod, classmethod)):
        f = raw.__func__
        d = {
            "k": "static" if isinstance(raw, staticmethod) else "classmethod",
            "sig": sig_of(f, skip_self=isinstance(raw, classmethod)),
            "text": sig_text(f),
        }
        if is_async(f):
            d["async"] = 1
        return d
    if isinstance(raw, property) or (inspect.isdatadescriptor(raw) and not callable(raw)):
        d = {"k": "property"}
        if isinstance(raw, property) and raw.fset:
            d["rw"] = 1
        return d
    if inspect.isroutine(raw) or (callable(raw) and not isinstance(raw, type)):
        d = {"k": "method", "sig": sig_of(raw, skip_self=True), "text": sig_text(raw)}
        if is_async(raw):
            d["async"] = 1
        w = getattr(raw, "__wrapped__", None)
        if w is not None and is_async(w):
            d["async"] = 1
        return d
    if isinstance(raw, type):
        return {"k": "type"}
    return {"k": "attr", "v": default(raw)}


def klass(cls):
    import enum

    d = {
        "k": "class",
        "def": f"{cls.__module__}.{cls.__qualname__}",
        "bases": [
            b.__name__
            for b in cls.__mro__[1:]
            if b not in (object, typing.Generic, typing.Protocol)
            and not b.__name__.startswith("_")
            and b.__module__ != "abc"
            and not b.__module__.endswith(".abc")
        ],
    }
    if issubclass(cls, enum.Enum):
        d["k"] = "enum"
        d["values"] = {k: default(v.value) for k, v in cls.__members__.items()}
    if issubclass(cls, BaseException):
        d["k"] = "exc"
    mem = {}
    if d["k"] != "enum":
        for c in reversed(cls.__mro__):
            if not c.__module__.startswith(("psycopg", "psycopg_pool")):
                continue
            for n, raw in vars(c).items():
                if n.startswith("_") and n not in DUNDER:
                    continue
                if raw is None and n == "__hash__":
                    continue
                mem[n] = member(cls, n, raw)
            for n in getattr(c, "__annotations__", {}):
                if not n.startswith("_") and n not in mem:
                    mem[n] = {"k": "attr"}
    if "__init__" in mem and mem["__init__"].get("sig") is None:
        del mem["__init__"]
    d["m"] = mem
    return d


def public_names(mod):
    allv = getattr(mod, "__all__", None)
    if allv is not None:
        names = list(allv)
    else:
        names = []
        for n, o in vars(mod).items():
            if n.startswith("_"):
                continue
            if isinstance(o, types.ModuleType):
                continue
            m = getattr(o, "__module__", None)
            if isinstance(o, (type, types.FunctionType, types.BuiltinFunctionType)):
                if not (m or "").startswith(("psycopg", "psycopg_pool")):
                    continue
                private = any(s.startswith("_") for s in m.split("."))
                if m != mod.__name__ and not private and not m.startswith("psycopg_binary"):
                    continue
                if private and mod.__name__.startswith("psycopg.types."):
                    continue  # an import for its own use
            elif isinstance(o, (int, str, float, tuple, dict, frozenset, set)):
                if n.upper() == n and mod.__name__ not in ("psycopg.pq",):
                    continue  # module's private constants
            elif not (type(o).__module__ or "").startswith("psycopg"):
                continue
            names.append(n)
    if mod.__name__ == "psycopg.errors":
        names = sorted(
            set(names)
            | {
                n
                for n, o in vars(mod).items()
                if isinstance(o, type) and issubclass(o, BaseException) and o.__module__.startswith("psycopg")
            }
        )
    names = set(names) - set(EXCLUDE.get(mod.__name__, "").split())
    for n in EXTRA.get(mod.__name__, "").split():
        if hasattr(mod, n):
            names.add(n)
        else:
            print("no", mod.__name__, n, file=sys.stderr)
    return sorted(names)


def dump():
    import psycopg
    import psycopg.pq.abc as pqabc
    import psycopg_pool
    from psycopg import _py_transformer

    out = {
        "meta": {
            "psycopg": psycopg.__version__,
            "psycopg_pool": psycopg_pool.__version__,
            "kinds": "0 pos-only, 1 pos-or-kw, 2 *args, 3 kw-only, 4 **kw",
        },
        "modules": {},
    }
    # C classes have no signatures: take them from the Python ones
    subst = {"psycopg.adapt.Transformer": _py_transformer.Transformer}
    for n in ("PGconn", "PGresult", "PGcancel", "PGcancelConn", "Conninfo", "Escaping"):
        if hasattr(pqabc, n):
            subst[f"psycopg.pq.{n}"] = getattr(pqabc, n)
    for name in MODULES:
        try:
            mod = importlib.import_module(name)
        except ImportError as ex:
            print("skip", name, ex, file=sys.stderr)
            continue
        names = {}
        for n in public_names(mod):
            o = getattr(mod, n, None)
            o = subst.get(f"{name}.{n}", o)
            if isinstance(o, types.ModuleType):
                names[n] = {"k": "module"}
            elif isinstance(o, type):
                names[n] = klass(o)
            elif inspect.isroutine(o) or isinstance(o, types.FunctionType):
                names[n] = {"k": "func", "sig": sig_of(o), "text": sig_text(o)}
                if is_async(o):
                    names[n]["async"] = 1
            elif isinstance(o, SIMPLE):
                names[n] = {"k": "const", "v": repr(o)}
                if n in ("__version__", "__impl__", "__build_version__"):
                    names[n].pop("v")
            else:
                names[n] = {"k": "object", "type": type(o).__name__}
        out["modules"][name] = {"tier": TIER[name], "names": names}
    return out


if __name__ == "__main__":
    d = dump()
    with open(sys.argv[1], "w") as f:
        json.dump(d, f, separators=(",", ":"), sort_keys=True)
    n = sum(len(m["names"]) for m in d["modules"].values())
    k = sum(len(e.get("m", ())) for m in d["modules"].values() for e in m["names"].values())
    print(f"{len(d['modules'])} modules, {n} names, {k} members")
