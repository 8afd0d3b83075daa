"""The enumerations of libpq, with its values, as psycopg's `pq` names them (PostgreSQL documentation, chapter 32)."""

from __future__ import annotations

from enum import IntEnum, IntFlag, auto


class ConnStatus(IntEnum):
    """State of a connection (32.2)."""

    OK = 0
    BAD = auto()
    STARTED = auto()
    MADE = auto()
    AWAITING_RESPONSE = auto()
    AUTH_OK = auto()
    SETENV = auto()
    SSL_STARTUP = auto()
    NEEDED = auto()
    CHECK_WRITABLE = auto()
    CONSUME = auto()
    GSS_STARTUP = auto()
    CHECK_TARGET = auto()
    CHECK_STANDBY = auto()
    ALLOCATED = auto()
    AUTHENTICATING = auto()


class PollingStatus(IntEnum):
    """What a connection being made waits for (32.1)."""

    FAILED = 0
    READING = auto()
    WRITING = auto()
    OK = auto()
    ACTIVE = auto()


class ExecStatus(IntEnum):
    """What a result is (32.3)."""

    EMPTY_QUERY = 0
    COMMAND_OK = auto()
    TUPLES_OK = auto()
    COPY_OUT = auto()
    COPY_IN = auto()
    BAD_RESPONSE = auto()
    NONFATAL_ERROR = auto()
    FATAL_ERROR = auto()
    COPY_BOTH = auto()
    SINGLE_TUPLE = auto()
    PIPELINE_SYNC = auto()
    PIPELINE_ABORTED = auto()
    TUPLES_CHUNK = auto()


class TransactionStatus(IntEnum):
    """State of the session (32.2)."""

    IDLE = 0
    ACTIVE = auto()
    INTRANS = auto()
    INERROR = auto()
    UNKNOWN = auto()


class Ping(IntEnum):
    """What a server answered (32.1)."""

    OK = 0
    REJECT = auto()
    NO_RESPONSE = auto()
    NO_ATTEMPT = auto()


class PipelineStatus(IntEnum):
    """Whether a connection is in pipeline mode (32.5)."""

    OFF = 0
    ON = auto()
    ABORTED = auto()


class DiagnosticField(IntEnum):
    """Field codes of an error or notice (54.8 "Error and Notice Message Fields")."""

    SEVERITY = ord("S")
    SEVERITY_NONLOCALIZED = ord("V")
    SQLSTATE = ord("C")
    MESSAGE_PRIMARY = ord("M")
    MESSAGE_DETAIL = ord("D")
    MESSAGE_HINT = ord("H")
    STATEMENT_POSITION = ord("P")
    INTERNAL_POSITION = ord("p")
    INTERNAL_QUERY = ord("q")
    CONTEXT = ord("W")
    SCHEMA_NAME = ord("s")
    TABLE_NAME = ord("t")
    COLUMN_NAME = ord("c")
    DATATYPE_NAME = ord("d")
    CONSTRAINT_NAME = ord("n")
    SOURCE_FILE = ord("F")
    SOURCE_LINE = ord("L")
    SOURCE_FUNCTION = ord("R")


class Format(IntEnum):
    """How values travel (54.1.3 "Formats and Format Codes")."""

    TEXT = 0
    BINARY = 1


class Trace(IntFlag):
    """Options of libpq's tracing (32.11)."""

    SUPPRESS_TIMESTAMPS = 1
    REGRESS_MODE = 2
