"""The C core's face to Python. Written by hand, checked by stubtest."""

from collections.abc import Awaitable, Callable, Iterable, Iterator
from typing import Any, TypeAlias, final

from typing_extensions import Self, disjoint_base

_Buffer: TypeAlias = bytes | bytearray | memoryview
_Diagnostics: TypeAlias = dict[str, bytes]  # one-letter field code of ErrorResponse ("S", "C", "M", ...) to its bytes

# ---- what Python gives to C at import

def register_errors(errors: Any, /) -> None:
    """Take the exception classes of howdah.errors, and its from_server(fields, encoding, query) -> Error."""

def register_row_factories(
    tuple_row: Any,
    dict_row: Any,
    namedtuple_row: Any,
    scalar_row: Any,
    namedtuple_class: Callable[[tuple[str, ...]], type],
    call_factory: type,
) -> None:
    """Make the C row makers answer for these functions (recognised by identity).

    namedtuple_class(names) makes the class for a tuple of column names; instances of call_factory have `func`, called
    with the values of a row, `by_name`: as keywords, and `assigns`: None, or if func is a class, the code of an
    __init__ that assigns each parameter to the attribute of its name and does nothing else.
    """

def register_column(column: Any, /) -> None:
    """Take the class of cursor.description's items.

    It is called as column(name, type_code, typmod, typlen, table_oid, table_column, cursor).
    """

def register_binding_mixins(client: type, raw: type, /) -> None:
    """Take the classes from which cursors derive that bind on the client, and that take $1."""

def register_template(template: type, bind: Callable[[Any, Any, Any], tuple[bytes, list[Any]]], /) -> None:
    """Take the class of template strings, and what makes a query and its parameters of one."""

def register_json(wrapper: type, /) -> None:
    """Take the class whose instances wrap what is to be sent as JSON."""

def register_edges(infinity: Any, negative_infinity: Any, interval: type) -> None:
    """Take the two markers of infinity and the class Interval."""

def show_interval(months: int, days: int, microseconds: int, /) -> str:
    """The interval as PostgreSQL writes it under IntervalStyle postgres."""

def set_json_functions(dumps: Any = None, loads: Any = None) -> None:
    """Use these where an adapter has no function of its own, in place of json.dumps and of json's scanner."""

def register_adapters(global_map: Any, transformer: Any, formats: tuple[Any, Any, Any]) -> None:
    """Take the AdaptersMap that connections start from, class Transformer, and PyFormat's AUTO, TEXT and BINARY."""

def common_type(items: list[Any], /) -> type | None:
    """The type of all items that are not None; None if it isn't the same, or there are none."""

def transposed(rows: list[Any], n: int, /) -> list[list[Any]] | None:
    """The columns of the rows; None unless all are tuples or lists (and not of derived classes) of n values."""

def lend(pop: Callable[[], Any], pool: Any, /) -> Any:
    """The first connection of a deque, from now on lent by the pool; None: there is none. pop: its popleft."""

def take_back(conn: Any, pool: Any, push: Callable[[Any], None], /) -> bool:
    """Whether the pool has lent the connection, and can lend it again as it is: idle, and not too old.

    If so, it is at the end of a deque, and not lent any more. push: the deque's append.
    """

def split_query(query: str, /) -> tuple[tuple[str, ...], tuple[str | int, ...]]:
    """The text around a query's placeholders, and which parameter each is: its name, or its number from 0.

    Raises `ProgrammingError` for placeholders that execute() would refuse.
    """

# ---- adapters

@final
class Adapters:
    """What an AdaptersMap holds between two registrations; never changed.

    `overlay`: oid << 1 | format to a Loader class, where it is not the built-in one. `dumpers`: for PyFormat AUTO,
    TEXT and BINARY, class or full name to a Dumper class. `bare`: nothing is built in. `edges`: the three options of
    AdaptersMap.configure().
    """

    def __new__(cls, rest: Any, edges: tuple[str, ...], bare: bool) -> Self: ...
    def replace(
        self,
        *,
        overlay: dict[int, Any] = ...,
        dumpers: tuple[dict[Any, Any], ...] = ...,
        rest: Any = ...,
        edges: tuple[str, ...] = ...,
    ) -> Self: ...
    @property
    def overlay(self) -> dict[int, Any]: ...
    @property
    def dumpers(self) -> tuple[dict[Any, Any], ...]: ...
    @property
    def rest(self) -> Any: ...
    @property
    def bare(self) -> bool: ...
    @property
    def edges(self) -> tuple[str, ...]: ...

