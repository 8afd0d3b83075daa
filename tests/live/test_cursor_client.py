"""Cursors that bind on the client, and cursors for queries with the server's own placeholders."""

from __future__ import annotations

import datetime as dt

import pytest


@pytest.fixture
def client(pg, conn):
    return pg.ClientCursor(conn)


@pytest.fixture
def raw(pg, conn):
    return pg.RawCursor(conn)


class TestClient:
    @pytest.mark.parametrize(
        ("query", "params", "expected"),
        [
            ("select %s", [1], "select 1"),
            ("select %s, %s", [-1, "it's"], "select  -1, 'it''s'"),
            ("select %(a)s + %(b)s - %(a)s", {"a": 1, "b": 2}, "select 1 + 2 - 1"),
            ("select %s", [None], "select NULL"),
            ("select %s", [dt.date(2020, 1, 1)], "select '2020-01-01'::date"),
            ("select '%%', %s", ["é"], "select '%', 'é'"),
            ("select '%%'", [], "select '%'"),
            ("select '%%'", None, "select '%%'"),
            (b"select %s", ["x"], "select 'x'"),
            ("select %s", [["a", "b"]], "select '{a,b}'"),
            ("select %s", [b"\x00'\\"], None),
        ],
    )
    def test_mogrify(self, client, query, params, expected):
        text = client.mogrify(query, params)
        if expected is not None:
            assert text == expected
        assert client.execute(query, params).fetchone() is not None

    def test_where_the_server_takes_no_parameters(self, client):
        client.execute("create temp table t (id int default %s)", [42])
        assert client.execute("insert into t default values returning id").fetchone() == (42,)

    def test_several_statements(self, client):
        client.execute("select %s; select %s", [1, "x"])
        assert client.fetchone() == (1,)
        assert client.nextset()
        assert client.fetchone() == ("x",)

    def test_never_prepared(self, client):
        for _ in range(10):
            client.execute("select %s", [1])
        assert client.execute("select count(*) from pg_prepared_statements").fetchone() == (0,)

    @pytest.mark.howdah_only
    def test_binary_result(self, pg, conn):
        cur = pg.ClientCursor(conn)
        cur.execute("select %s::int4", [258], binary=True)
        assert cur.pgresult.fformat(0) == 1
        assert cur.fetchone() == (258,)

    def test_executemany(self, client):
        client.execute("create temp table t (id int, s text)")
        client.executemany("insert into t values (%s, %s) -- done", [(n, f"it's {n}") for n in range(50)])
        assert client.rowcount == 50
        assert client.execute("select sum(id), max(s) from t").fetchone() == (1225, "it's 9")

    def test_executemany_returning(self, client):
        client.executemany("select %s", [[1], [2]], returning=True)
        assert client.fetchone() == (1,)
        assert client.nextset()
        assert client.fetchone() == (2,)

    def test_executemany_nothing(self, client):
        client.executemany("select %s", [])
        assert client.rowcount == 0

    @pytest.mark.parametrize("params", [[], [1, 2], {"a": 1}, 5])
    def test_params_that_do_not_fit(self, pg, client, params):
        with pytest.raises((pg.ProgrammingError, TypeError)):
            client.execute("select %s", params)
        with pytest.raises((pg.ProgrammingError, TypeError)):
            client.mogrify("select %s", params)

    def test_cannot_adapt(self, pg, client):
        with pytest.raises(pg.ProgrammingError, match="cannot adapt type 'object'"):
            client.execute("select %s", [object()])

    @pytest.mark.parametrize("encoding", ["latin1", "utf8", "sjis"])
    def test_encodings(self, client, encoding):
        text = "ソ\\'%" if encoding == "sjis" else "é\\'%"
        client.execute(f"set client_encoding to {encoding}")
        assert client.execute(f"select '{text[0]}', %s", [text]).fetchone() == (text[0], text)

    def test_lists_and_own_dumpers(self, pg, module, client):
        Dumper = module("adapt").Dumper

        class Loud(Dumper):
            oid = 25

            def dump(self, obj):
                return obj.upper().encode()

        client.adapters.register_dumper(str, Loud)
        assert client.execute("select %s", ["abc"]).fetchone() == ("ABC",)

    @pytest.mark.parametrize("cursor", ["Cursor", "ClientCursor"])
    def test_a_dumper_that_mogrifies(self, pg, module, client, cursor):
        """On the connection whose parameters are being dumped: they stay what they are."""

        class Curious(module("adapt").Dumper):
            oid = 25

            def dump(self, obj):
                return client.mogrify("%s and %s", ["other", 1]).encode()

        cur = getattr(pg, cursor)(client.connection)
        cur.adapters.register_dumper(dict, Curious)
        found = cur.execute("select %s::text, %s::text, %s::text", ["first", {}, "last"]).fetchone()
        assert found == ("first", "'other' and 1", "last")

    def test_a_dumper_that_changes_the_encoding(self, module, client):
        text = "é"

        class Changing(module("adapt").Dumper):
            def dump(self, obj):
                client.connection.execute("set client_encoding to latin1")
                client.connection.execute("set client_encoding to utf8")
                return b"x"

        client.adapters.register_dumper(dict, Changing)
        for _ in range(3):
            assert client.mogrify("select %s, %s", [{}, text]).startswith("select 'x', ")

    def test_transaction(self, pg, dsn):
        with pg.connect(dsn, cursor_factory=pg.ClientCursor) as conn:
            assert conn.execute("select %s", [1]).fetchone() == (1,)
            assert conn.info.transaction_status.name == "INTRANS"

    async def test_async(self, pg, aconn):
        cur = pg.AsyncClientCursor(aconn)
        assert cur.mogrify("select %s", ["x"]) == "select 'x'"
        await cur.execute("select %s; select 2", ["x"])
        assert await cur.fetchone() == ("x",)
        await cur.execute("create temp table t (id int)")
        await cur.executemany("insert into t values (%s)", [[1], [2]])
        assert cur.rowcount == 2


