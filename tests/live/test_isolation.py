"""isolation_level, read_only, deferrable and autocommit: what they accept, when they change, what BEGIN then says."""

from __future__ import annotations

import pytest

MODES = [("isolation_level", 4), ("read_only", True), ("deferrable", True), ("autocommit", True)]
each_mode = pytest.mark.parametrize(("name", "value"), MODES)


def setting(conn, name):
    return conn.execute("select current_setting(%s)", [f"transaction_{name}"]).fetchone()[0]


async def asetting(conn, name):
    cur = await conn.execute("select current_setting(%s)", [f"transaction_{name}"])
    return (await cur.fetchone())[0]


def status(conn):
    return conn.info.transaction_status.name


def test_nothing_is_said_by_default(conn):
    assert (conn.isolation_level, conn.read_only, conn.deferrable, conn.autocommit) == (None, None, None, False)
    assert setting(conn, "isolation") == "read committed"
    assert setting(conn, "read_only") == "off"


def test_default_is_that_of_the_session(conn):
    conn.execute("set session characteristics as transaction isolation level serializable, read only")
    conn.commit()
    assert setting(conn, "isolation") == "serializable"
    assert setting(conn, "read_only") == "on"


@pytest.mark.parametrize("name", ["READ_UNCOMMITTED", "READ_COMMITTED", "REPEATABLE_READ", "SERIALIZABLE"])
def test_every_level(pg, conn, name):
    conn.isolation_level = pg.IsolationLevel[name]
    assert conn.isolation_level is pg.IsolationLevel[name]
    assert setting(conn, "isolation") == name.lower().replace("_", " ")


def test_level_as_a_number(pg, conn):
    conn.isolation_level = 3
    assert conn.isolation_level is pg.IsolationLevel.REPEATABLE_READ
    assert setting(conn, "isolation") == "repeatable read"


@pytest.mark.parametrize("level", [0, 5, -1, "serializable", 2.5])
def test_no_level(conn, level):
    with pytest.raises(ValueError):
        conn.isolation_level = level
    assert conn.isolation_level is None
    assert setting(conn, "isolation") == "read committed"


def test_levels_are_numbered(pg):
    assert [level.value for level in pg.IsolationLevel] == [1, 2, 3, 4]
    assert pg.IsolationLevel.SERIALIZABLE > pg.IsolationLevel.READ_COMMITTED


@pytest.mark.parametrize("name", ["read_only", "deferrable", "autocommit"])
@pytest.mark.parametrize(("given", "kept"), [(1, True), (0, False), ("yes", True), ("", False)])
def test_switches_are_read_as_booleans(conn, name, given, kept):
    setattr(conn, name, given)
    assert getattr(conn, name) is kept


@pytest.mark.parametrize("name", ["isolation_level", "read_only", "deferrable"])
def test_back_to_the_default(conn, name):
    setattr(conn, name, 1)
    setattr(conn, name, None)
    assert getattr(conn, name) is None
    assert setting(conn, "isolation") == "read committed"
    assert setting(conn, "read_only") == "off"


def test_read_only_off_wins_over_the_session(conn):
    conn.execute("set session characteristics as transaction read only")
    conn.commit()
    conn.read_only = False
    assert setting(conn, "read_only") == "off"


def test_deferrable_off_wins_over_the_session(conn):
    conn.execute("set session characteristics as transaction deferrable")
    conn.commit()
    assert setting(conn, "deferrable") == "on"
    conn.commit()
    conn.deferrable = False
    assert setting(conn, "deferrable") == "off"


def test_every_transaction_has_them(conn):
    conn.read_only = True
    conn.isolation_level = 4
    for end in (conn.commit, conn.rollback, conn.commit):
        assert (setting(conn, "isolation"), setting(conn, "read_only")) == ("serializable", "on")
        end()


def test_the_statement_that_opens_the_transaction_has_them(pg, conn):
    """BEGIN and the statement travel together; the statement must run under the modes all the same."""
    conn.read_only = True
    with pytest.raises(pg.errors.ReadOnlySqlTransaction):
        conn.execute("create table never (x int)")
    assert status(conn) == "INERROR"
    conn.rollback()


def test_several_statements_at_once_have_them(conn):
    conn.isolation_level = 4
    cur = conn.execute("show transaction_isolation; show transaction_isolation")
    assert [c.fetchone() for c in cur.results()] == [("serializable",)] * 2


def test_executemany_has_them(conn):
    conn.isolation_level = 4
    cur = conn.cursor()
    cur.executemany("select current_setting(%s)", [("transaction_isolation",)] * 3, returning=True)
    assert [c.fetchone() for c in cur.results()] == [("serializable",)] * 3


def test_autocommit_says_nothing(auto):
    auto.isolation_level = 4
    auto.read_only = True
    assert setting(auto, "isolation") == "read committed"
    assert setting(auto, "read_only") == "off"


def test_block_in_autocommit_has_them(auto):
    auto.isolation_level = 4
    auto.read_only = True
    auto.deferrable = True
    with auto.transaction():
        assert setting(auto, "isolation") == "serializable"
        assert setting(auto, "read_only") == "on"
        assert setting(auto, "deferrable") == "on"


def test_inner_block_keeps_them(conn):
    conn.isolation_level = 3
    with conn.transaction(), conn.transaction():
        assert setting(conn, "isolation") == "repeatable read"


def test_repeatable_read_sees_one_state(conn, other):
    other.execute("drop table if exists seen; create table seen (x int)")
    conn.isolation_level = 3
    assert conn.execute("select count(*) from seen").fetchone() == (0,)
    other.execute("insert into seen values (1)")
    assert conn.execute("select count(*) from seen").fetchone() == (0,)
    conn.commit()
    assert conn.execute("select count(*) from seen").fetchone() == (1,)