@disjoint_base
class AdaptersMap:
    _snapshot: Adapters

@disjoint_base
class Transformer:
    def __init__(self, context: Any = None) -> None: ...
    @property
    def adapters(self) -> Any: ...
    @property
    def connection(self) -> Any: ...
    @property
    def encoding(self) -> str: ...

@final
class LoaderCore:
    """The C function behind a Loader class."""

    def load(self, data: _Buffer, transformer: Transformer) -> Any: ...

@final
class DumperCore:
    """The C function behind a Dumper class."""

    def dump(self, obj: Any, transformer: Transformer) -> tuple[int, int, bytes]: ...

def loader_core(name: str, item_oid: int = 0, delimiter: str | None = None, data: Any = None) -> LoaderCore:
    """The C loader of this name, for the `_core` of a Loader class.

    item_oid, delimiter and data are what loaders of arrays, ranges, enums and the like must know. Raises LookupError
    for another name.
    """

def dumper_core(name: str, oid: int = 0, data: Any = None) -> DumperCore:
    """The C dumper of this name, for the `_core` of a Dumper class; oid: sent as this type, whatever the value.

    Raises LookupError for another name.
    """

def is_built_in(oid: int, format: int, core: LoaderCore, /) -> bool:
    """Whether this is the loader that a type has where nothing else was registered."""

def item_of_array(array_oid: int, /) -> int:
    """Oid of the elements if this is the array of a built-in type, else 0."""

# ---- asyncio

def direct_wake(enabled: bool, /) -> bool:
    """Whether answers may wake their task within the event loop's callback; returns what held before.

    It holds for connections that an event loop starts to watch afterwards.
    """

# ---- the adapters alone

def load(
    oid: int,
    format: int,
    data: _Buffer,
    timezone: str | None = None,
    encoding: str | None = None,
    date_style: str | None = None,
    interval_style: str | None = None,
    infinity: str | None = None,
    out_of_range: str | None = None,
    interval: str | None = None,
) -> Any:
    """Decode one value as a column of this type would be: the test bench of the loaders."""

def dump(
    obj: Any, format: str = "s", encoding: str | None = None, interval_style: str | None = None
) -> tuple[int, int, bytes | None]:
    """Encode one parameter: (type oid, format, bytes), the bytes None for NULL."""

# ---- blocks

class Block:
    """Base of classes for `with` that a signal never leaves half entered or half ended.

    __enter__ and __exit__ call the class's _enter() and _exit(exception), and if those raise, _undo(); when that does
    not get through either, _give_up().
    """

    def __enter__(self) -> Self: ...
    def __exit__(
        self, exc_type: type[BaseException] | None, exc_val: BaseException | None, exc_tb: Any, /
    ) -> bool: ...

# ---- connections

@final
class Cancel:
    """A cancel under way: no other query is sent until it has ended, or was forgotten."""

    @property
    def request(self) -> bytes:
        """A CancelRequest, to be sent over a connection of its own."""
    def end(self, known: bool, /) -> None:
        """The cancel can hit nothing any more, or (not known) anything: then the connection is closed."""

