"""Notices of the server."""

from __future__ import annotations

import logging
import signal

import pytest

from servers.fake import READY, FakeServer, authentication, message, welcome

NOTICE = "do $$ begin raise notice 'hello %', 42 using detail = 'more', hint = 'try'; end $$"


def test_handler(conn):
    got = []

    def handler(diag):
        got.append((diag.severity, diag.sqlstate, diag.message_primary, diag.message_detail, diag.message_hint))

    conn.add_notice_handler(handler)
    conn.execute(NOTICE)
    assert got == [("NOTICE", "00000", "hello 42", "more", "try")]


@pytest.mark.howdah_only
def test_diagnostic_may_be_kept(conn):
    """psycopg's is empty once the handler has returned."""
    got = []
    conn.add_notice_handler(got.append)
    conn.execute(NOTICE)
    assert got[0].message_primary == "hello 42"


def test_several_notices_in_order(conn):
    got = []
    conn.add_notice_handler(lambda diag: got.append(diag.message_primary))
    conn.execute("do $$ begin for i in 1..5 loop raise notice '%', i; end loop; end $$")
    assert got == ["1", "2", "3", "4", "5"]


def test_several_handlers(conn):
    one, two = [], []
    conn.add_notice_handler(one.append)
    conn.add_notice_handler(two.append)
    conn.execute(NOTICE)
    assert (len(one), len(two)) == (1, 1)


def test_handler_removed(conn):
    one, two = [], []
    handler = one.append
    conn.add_notice_handler(handler)
    conn.add_notice_handler(two.append)
    conn.execute(NOTICE)
    conn.remove_notice_handler(handler)
    conn.execute(NOTICE)
    assert (len(one), len(two)) == (1, 2)


def test_handler_that_is_not_there(conn):
    with pytest.raises(ValueError):
        conn.remove_notice_handler(print)


def test_handler_that_fails_is_logged(pg, conn, caplog):
    def bad(diag):
        raise RuntimeError("in the handler")

    got = []
    conn.add_notice_handler(bad)
    conn.add_notice_handler(got.append)
    with caplog.at_level(logging.ERROR, logger=pg.__name__):
        assert conn.execute("select 1").fetchone() == (1,)
        conn.execute(NOTICE)
    assert len(got) == 1
    assert "in the handler" in caplog.text
    assert conn.execute("select 1").fetchone() == (1,)


def test_notice_beyond_ascii(conn):
    got = []
    conn.add_notice_handler(lambda diag: got.append(diag.message_primary))
    conn.execute("do $$ begin raise notice 'naïve €'; end $$")
    assert got == ["naïve €"]


def test_warning(conn):
    got = []
    conn.add_notice_handler(lambda diag: got.append((diag.severity, diag.sqlstate)))
    conn.execute("do $$ begin raise warning 'careful'; end $$")
    assert got == [("WARNING", "01000")]


def test_notices_and_rows(auto):
    got = []
    auto.add_notice_handler(lambda diag: got.append(diag.message_primary))
    auto.execute("""create function pg_temp.say(n int) returns int language plpgsql as
                    $$ begin raise notice 'n%', n; return n; end $$""")
    assert auto.execute("select pg_temp.say(n) from generate_series(1, 3) n").fetchall() == [(1,), (2,), (3,)]
    assert got == ["n1", "n2", "n3"]


def test_notices_before_an_error(pg, auto):
    got = []
    auto.add_notice_handler(lambda diag: got.append(diag.message_primary))
    with pytest.raises(pg.errors.RaiseException):
        auto.execute("do $$ begin raise notice 'first'; raise 'then'; end $$")
    assert got == ["first"]


def test_notice_of_commit_without_transaction(auto):
    got = []
    auto.add_notice_handler(lambda diag: got.append(diag.severity))
    auto.execute("rollback")
    assert got == ["WARNING"]


def test_nobody_listens(conn):
    conn.execute(NOTICE)
    assert conn.execute("select 1").fetchone() == (1,)


async def test_async_handler(aconn):
    got = []
    aconn.add_notice_handler(lambda diag: got.append(diag.message_primary))
    await aconn.execute(NOTICE)
    assert got == ["hello 42"]


def test_notifications_reach_their_handler(auto, other):
    got = []
    auto.add_notify_handler(got.append)
    auto.execute("listen channel")
    other.execute("notify channel, 'payload'")
    auto.execute("select 1")
    assert [(n.channel, n.payload, n.pid) for n in got] == [("channel", "payload", other.info.backend_pid)]


MALFORMED = [message(b"N"), message(b"N", b"SNOTICE"), message(b"A", b"\0\0\0\1x"), message(b"N", b"\0\0")]


@pytest.fixture(params=MALFORMED, ids=["empty", "cut", "notification", "more"])
def babbling(request):
    """A server that sends what is no notice within the answer to a query."""

    def script(peer):
        peer.startup()
        peer.send(authentication(0), welcome())
        while peer.read()[0] not in b"QSX":
            pass
        peer.send(request.param, message(b"I"), READY)
        peer.rest()

    with FakeServer(script) as server:
        yield server


@pytest.mark.howdah_only
def test_malformed_notice(pg, babbling):
    conn = pg.connect(**babbling.params, autocommit=True)
    with pytest.raises(pg.OperationalError, match="malformed"):
        conn.execute("")
    assert conn.broken


@pytest.mark.howdah_only
async def test_malformed_notice_asyncio(pg, babbling):
    conn = await pg.AsyncConnection.connect(**babbling.params, autocommit=True)
    with pytest.raises(pg.OperationalError, match="malformed"):
        await conn.execute("")
    assert conn.broken


@pytest.mark.howdah_only
def test_signal_in_a_handler(auto):
    """Ctrl-C is not lost with the handler that it meets."""

    def press(diagnostic):
        signal.raise_signal(signal.SIGINT)

    auto.add_notice_handler(press)
    for then in ("null", "perform pg_sleep(30)"):
        with pytest.raises(KeyboardInterrupt):
            auto.execute(f"do $$ begin raise notice 'x'; {then}; end $$")
        assert auto.execute("select 'mine'").fetchone() == ("mine",)
