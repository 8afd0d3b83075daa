"""Whatever fails, the next query gets its own rows."""

from __future__ import annotations

import asyncio
import random

import pytest

from servers.fake import READY, FakeServer, authentication, message, welcome

UNDECODABLE = [
    "select 'infinity'::date",
    "select '-infinity'::timestamp",
    "select 'infinity'::timestamptz",
    "select '4713-01-01 BC'::date",
    "select '12024-01-01'::timestamp",
    "select '24:00'::time",
    "select array['2024-01-01', 'infinity']::date[]",
]


@pytest.fixture(params=[False, True], ids=["text", "binary"])
def binary(request):
    return request.param


def in_step(conn, tag="tag"):
    """Different kinds of queries, each with an answer that could be no other's."""
    assert conn.execute(f"select '{tag}-simple'").fetchone() == (f"{tag}-simple",)
    assert conn.execute("select %s::text", [f"{tag}-param"]).fetchone() == (f"{tag}-param",)
    cur = conn.cursor()
    cur.executemany("select %s::text", [(f"{tag}-1",), (f"{tag}-2",)], returning=True)
    assert [c.fetchall() for c in cur.results()] == [[(f"{tag}-1",)], [(f"{tag}-2",)]]


@pytest.mark.parametrize("query", UNDECODABLE)
def test_decode_error(pg, auto, binary, query):
    cur = auto.cursor(binary=binary).execute(query)
    with pytest.raises(pg.DataError):
        cur.fetchone()
    in_step(auto)


def test_decode_error_in_the_middle_of_many_rows(pg, auto, binary):
    query = """select n, case n when 500 then 'infinity' else '2024-01-01' end::date
               from generate_series(1, 1000) n order by n"""
    cur = auto.cursor(binary=binary).execute(query)
    assert len(cur.fetchmany(400)) == 400
    with pytest.raises(pg.DataError):
        cur.fetchall()
    assert auto.execute("select 'mine'").fetchone() == ("mine",)
    cur.scroll(500, mode="absolute")
    assert cur.fetchone()[0] == 501
    in_step(auto)


def test_decode_error_while_iterating(pg, auto, binary):
    query = "select case n when 3 then 'infinity' else '2024-01-01' end::date from generate_series(1, 5) n"
    cur = auto.cursor(binary=binary).execute(query)
    with pytest.raises(pg.DataError):
        list(cur)
    in_step(auto)


def test_decode_error_of_a_prepared_statement(pg, auto, binary):
    for n in range(12):
        cur = auto.cursor(binary=binary).execute("select %s::date + 1", ["infinity" if n % 2 else "2024-01-01"])
        if n % 2:
            with pytest.raises(pg.DataError):
                cur.fetchone()
        else:
            assert str(cur.fetchone()[0]) == "2024-01-02"
        assert auto.execute("select %s::int", [n]).fetchone() == (n,)


def test_decode_error_keeps_other_columns(pg, auto, binary):
    """What can be decoded still can, through another query over the same cursor."""
    cur = auto.cursor(binary=binary)
    with pytest.raises(pg.DataError):
        cur.execute("select 1, 'infinity'::date").fetchone()
    assert cur.execute("select 2, '2024-01-01'::date").fetchone()[0] == 2


def test_decode_error_in_a_transaction(pg, conn, binary):
    cur = conn.cursor(binary=binary).execute("select 'infinity'::date")
    with pytest.raises(pg.DataError):
        cur.fetchone()
    assert conn.info.transaction_status == pg.pq.TransactionStatus.INTRANS
    in_step(conn)


def test_rows_left_unread(auto):
    for n in range(5):
        auto.execute("select generate_series(1, 10000)").fetchone()
        assert auto.execute(f"select {n}").fetchone() == (n,)


def test_encode_error(pg, auto):
    auto.prepare_threshold = 2
    for n in range(10):
        with pytest.raises(pg.DataError):
            auto.execute("select %s, %s", [n, "\0"])
        assert auto.execute("select %s, %s", [n, "x"]).fetchone() == (n, "x")
    in_step(auto)


def test_encode_error_in_executemany(pg, auto):
    for n in range(5):
        with pytest.raises(pg.ProgrammingError):
            rows = [(i,) if i != 300 else (object(),) for i in range(1000)]
            auto.cursor().executemany("select %s::int", rows, returning=n % 2 == 0)
        in_step(auto, str(n))


def test_server_error_in_executemany(pg, auto):
    for n in range(5):
        with pytest.raises(pg.errors.DivisionByZero):
            auto.cursor().executemany("select 1 / %s", [(300 - i,) for i in range(1000)], returning=n % 2 == 0)
        in_step(auto, str(n))


def test_encode_and_server_error_together(pg, auto):
    """The server fails at one row while this side fails at a later one."""
    for distance in (1, 10, 500, 3000):
        rows = [(1,)] * 5 + [(0,)] + [(1,)] * distance + [(object(),)]
        with pytest.raises((pg.errors.DivisionByZero, pg.ProgrammingError)):
            auto.cursor().executemany("select 1 / %s", rows, returning=True)
        in_step(auto, str(distance))


def test_parse_error_then_prepare(pg, auto):
    for _ in range(3):
        with pytest.raises(pg.errors.UndefinedColumn):
            auto.execute("select nope + %s", [1], prepare=True)
        in_step(auto)


def test_bind_error(pg, auto):
    """The parameter is refused at Bind: the statement was parsed by then."""
    for n in range(8):
        with pytest.raises(pg.errors.InvalidTextRepresentation):
            auto.execute("select %s::int", ["x"])
        assert auto.execute("select %s::int", [str(n)]).fetchone() == (n,)