@disjoint_base
class BaseConnection:
    """State of a connection. A new one is unconnected: start-up feeds it, then _attach() gives it a socket."""

    # start-up: bytes in, events out; the caller owns the socket until _attach()
    def _start(self, protocol: int, parameters: Iterable[tuple[str, str]], prefix: str, /) -> None:
        """`prefix` begins the names of prepared statements: 13 bytes."""
    def _outgoing(self) -> bytes:
        """Bytes to send now; they are forgotten here."""
    def _feed(self, data: _Buffer, /) -> list[tuple[Any, ...]]:
        """Take received bytes; return what happened, in order:

        ("authentication", code: int, data: bytes)
        ("negotiate_protocol_version", minor: int, unrecognized: list[str])
        ("backend_key_data", pid: int, key: bytes)
        ("parameter_status", name: str, value: str)
        ("notice", _Diagnostics) and ("error", _Diagnostics)
        ("ready", transaction_status: int)      start-up is over
        ("row", value: bytes | None)            of what was asked by _ask()
        Raises OperationalError when the bytes break the protocol.
        """
    def _send_password(self, password: bytes, /) -> None: ...
    def _ask(self, sql: str, /) -> None:
        """Queue a query for one value, before _attach()."""
    def _send_sasl_initial(self, mechanism: str, data: bytes, /) -> None: ...
    def _send_sasl_response(self, data: bytes, /) -> None: ...
    def _attach(self, fd: int, tls: tuple[Any, Any, Any] | None, /) -> None:
        """Give the connection its socket, for life: it closes the descriptor.

        `tls`: an ssl.SSLObject whose handshake is done, and its two MemoryBIO, incoming and outgoing.
        """

    # state
    @property
    def closed(self) -> bool: ...
    @property
    def broken(self) -> bool: ...
    @property
    def _transaction_lost(self) -> bool:
        """Whether the server hung up within a transaction, and nobody has been told."""
    prepare_threshold: int | None
    prepared_max: int | None
    row_factory: Any
    cursor_factory: Any
    _discovery: Any  # howdah._discovery.Discovery, or None
    _types_changed: bool
    @property
    def adapters(self) -> Any: ...
    _adapters: Any
    _autocommit: bool
    _simply: bool
    _begin: bytes  # what opens a transaction: b"BEGIN", or with its modes
    @property
    def _copy(self) -> Any:
        """The Copy whose block is open, or None."""
    cancel_grace: float
    @property
    def _tls(self) -> Any:
        """The ssl.SSLObject, or None."""
    _wait: Callable[[int, bool, float | None], None] | None  # how to wait for the socket where `select` was patched
    def cursor(
        self,
        name: str = "",
        *,
        binary: bool = False,
        row_factory: Any = None,
        scrollable: bool | None = None,
        withhold: bool = False,
    ) -> Any: ...
    def fileno(self) -> int: ...
    def _transaction_status(self) -> int:
        """pq.TransactionStatus as a number: IDLE 0, ACTIVE 1, INTRANS 2, INERROR 3, UNKNOWN 4."""
    def _parameter_status(self, name: str, /) -> str | None: ...
    def _backend_pid(self) -> int: ...
    def _protocol_version(self) -> int: ...
    def _encoding(self) -> str:
        """Python's name of the session's client_encoding."""
    def _exec(self, sql: bytes, /) -> list[Result]:
        """The results of a simple Query; it waits in this thread, on asyncio's connections too."""
    def _drain(self, block: bool, /) -> None:
        """Take what has arrived while nobody waits for an answer."""
    @property
    def _commands(self) -> int:
        """How many of _command() have succeeded, even if the wait for that was interrupted."""
    def _cancel_begin(self) -> Cancel: ...
    # pipeline mode
    _pipelined: bool
    @property
    def _unsynced(self) -> bool:
        """Whether something was sent since the last Sync."""
    @property
    def _pipeline_status(self) -> int:
        """pq.PipelineStatus as a number."""
    def _pending(self) -> list[Any]:
        """The cursors whose statements are unanswered, oldest first; None for a command."""
    def _close(self) -> None:
        """Terminate and close; idempotent; wakes whoever waits in another thread.

        In a forked child of the process that connected, only the descriptor is closed.
        """
    _pool: Any  # that has lent it
    _expire_at: float
    def _rest(self, push: Callable[[Any], None], /) -> None:
        """From now on it is not lent any more: a deque, whose append is given, has it at its end."""
    def _still_alive(self, watch: int, /) -> bool:
        """Whether an idle connection can be used, as far as that shows without a round trip.

        What has come meanwhile is handled. Anything but notices, notifications and changed settings means that it is
        lost. `watch`: an epoll that its socket is in, so that if nothing can be read there, nothing has come; or -1.
        """

class ConnectionBase(BaseConnection):
    def _command(self, sql: str, /) -> None:
        """Run a statement without rows, as a simple Query of its own; no BEGIN is added. A pipeline queues it."""
    def _end_transaction(self, sql: str, /) -> None:
        """The same, unless there is no transaction when the connection's turn has come."""
    def _sync(self, timeout: float | None, /) -> None:
        """In a pipeline: send a Sync, wait for all answers, raise the first error that was not raised yet."""
    def execute(
        self,
        query: Any,
        params: Any = None,
        *,
        prepare: bool | None = None,
        binary: bool = False,
        timeout: float | None = None,
    ) -> Any: ...

class AsyncConnectionBase(BaseConnection):
    def _watch_by(self, loop: Any, socket: Any = ..., /) -> None: ...
    def _command(self, sql: str, /) -> Awaitable[None]: ...
    def _end_transaction(self, sql: str, /) -> Awaitable[None]: ...
    def _sync(self, timeout: float | None, /) -> Awaitable[None]: ...

# ---- results and cursors