def test_serialization_failure(pg, conn, other):
    other.execute("drop table if exists clash; create table clash (x int); insert into clash values (0)")
    conn.isolation_level = 3
    conn.execute("select * from clash")
    other.execute("update clash set x = x + 1")
    with pytest.raises(pg.errors.SerializationFailure):
        conn.execute("update clash set x = x + 1")
    conn.rollback()
    assert conn.execute("update clash set x = x + 1 returning x").fetchone() == (2,)


@each_mode
def test_refused_within_a_transaction(pg, conn, name, value):
    before = getattr(conn, name)
    conn.execute("select 1")
    with pytest.raises(pg.ProgrammingError, match=name):
        setattr(conn, name, value)
    assert getattr(conn, name) is before
    assert status(conn) == "INTRANS"
    conn.rollback()
    setattr(conn, name, value)
    assert getattr(conn, name) == value


@each_mode
def test_refused_within_a_failed_transaction(pg, conn, name, value):
    with pytest.raises(pg.errors.SyntaxError):
        conn.execute("selec")
    with pytest.raises(pg.ProgrammingError, match="INERROR"):
        setattr(conn, name, value)


@each_mode
def test_refused_even_if_nothing_changes(pg, conn, name, value):
    conn.execute("select 1")
    with pytest.raises(pg.ProgrammingError):
        setattr(conn, name, getattr(conn, name))


@each_mode
def test_refused_within_a_block(pg, auto, name, value):
    with auto.transaction(), pytest.raises(pg.ProgrammingError, match="transaction"):
        setattr(auto, name, value)


@each_mode
def test_refused_within_a_transaction_of_the_user(pg, auto, name, value):
    auto.execute("begin")
    with pytest.raises(pg.ProgrammingError):
        setattr(auto, name, value)


@each_mode
def test_refused_when_closed(pg, conn, name, value):
    conn.close()
    with pytest.raises(pg.OperationalError):
        setattr(conn, name, value)


@each_mode
def test_told_when_closed(conn, name, value):
    setattr(conn, name, value)
    conn.close()
    assert getattr(conn, name) == value


@each_mode
def test_by_method(conn, name, value):
    assert getattr(conn, f"set_{name}")(value) is None
    assert getattr(conn, name) == value


@pytest.mark.howdah_only
@pytest.mark.parametrize("query", ["insert into slipped values (1)", "insert into slipped values (1); select 1"])
def test_begin_that_fails_runs_nothing(pg, conn, other, query):
    """As on a standby, which refuses some modes: the statement must not slip out of its transaction."""
    other.execute("drop table if exists slipped; create table slipped (x int)")
    begin, conn._begin = conn._begin, b"BEGIN ISOLATION LEVEL UNKNOWN"
    for _ in range(8):
        with pytest.raises(pg.errors.SyntaxError):
            conn.execute(query)
        with pytest.raises(pg.errors.SyntaxError):
            conn.cursor().executemany("insert into slipped values (%s)", [(1,), (2,)])
    assert status(conn) == "IDLE"
    assert other.execute("select * from slipped").fetchall() == []
    conn._begin = begin
    conn.execute(query)
    assert status(conn) == "INTRANS"


def test_autocommit_at_connection(pg, dsn):
    with pg.connect(dsn, autocommit=True) as conn:
        assert conn.autocommit is True
        conn.execute("select 1")
        assert status(conn) == "IDLE"


def test_autocommit_off_and_on(conn):
    for _ in range(3):
        conn.autocommit = True
        conn.execute("select 1")
        assert status(conn) == "IDLE"
        conn.autocommit = False
        conn.execute("select 1")
        assert status(conn) == "INTRANS"
        conn.commit()


@each_mode
async def test_async_attribute_refuses(pg, aconn, name, value):
    before = getattr(aconn, name)
    with pytest.raises(AttributeError):
        setattr(aconn, name, value)
    assert getattr(aconn, name) is before


@each_mode
async def test_async_method(aconn, name, value):
    await getattr(aconn, f"set_{name}")(value)
    assert getattr(aconn, name) == value


@each_mode
async def test_async_refused_within_a_transaction(pg, aconn, name, value):
    await aconn.execute("select 1")
    with pytest.raises(pg.ProgrammingError, match=name):
        await getattr(aconn, f"set_{name}")(value)
    await aconn.rollback()
    await getattr(aconn, f"set_{name}")(value)


@each_mode
async def test_async_refused_within_a_block(pg, aauto, name, value):
    async with aauto.transaction():
        with pytest.raises(pg.ProgrammingError, match="transaction"):
            await getattr(aauto, f"set_{name}")(value)


async def test_async_no_level(aconn):
    with pytest.raises(ValueError):
        await aconn.set_isolation_level(9)
    assert aconn.isolation_level is None


async def test_async_every_transaction_has_them(aconn):
    await aconn.set_isolation_level(3)
    await aconn.set_read_only(True)
    for end in (aconn.commit, aconn.rollback, aconn.commit):
        assert await asetting(aconn, "isolation") == "repeatable read"
        assert await asetting(aconn, "read_only") == "on"
        await end()


async def test_async_block_in_autocommit_has_them(aauto):
    await aauto.set_deferrable(True)
    async with aauto.transaction():
        assert await asetting(aauto, "deferrable") == "on"
    assert await asetting(aauto, "deferrable") == "off"


async def test_async_autocommit_at_connection(pg, dsn):
    async with await pg.AsyncConnection.connect(dsn, autocommit=True) as conn:
        assert conn.autocommit is True
        await conn.execute("select 1")
        assert status(conn) == "IDLE"
