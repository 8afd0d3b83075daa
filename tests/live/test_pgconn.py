"""`conn.pgconn` and `cur.pgresult`, by the names of libpq's functions."""

from __future__ import annotations

import gc
import hashlib
import pickle
import weakref

import pytest

import howdah
from howdah import pq


def test_state(conn):
    pgconn = conn.pgconn
    assert pgconn.status == pq.ConnStatus.OK
    assert pgconn.transaction_status == pq.TransactionStatus.IDLE
    assert pgconn.backend_pid == conn.info.backend_pid
    assert pgconn.server_version == conn.info.server_version
    assert pgconn.socket == conn.fileno()
    assert pgconn.protocol_version == 3
    assert pgconn.parameter_status(b"client_encoding") == b"UTF8"
    assert pgconn.parameter_status(b"nothing") is None
    assert pgconn.db == conn.info.dbname.encode()
    assert {o.keyword: o.val for o in pgconn.info}[b"dbname"] == pgconn.db
    assert pgconn.pipeline_status == pq.PipelineStatus.OFF
    pgconn.finish()
    assert conn.closed
    assert pgconn.status == pq.ConnStatus.BAD
    assert pgconn.transaction_status == pq.TransactionStatus.UNKNOWN
    with pytest.raises(howdah.OperationalError):
        _ = pgconn.db


def test_exec(conn):
    result = conn.pgconn.exec_(b"select 1 as a, null as b; select 'x'::varchar(5) as c, 2::int8 as d")
    assert result.status == pq.ExecStatus.TUPLES_OK
    assert (result.ntuples, result.nfields) == (1, 2)
    assert [result.fname(i) for i in range(3)] == [b"c", b"d", None]
    assert [result.ftype(i) for i in range(3)] == [1043, 20, 0]
    assert (result.fmod(0), result.fsize(1), result.fformat(0), result.ftable(0)) == (9, 8, 0, 0)
    assert (result.get_value(0, 0), result.get_value(0, 9), result.get_value(9, 0)) == (b"x", None, None)
    assert (result.command_status, result.command_tuples) == (b"SELECT 1", 1)
    result.clear()
    assert (result.status, result.ntuples, result.command_status) == (pq.ExecStatus.FATAL_ERROR, 0, None)


def test_exec_of_a_mistake(conn):
    result = conn.pgconn.exec_(b"wat")
    assert result.status == pq.ExecStatus.FATAL_ERROR
    assert result.error_field(pq.DiagnosticField.SQLSTATE) == b"42601"
    assert b"wat" in result.error_message
    assert pq.error_message(conn.pgconn) == pq.error_message(result)
    assert conn.pgconn.make_empty_result(pq.ExecStatus.FATAL_ERROR).error_message == result.error_message
    assert conn.pgconn.exec_(b"").status == pq.ExecStatus.EMPTY_QUERY
    with pytest.raises(TypeError):
        conn.pgconn.exec_("select 1")


@pytest.mark.parametrize("autocommit", [True, False])
def test_exec_of_copy_keeps_the_connection_busy(dsn, autocommit):
    conn = howdah.connect(dsn, autocommit=autocommit)
    result = conn.pgconn.exec_(b"copy (select 1, 2) to stdout")
    assert (result.status, result.nfields) == (pq.ExecStatus.COPY_OUT, 2)
    assert conn.pgconn.transaction_status == pq.TransactionStatus.ACTIVE
    with pytest.raises(howdah.ProgrammingError):
        conn.rollback()
    conn.close()
    assert conn.closed


async def test_exec_of_copy_on_a_connection_of_asyncio(aconn):
    result = aconn.pgconn.exec_(b"copy (select 1) to stdout")
    assert result.status == pq.ExecStatus.COPY_OUT
    with pytest.raises(howdah.ProgrammingError):
        await aconn.rollback()
    await aconn.close()
    assert aconn.closed


def test_a_connection_that_was_never_made(dsn):
    pgconn = pq.PGconn()
    conn = howdah.Connection(pgconn)
    assert conn.closed
    assert pgconn.status == pq.ConnStatus.BAD
    with howdah.connect(dsn) as made, pytest.raises(howdah.NotSupportedError):
        howdah.Connection(made.pgconn)


def test_subclasses_that_wrap_init(dsn):
    class Mine(howdah.Connection):
        def __init__(self, *args, **kwargs):
            kwargs["row_factory"] = howdah.rows.dict_row
            super().__init__(*args, **kwargs)

    with Mine.connect(dsn) as conn:
        assert conn.execute("select 1 as a").fetchone() == {"a": 1}


async def test_exec_on_a_connection_of_asyncio(aconn):
    assert aconn.pgconn.exec_(b"set application_name to 'mine'").status == pq.ExecStatus.COMMAND_OK
    cur = await aconn.execute("show application_name")
    assert await cur.fetchone() == ("mine",)
    assert aconn.pgconn.exec_(b"select 2").get_value(0, 0) == b"2"


def test_a_result_that_was_cleared_still_feeds_its_cursor(conn):
    cur = conn.execute("select generate_series(1, 3)")
    cur.pgresult.clear()
    assert cur.pgresult.ntuples == 0
    assert cur.fetchall() == [(1,), (2,), (3,)]