@final
class Result:
    """A result as it came from the server (psycopg's PGresult)."""

    @property
    def status(self) -> int: ...
    @property
    def ntuples(self) -> int: ...
    @property
    def nfields(self) -> int: ...
    @property
    def command_status(self) -> bytes | None: ...
    @property
    def command_tuples(self) -> int | None: ...
    @property
    def binary_tuples(self) -> int: ...
    @property
    def nparams(self) -> int: ...
    @property
    def oid_value(self) -> int: ...
    @property
    def error_message(self) -> bytes: ...
    def fname(self, column_number: int) -> bytes | None: ...
    def fformat(self, column_number: int) -> int: ...
    def ftype(self, column_number: int) -> int: ...
    def fmod(self, column_number: int) -> int: ...
    def fsize(self, column_number: int) -> int: ...
    def ftable(self, column_number: int) -> int: ...
    def ftablecol(self, column_number: int) -> int: ...
    def get_value(self, row_number: int, column_number: int) -> bytes | None: ...
    def param_type(self, param_number: int) -> int: ...
    def error_field(self, fieldcode: int) -> bytes | None: ...
    def get_error_message(self, encoding: str = "utf-8") -> str: ...
    def set_attributes(self, descriptions: Any) -> None: ...
    def clear(self) -> None: ...

def bare_result(status: int, message: bytes, fields: _Diagnostics, /) -> Result:
    """A result without rows that shows an error. Raises ValueError for a status that libpq has not got."""

@disjoint_base
class BaseCursor:
    def __init__(self, connection: Any) -> None: ...
    @property
    def adapters(self) -> Any: ...
    @property
    def connection(self) -> Any: ...
    @property
    def closed(self) -> bool: ...
    @property
    def description(self) -> list[Any] | None: ...
    @property
    def rowcount(self) -> int: ...
    @property
    def rownumber(self) -> int | None: ...
    @property
    def statusmessage(self) -> str | None: ...
    @property
    def pgresult(self) -> Result | None: ...
    @property
    def _n_results(self) -> int: ...
    @property
    def _pending(self) -> bool:
        """In a pipeline: whether the results are still to be awaited."""
    _unlearned: bool
    _sent: bytes | None  # the query last executed, as it was sent
    row_factory: Any
    _binding: int  # enum hdpy_binding: 0 parameters beside the query, 1 literals within it, 2 for $1
    _bare: bool  # what it executes begins no transaction
    _same_rows: bool  # results to come have rows of the one before, made in the same way
    def _mogrify(self, query: Any, params: Any, /) -> bytes: ...
    arraysize: int
    format: int  # 0 lets the core choose, 1 binary
    def nextset(self) -> bool | None: ...
    def _fetchone(self) -> Any: ...
    def _fetchnext(self) -> Any: ...
    def _fetchmany(self, size: int = 0) -> list[Any]: ...
    def _fetchall(self) -> list[Any]: ...
    def _scroll(self, value: int, mode: str = "relative") -> None: ...
    def _set_result(self, index: int, /) -> Self: ...
    @property
    def _has_foreign_types(self) -> bool:
        """Whether the connection's discovery should be asked about the results' types."""
    def _foreign_types(self) -> list[int]:
        """Oids of the results' types that did not come with PostgreSQL."""
    def _close(self) -> None: ...
    def _stream_rows(self, size: int, /) -> Iterator[Any]:
        """The rows of a stream that have come; after more() it goes on."""

class CursorBase(BaseCursor):
    def __init__(self, connection: Any, *, row_factory: Any = None) -> None: ...
    def _stream_start(
        self, query: Any, params: Any, binary: bool | None, size: int, timeout: float | None, /
    ) -> None: ...
    def _stream_more(self, timeout: float | None, /) -> bool: ...
    def _stream_end(self) -> None: ...
    def execute(
        self,
        query: Any,
        params: Any = None,
        *,
        prepare: bool | None = None,
        binary: bool | None = None,
        timeout: float | None = None,
    ) -> Self: ...
    def executemany(
        self, query: Any, params_seq: Iterable[Any], *, returning: bool = False, timeout: float | None = None
    ) -> None: ...
    def fetchone(self) -> Any: ...
    def fetchmany(self, size: int = 0) -> list[Any]: ...
    def fetchall(self) -> list[Any]: ...
    def scroll(self, value: int, mode: str = "relative") -> None: ...
    def close(self) -> None: ...
    def __iter__(self) -> Iterator[Any]: ...
    def __next__(self) -> Any: ...

