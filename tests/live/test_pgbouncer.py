"""Behind pgbouncer, with TLS on both sides: sessions, transactions, with and without its care of prepared statements.

Two servers for all clients, so that they change them all the time: every query says who asks, and the answer has to.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import threading
from types import SimpleNamespace

import pytest

from servers.certificates import Authority
from servers.debian import Debian
from servers.pooler import ADMIN, Pooler
from servers.wait import wait_for

MODES = {
    "session": {"pool_mode": "session", "default_pool_size": 20},
    "transaction": {"pool_mode": "transaction"},
    "prepared": {"pool_mode": "transaction", "max_prepared_statements": 50},
}

HBA = ["hostssl all all all scram-sha-256"]

SQL = "alter role postgres password 'secret'; create table t (id int primary key, data text)"


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    Authority(folder).issue("server", "ignored", ["localhost"])
    return folder


@pytest.fixture(scope="module")
def debian(certificates):
    with Debian(HBA, sql=SQL) as server:
        for name in ("root.crt", "server.crt", "server.key"):
            server.install(certificates / name, name)
        server.configure(HBA, {"ssl": "on"})
        server.restart()
        yield server


@pytest.fixture(scope="module", params=MODES)
def pooled(request, debian, certificates):
    """Parameters for the way through a pgbouncer, its mode, and what it is called in its log."""
    settings = dict(MODES[request.param])
    if request.param != "prepared" and Pooler.version() >= (1, 21):
        settings["max_prepared_statements"] = 0
    elif request.param == "prepared" and Pooler.version() < (1, 21):
        pytest.skip("this pgbouncer knows nothing of prepared statements")
    passwords = {"postgres": "secret", ADMIN: "secret"}
    with Pooler(debian.port, passwords, settings, certificates=certificates) as pooler:
        place = {"host": "localhost", "hostaddr": "127.0.0.1", "port": pooler.port, "dbname": "postgres"}
        tls = {"sslmode": "verify-full", "sslrootcert": str(certificates / "root.crt")}
        params = {**place, **tls, "user": "postgres", "password": "secret"}
        yield SimpleNamespace(params=params, mode=request.param, debian=debian)


@pytest.fixture
def many(pg, pooled):
    """Connections in autocommit that prepare everything at once."""
    with contextlib.ExitStack() as stack:
        yield [
            stack.enter_context(pg.connect(**pooled.params, autocommit=True, prepare_threshold=0)) for _ in range(4)
        ]


@pytest.fixture
def conn(many):
    return many[0]


@pytest.fixture
def holder(pg, pooled):
    """Who keeps a server for himself, for a while."""
    with pg.connect(**pooled.params, prepare_threshold=None) as conn:
        yield conn


@pytest.mark.howdah_only
def test_never_another_clients_rows(many, holder):
    """psycopg's statements have the same names in every session, and are taken for one another."""
    rng = random.Random(7)
    for turn in range(400):
        if rng.random() < 0.5:
            holder.execute("select 1") if rng.random() < 0.5 else holder.rollback()
        who = rng.randrange(len(many))
        assert many[who].execute(f"select {who}, %s::int", (turn,)).fetchone() == (who, turn)


@pytest.mark.howdah_only
def test_never_another_clients_rows_in_transactions(pg, pooled):
    """There a statement that the server has not got fails; whoever is behind such a pooler does without."""
    rng = random.Random(11)
    failed = 0
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(pg.connect(**pooled.params, prepare_threshold=0)) for _ in range(3)]
        for turn in range(200):
            who = rng.randrange(len(many))
            try:
                with many[who].transaction():
                    for part in range(3):
                        row = many[who].execute(f"select {who}, {part}, %s::int", (turn,)).fetchone()
                        assert row == (who, part, turn)
            except pg.errors.InvalidSqlStatementName:
                failed += 1
    assert failed == 0 or pooled.mode == "transaction"


async def test_tasks_get_their_own_rows(pg, pooled):
    async def ask(who):
        async with await pg.AsyncConnection.connect(**pooled.params, autocommit=True, prepare_threshold=None) as conn:
            for turn in range(40):
                cur = await conn.execute(f"select {who}, %s::int", (turn,))
                assert await cur.fetchone() == (who, turn)

    await asyncio.gather(*(ask(who) for who in range(12)))


def test_everything_in_turn(pg, conn):
    with conn.transaction():
        conn.execute("truncate t")
        conn.cursor().executemany("insert into t values (%s, %s)", [(i, f"row {i}") for i in range(500)])
    assert conn.execute("select count(*), sum(id) from t").fetchone() == (500, 124750)
    with conn.transaction(), conn.cursor().copy("copy t from stdin") as copy:
        for i in range(500, 1000):
            copy.write_row((i, "copied"))
    with conn.cursor().copy("copy (select id from t order by id) to stdout") as copy:
        copy.set_types(["int4"])
        assert [row[0] for row in copy.rows()] == list(range(1000))
    with conn.pipeline():
        cursors = [conn.execute("select data from t where id = %s", (i,)) for i in range(300)]
        assert [cur.fetchone()[0] for cur in cursors] == [f"row {i}" for i in range(300)]
    with conn.transaction(), conn.cursor("named") as cur:
        cur.execute("select id from t order by id")
        assert [row[0] for row in cur] == list(range(1000))
    assert sum(1 for _row in conn.cursor().stream("select * from t")) == 1000
    large = "x" * 3_000_000
    assert conn.execute("select %s::text", (large,)).fetchone() == (large,)
    with pytest.raises(pg.errors.UniqueViolation), conn.transaction():
        conn.execute("insert into t values (1, 'again')")
    with pytest.raises(pg.errors.UndefinedColumn), conn.pipeline():
        conn.execute("insert into t values (2000, '')")
        conn.execute("select nonsense")
    assert conn.execute("select count(*) from t").fetchone() == (1000,)


