"""`howdah.pq` without a server."""

from __future__ import annotations

import pytest

import howdah
from howdah import NotSupportedError, OperationalError, _howdah, pq


def test_defaults(monkeypatch):
    monkeypatch.setenv("PGPORT", "15432")
    options = {option.keyword: option for option in pq.Conninfo.get_defaults()}
    port = options[b"port"]
    assert (port.envvar, port.compiled, port.val, port.dispsize) == (b"PGPORT", b"5432", b"15432", 6)
    assert options[b"password"].dispchar == b"*"


def test_parse():
    values = {option.keyword: option.val for option in pq.Conninfo.parse(b"postgresql://one:123,two/db")}
    assert (values[b"host"], values[b"port"], values[b"dbname"]) == (b"one,two", b"123,", b"db")
    assert values[b"user"] is None
    with pytest.raises(OperationalError):
        pq.Conninfo.parse(b"nonsense=")


def test_escaping_without_a_connection():
    escaping = pq.Escaping()
    assert escaping.escape_string(b"it's") == b"it''s"
    assert escaping.escape_bytea(b"\x00\xff") == b"\\x00ff"
    assert escaping.unescape_bytea(b"\\x00ff") == b"\x00\xff"
    assert escaping.unescape_bytea(b"a\\\\b\\001") == b"a\\b\x01"
    for method in (escaping.escape_literal, escaping.escape_identifier):
        with pytest.raises(OperationalError, match="no connection"):
            method(b"x")


def test_a_result_that_is_an_error():
    result = _howdah.bare_result(pq.ExecStatus.FATAL_ERROR, b"ERROR:  oh \xc3\xa9\n", {"C": b"12345"})
    assert result.status == pq.ExecStatus.FATAL_ERROR
    assert "FATAL_ERROR" in repr(result)
    assert (result.ntuples, result.nfields, result.fname(0), result.get_value(0, 0)) == (0, 0, None, None)
    assert result.error_field(pq.DiagnosticField.SQLSTATE) == b"12345"
    assert result.error_field(pq.DiagnosticField.SEVERITY) is None
    assert result.get_error_message() == "ERROR:  oh é\n"
    assert pq.error_message(result) == "oh é"
    result.clear()
    assert result.error_message == b""
    assert pq.error_message(result) == "no error details available"
    with pytest.raises(NotSupportedError):
        result.set_attributes([])
    with pytest.raises(ValueError):
        _howdah.bare_result(13, b"", {})


def test_what_needs_libpq_says_so():
    pgconn = pq.PGconn()
    assert (pgconn.status, pgconn.transaction_status) == (pq.ConnStatus.BAD, pq.TransactionStatus.UNKNOWN)
    with pytest.raises(NotSupportedError, match="PQenterPipelineMode"):
        pgconn.enter_pipeline_mode()
    with pytest.raises(OperationalError, match="closed"):
        pgconn.exec_(b"select 1")


def test_versions():
    assert pq.version() >= 180000
    assert [pq.version_pretty(version) for version in (91020, 100004, 101112)] == ["9.10.20", "10.4", "10.11.12"]


def test_severities():
    for text in ("ERROR:  oh no\n", "FEHLER:  oh no", "oh no"):
        assert pq.misc.strip_severity(text) == "oh no"
    assert pq.misc.strip_severity('connection to "::1" failed') == 'connection to "::1" failed'


def test_capabilities():
    assert howdah.Capabilities().has_pipeline(check=True)
    assert not howdah.capabilities.has_set_trace_flags()
    with pytest.raises(NotSupportedError, match="set_trace_flags"):
        howdah.capabilities.has_set_trace_flags(check=True)