class AsyncCursorBase(BaseCursor):
    def __init__(self, connection: Any, *, row_factory: Any = None) -> None: ...
    def _execute(
        self,
        query: Any,
        params: Any = None,
        prepare: bool | None = None,
        binary: bool | None = None,
        timeout: float | None = None,
    ) -> Awaitable[None]: ...
    def _executemany(
        self, query: Any, params_seq: Iterable[Any], returning: bool = False, timeout: float | None = None
    ) -> Awaitable[None]: ...
    def _await(self) -> Awaitable[None]: ...
    def _stream_start(
        self, query: Any, params: Any, binary: bool | None, size: int, timeout: float | None, /
    ) -> Awaitable[Any]: ...
    def _stream_more(self, timeout: float | None, /) -> Awaitable[bool]: ...
    def _stream_end(self) -> Awaitable[Any]: ...

# ---- COPY

@disjoint_base
class BaseCopy:
    def __init__(self, cursor: Any, binary: bool, writer: Any) -> None:
        """`writer`: where rows and blocks go; None: to the server."""
    timeout: float | None
    @property
    def cursor(self) -> Any: ...
    @property
    def connection(self) -> Any: ...
    @property
    def _over(self) -> bool:
        """Whether the server has said all that it will say, or was never asked."""
    @property
    def _reads(self) -> bool:
        """Whether this is a COPY TO STDOUT."""
    @property
    def _binary(self) -> bool: ...
    def _set_dumpers(self, dumpers: list[Any], /) -> None:
        """DumperCore or Dumper per column; None for one whose values say it."""
    def _set_loaders(self, oids: tuple[int, ...], /) -> None: ...
    def _encoded(self, data: _Buffer | str, /) -> _Buffer: ...
    def _take_rows(self, end: bool, /) -> bytes | None:
        """Rows written and not yet given to the writer; `end`: with what ends them."""
    def _release(self) -> None:
        """Give the connection back: in step, or closed."""

class CopyBase(BaseCopy):
    def _start(self, statement: Any, params: Any, /) -> None: ...
    def _put(self, data: _Buffer | str, /) -> None:
        """Send a block to the server."""
    def _end(self, reason: bytes | None, /) -> None:
        """Have the server end: well, or for a reason that goes wrong."""
    def write_row(self, row: Any) -> None: ...
    def _write_rows(self, rows: Iterator[Any], most: int, /) -> int:
        """Write rows up to the end of the iterator, or so many; how many it were."""
    def read(self) -> _Buffer: ...
    def read_row(self) -> tuple[Any, ...] | None: ...
    def __iter__(self) -> Iterator[_Buffer]: ...
    def __next__(self) -> _Buffer: ...

class AsyncCopyBase(BaseCopy):
    # what they return is left to be awaited, unless it is None
    def _start(self, statement: Any, params: Any, /) -> Awaitable[None]: ...
    def _began(self) -> None: ...
    def _write_row(self, row: Any, /) -> Awaitable[None] | None: ...
    def _write_rows(self, rows: Iterator[Any], most: int, /) -> tuple[int, Awaitable[None] | None]:
        """Write rows up to the end of the iterator, so many, or when it is time to wait: how many, and for what."""
    def _put(self, data: _Buffer | str, /) -> Awaitable[None] | None: ...
    def _more(self) -> Awaitable[None] | None:
        """For data to be read, or its end."""
    def _end(self, reason: bytes | None, /) -> Awaitable[None] | None: ...
    # these do not wait: _more() has to come before
    def _read(self) -> _Buffer: ...
    def _read_row(self) -> tuple[Any, ...] | None: ...

# ---- the read lane

@final
class Lane:
    """Many reads on an idle connection in autocommit, for the tasks of the running loop.

    depth: most reads that are unanswered; others wait. patience: seconds that a batch may take before
    on_slow(queries, seconds) is called.
    """

    def __new__(
        cls,
        connection: AsyncConnectionBase,
        make_cursor: Callable[[], AsyncCursorBase],
        row_factory: Any,
        depth: int,
        patience: float,
        on_slow: Callable[[list[Any], float], object],
        /,
    ) -> Self: ...
    def read(self, query: Any, params: Any, kind: int, /) -> Awaitable[Any]:
        """Kind 0: the cursor, 1: all rows, 2: the first row, 3: its first column."""
    def close(self) -> None:
        """Give the connection back; it is closed if anything is unanswered, which fails with OperationalError."""
    def _flush(self) -> None: ...