def wait_for_sleep(pooled):
    query = "select count(*) from pg_stat_activity where state = 'active' and query = 'select pg_sleep(50)'"
    while pooled.debian.psql(query) == "0":
        pass


@pytest.mark.timeout(120)
def test_cancel(pg, pooled, many):
    """pgbouncer passes it on, over a connection of its own, to the server that works for this client."""
    canceled, other = many[:2]
    for turn in range(3):

        def cancel():
            wait_for_sleep(pooled)
            canceled.cancel_safe(timeout=30)

        thread = threading.Thread(target=cancel)
        thread.start()
        with pytest.raises(pg.errors.QueryCanceled):
            canceled.execute("select pg_sleep(50)", prepare=False)
        thread.join()
        for conn in (canceled, other):
            assert conn.execute("select %s::int", (turn,), prepare=False).fetchone() == (turn,)


@pytest.mark.timeout(120)
async def test_a_cancelled_task(pg, pooled):
    async with await pg.AsyncConnection.connect(**pooled.params, autocommit=True) as conn:
        for turn in range(3):
            task = asyncio.create_task(conn.execute("select pg_sleep(50)"))
            await asyncio.to_thread(wait_for_sleep, pooled)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            cur = await conn.execute("select %s::int", (turn,))
            assert await cur.fetchone() == (turn,)


async def test_pool(pool_module, pooled):
    kwargs = {**pooled.params, "prepare_threshold": None}
    async with pool_module.AsyncConnectionPool("", kwargs=kwargs, min_size=4, max_size=6) as pool:

        async def ask(who):
            for turn in range(15):
                async with pool.connection() as conn:
                    cur = await conn.execute(f"select {who}, %s::int", (turn,))
                    assert await cur.fetchone() == (who, turn)

        await asyncio.gather(*(ask(who) for who in range(20)))


@pytest.mark.howdah_only
@pytest.mark.parametrize("statement", ["discard all", "deallocate all"])
def test_statements_that_are_gone(many, statement):
    for turn in range(10):
        for who, conn in enumerate(many):
            assert conn.execute(f"select {who}, %s::int", (turn,)).fetchone() == (who, turn)
        many[turn % len(many)].execute(statement)


def test_statements_are_kept_where_pgbouncer_does(pooled, many):
    if pooled.mode != "prepared":
        pytest.skip("with max_prepared_statements only")
    for turn in range(50):
        for conn in many:
            assert conn.execute("select %s::int as kept", (turn,)).fetchone() == (turn,)
    query = "select count(*) from pg_prepared_statements where statement like '%% as kept'"
    counts = {conn.execute(query, prepare=False).fetchone()[0] for conn in many}
    assert counts <= {0, 1}  # one for all, under pgbouncer's name


@pytest.mark.parametrize(
    ("attrs", "reason"),
    [
        ("any", None),
        ("read-write", None),
        ("primary", None),
        ("prefer-standby", None),
        ("standby", "not in hot standby mode"),
        ("read-only", "not read-only"),
    ],
)
def test_target_session_attrs(pg, pooled, attrs, reason):
    if reason is None:
        with pg.connect(**pooled.params, target_session_attrs=attrs) as conn:
            assert conn.execute("select 1").fetchone() == (1,)
    else:
        with pytest.raises(pg.OperationalError, match=reason):
            pg.connect(**pooled.params, target_session_attrs=attrs)


def test_console(pg, pooled):
    params = {**pooled.params, "user": ADMIN, "dbname": "pgbouncer"}
    # It takes simple queries only: what is sent often must not become a prepared statement.
    with pg.connect(**params, autocommit=True, prepare_threshold=None) as conn:
        assert conn.execute("show version").fetchone()[0].startswith("PgBouncer")
        for _ in range(10):
            assert "pgbouncer" in [row[0] for row in conn.execute("show databases").fetchall()]
        with pytest.raises(pg.Error):
            conn.execute("nonsense")
        cur = conn.execute("show pools")
        assert {"cl_active", "sv_active"} <= {column.name for column in cur.description}


def test_who_is_refused(pg, pooled):
    with pytest.raises(pg.OperationalError, match=r"password authentication failed|SASL authentication failed"):
        pg.connect(**{**pooled.params, "password": "wrong"})
    with pytest.raises(pg.OperationalError, match="does not exist"):
        pg.connect(**{**pooled.params, "dbname": "nothing"}).execute("select 1")


def test_a_server_that_is_taken_away(pg, pooled, many):
    """pgbouncer hangs up on the client, too; the next one gets another server."""
    pooled.debian.psql("select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid()")
    for conn in many:
        try:
            assert conn.execute("select 1").fetchone() == (1,)
        except pg.OperationalError:
            assert conn.closed

    def answered() -> bool:  # pgbouncer may not have heard of all of them yet
        try:
            with pg.connect(**pooled.params) as conn:
                return conn.execute("select 1").fetchone() == (1,)
        except pg.OperationalError:
            return False

    wait_for(answered, "no server comes back")