def test_row_factory_error(pg, auto):
    def bad(cursor):
        raise KeyError("bad factory")

    cur = auto.cursor(row_factory=bad)
    with pytest.raises(KeyError):
        cur.execute("select 1").fetchone()
    in_step(auto)


def test_python_loader_error(pg, module, auto, binary):
    if not hasattr(auto, "adapters"):
        pytest.skip("no loaders in Python yet")

    class Bad(module("adapt").Loader):
        format = pg.pq.Format.BINARY if binary else pg.pq.Format.TEXT

        def load(self, data):
            raise KeyError("bad loader")

    cur = auto.cursor(binary=binary)
    cur.adapters.register_loader("int4", Bad)
    for n in range(8):
        cur.execute("select %s::int4", [n])
        with pytest.raises(KeyError):
            cur.fetchone()
        assert auto.execute("select %s::int4", [n]).fetchone() == (n,)


def test_unencodable_text(pg, auto):
    auto.execute("set client_encoding to latin1")
    with pytest.raises((pg.DataError, UnicodeEncodeError)):
        auto.execute("select %s", ["\u20ac"])
    with pytest.raises((pg.DataError, UnicodeEncodeError)):
        auto.execute("select '\u20ac'")
    assert auto.execute("select 'é'").fetchone() == ("é",)
    auto.execute("set client_encoding to utf8")
    in_step(auto)


def test_cancelled_query(pg, auto, watch):
    for n in range(3):
        with watch.during(auto, auto.cancel), pytest.raises(pg.errors.QueryCanceled):
            auto.execute("select pg_sleep(60)")
        in_step(auto, str(n))


def test_cancelled_while_rows_arrive(pg, auto, watch):
    for _ in range(3):
        with watch.during(auto, auto.cancel), pytest.raises(pg.errors.QueryCanceled):
            auto.execute("select n, repeat('x', 500) from generate_series(1, 10000000) n")
        in_step(auto)


def test_cancelled_executemany(pg, auto, watch):
    with watch.during(auto, auto.cancel), pytest.raises(pg.errors.QueryCanceled):
        auto.cursor().executemany("select pg_sleep(0.02), %s", [(n,) for n in range(5000)])
    in_step(auto)


def test_cancel_that_comes_too_late(auto):
    for _ in range(5):
        auto.execute("select 1")
        auto.cancel()
    # The server may see the last request only while the next query runs; that one may be cancelled, not mixed up.
    try:
        auto.execute("select pg_sleep(0.05)")
    except auto.OperationalError:
        pass
    in_step(auto)


def test_mixture(pg, auto):
    """A thousand queries in random order, failing in every way; each answer is checked."""
    rng = random.Random(7)
    cur = auto.cursor()
    for n in range(1000):
        kind = rng.randrange(9)
        cur.format = pg.pq.Format(rng.randrange(2))
        if kind == 0:
            with pytest.raises(pg.errors.DivisionByZero):
                cur.execute("select %s / 0", [n])
        elif kind == 1:
            with pytest.raises(pg.DataError):
                cur.execute("select %s::int, 'infinity'::date", [n]).fetchone()
        elif kind == 2:
            with pytest.raises(pg.errors.SyntaxError):
                cur.execute(f"selec {n}")
        elif kind == 3:
            with pytest.raises(pg.ProgrammingError):
                cur.execute("select %s, %s", [n])
        elif kind == 4:
            with pytest.raises(pg.DataError):
                cur.execute("select %s::text", ["\0"])
        elif kind == 5 and cur.format == pg.pq.Format.TEXT:
            assert cur.execute(f"select {n}; select {n + 1}").fetchone() == (n,)
            assert cur.nextset()
            assert cur.fetchone() == (n + 1,)
        elif kind == 6:
            values = [(n + i,) for i in range(rng.randrange(1, 4))]
            cur.executemany("select %s::int", values, returning=True)
            assert [c.fetchone() for c in cur.results()] == values
        else:
            assert cur.execute("select %s::int", [n]).fetchone() == (n,)


async def test_async_decode_error(pg, aauto):
    for query in UNDECODABLE:
        cur = await aauto.execute(query)
        with pytest.raises(pg.DataError):
            await cur.fetchone()
        assert await (await aauto.execute("select %s::text", [query])).fetchone() == (query,)


async def test_async_tasks_of_which_some_fail(pg, aauto):
    async def one(n):
        if n % 3 == 0:
            with pytest.raises(pg.errors.DivisionByZero):
                await aauto.execute("select %s / 0", [n])
        elif n % 3 == 1:
            cur = await aauto.execute("select %s::int, 'infinity'::date", [n])
            with pytest.raises(pg.DataError):
                await cur.fetchone()
        else:
            assert await (await aauto.execute("select %s::int", [n])).fetchone() == (n,)

    await asyncio.gather(*(one(n) for n in range(60)))


async def test_async_error_in_executemany(pg, aauto):
    for n in range(5):
        with pytest.raises(pg.errors.DivisionByZero):
            await aauto.cursor().executemany("select 1 / %s", [(300 - i,) for i in range(1000)])
        assert await (await aauto.execute("select %s::int", [n])).fetchone() == (n,)


@pytest.mark.howdah_only
def test_nothing_but_ready(pg):
    """ReadyForQuery is no answer: it may be an older query's, and a COMMIT that has it has not been made."""

    def script(peer):
        peer.startup()
        peer.send(authentication(0), welcome())
        peer.read()
        peer.send(message(b"C", b"BEGIN\0"), message(b"Z", b"T"))
        peer.read()
        peer.send(READY)
        peer.rest()

    with FakeServer(script) as server:
        conn = pg.connect(**server.params, autocommit=True)
        with pytest.raises(pg.OperationalError), conn.transaction():
            pass
        assert conn.closed