def test_connections_by_libpqs_functions(dsn):
    pgconn = pq.PGconn.connect(dsn.encode())
    assert pgconn.status == pq.ConnStatus.OK
    assert pgconn.exec_(b"select 1").get_value(0, 0) == b"1"
    pgconn.finish()
    bad = pq.PGconn.connect(dsn.encode() + b" dbname=nonesuch")
    assert bad.status == pq.ConnStatus.BAD
    assert b"nonesuch" in bad.error_message
    assert pq.PGconn.ping(dsn.encode()) == pq.Ping.OK
    assert pq.PGconn.ping(b"host=127.0.0.1 port=1") == pq.Ping.NO_RESPONSE


def test_escaping(conn):
    escaping = pq.Escaping(conn.pgconn)
    assert escaping.escape_literal(b"it's") == b"'it''s'"
    assert escaping.escape_literal(b"a\\b") == b" E'a\\\\b'"
    assert escaping.escape_identifier(b'a"b') == b'"a""b"'
    assert escaping.escape_string(b"a'b\\") == b"a''b\\"
    conn.execute("set standard_conforming_strings to off")
    assert escaping.escape_string(b"a'b\\") == b"a''b\\\\"
    with pytest.raises(howdah.OperationalError):
        escaping.escape_literal(b"\xe2\x82")
    conn.close()
    with pytest.raises(howdah.OperationalError):
        escaping.escape_literal(b"x")


def test_used_password(dsn):
    login = dsn + " user=hd_scram"
    with howdah.connect(login, password="salted secret") as conn:
        assert conn.pgconn.used_password
    with howdah.connect(dsn) as conn:
        assert not conn.pgconn.used_password
    assert pq.PGconn.connect(login.encode()).needs_password


def test_cancelling(conn):
    cancel = conn.pgconn.get_cancel()
    cancel.cancel()
    cancel.free()
    with pytest.raises(howdah.OperationalError):
        cancel.cancel()


def test_the_error_of_a_query_as_a_result(conn):
    with pytest.raises(howdah.Error) as caught:
        conn.execute("wat")
    result = caught.value.pgresult
    assert result.status == pq.ExecStatus.FATAL_ERROR
    assert result.error_field(pq.DiagnosticField.SQLSTATE) == b"42601"
    assert pq.error_message(result) == str(caught.value)
    again = pickle.loads(pickle.dumps(caught.value))
    assert again.pgresult is None
    assert again.diag.sqlstate == "42601"
    diagnostic = howdah.errors.Diagnostic(result)
    assert (diagnostic.sqlstate, diagnostic.message_detail) == ("42601", None)


def test_a_connection_that_could_not_be_made(dsn):
    with pytest.raises(howdah.OperationalError) as caught:
        howdah.connect(dsn, dbname="nonesuch")
    pgconn = caught.value.pgconn
    assert (pgconn.status, pgconn.db) == (pq.ConnStatus.BAD, b"nonesuch")
    assert b"nonesuch" in pgconn.error_message
    pgconn.finish()
    assert pgconn.db == b"nonesuch"
    with pytest.raises(howdah.OperationalError, match="closed"):
        pgconn.exec_(b"select 1")


def test_passwords(conn, dsn):
    pgconn = conn.pgconn
    assert pgconn.encrypt_password(b"secret", b"me", b"md5") == b"md5" + hashlib.md5(b"secretme").hexdigest().encode()
    with pytest.raises(howdah.OperationalError):
        pgconn.encrypt_password(b"secret", b"me", b"rot13")
    conn.autocommit = True
    conn.execute("set password_encryption to 'scram-sha-256'")
    pgconn.change_password(b"hd_scram", b"another secret")
    try:
        howdah.connect(dsn, user="hd_scram", password="another secret").close()
    finally:
        pgconn.change_password(b"hd_scram", b"salted secret")
    with pytest.raises(howdah.OperationalError, match="nobody"):
        pgconn.change_password(b"nobody", b"x")


def test_several_statements_are_no_cursor_on_the_server(conn):
    cur = conn.cursor("name")
    with pytest.raises(howdah.ProgrammingError):
        cur.execute("select 1; select 2")


def test_the_last_error(conn):
    assert conn.info.error_message == ""
    with pytest.raises(howdah.Error) as caught:
        conn.execute("select 1 from nonesuch")
    assert conn.info.error_message == f"ERROR:  {caught.value}\n"
    assert conn.pgconn.get_error_message() == conn.info.error_message.rstrip()
    conn.rollback()
    assert conn.info.error_message == ""
    conn.close()
    assert "NULL" in conn.info.error_message


def test_the_last_error_in_another_encoding(conn):
    conn.execute("set client_encoding to latin9")
    with pytest.raises(howdah.Error):
        conn.execute('select 1 from "foo\u20acbar"')
    assert "foo\u20acbar" in conn.info.error_message
    assert "foo\u20acbar" in pq.error_message(conn.pgconn)


def test_exec_of_a_mistake_in_another_encoding(conn):
    conn.pgconn.exec_(b"set client_encoding to latin9")
    result = conn.pgconn.exec_('select 1 from "foo\u20acbar"'.encode("latin9"))
    assert b"foo\xa4bar" in result.error_message
    assert "foo\u20acbar" in pq.error_message(conn.pgconn)


def test_the_last_error_keeps_nobody(conn):
    class Local:
        pass

    def mistake():
        local = Local()
        with pytest.raises(howdah.Error):
            conn.execute("wat")
        return weakref.ref(local)

    gone = mistake()
    gc.collect()
    assert gone() is None