class TestRaw:
    def test_placeholders(self, raw):
        assert raw.execute("select $1::int + $2::int, '%s'", [1, 2]).fetchone() == (3, "%s")
        assert raw.execute("select $2::int - $1::int - $1::int", (1, 2)).fetchone() == (0,)

    def test_percent_signs(self, raw):
        assert raw.execute("select 5 % 3, '%', '%%'").fetchone() == (2, "%", "%%")

    def test_prepared(self, raw):
        for n in range(10):
            assert raw.execute("select $1::int", [n]).fetchone() == (n,)
        query = "select count(*) from pg_prepared_statements where statement = 'select $1::int'"
        assert raw.execute(query).fetchone() == (1,)

    @pytest.mark.parametrize("params", [{"a": 1}, "x", 5])
    def test_only_sequences(self, raw, params):
        with pytest.raises(TypeError, match=r"sequence"):
            raw.execute("select $1::int", params)

    def test_too_few(self, pg, raw):
        with pytest.raises(pg.errors.ProtocolViolation if hasattr(pg.errors, "ProtocolViolation") else pg.Error):
            raw.execute("select $1::int, $2::int", [1])

    def test_several_statements_without_parameters(self, raw):
        raw.execute("select 1; select 2")
        assert raw.nextset()
        assert raw.fetchone() == (2,)

    def test_several_statements_with_parameters(self, pg, raw):
        with pytest.raises(pg.errors.SyntaxError):
            raw.execute("select $1::int; select 2", [1])

    def test_executemany(self, raw):
        raw.execute("create temp table t (id int, s text)")
        raw.executemany("insert into t values ($1, $2)", [(1, "a"), (2, None)])
        assert raw.execute("select * from t").fetchall() == [(1, "a"), (2, None)]

    async def test_async(self, pg, aconn):
        cur = pg.AsyncRawCursor(aconn)
        await cur.execute("select $1::text || '%'", ["x"])
        assert await cur.fetchone() == ("x%",)
