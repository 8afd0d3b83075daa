"""What the server refuses: a class by SQLSTATE, its diagnostics, and a connection that goes on."""

from __future__ import annotations

import pickle

import pytest

TABLE = """
    create temp table strict (
        id int primary key,
        name varchar(3) not null,
        positive int constraint is_positive check (positive > 0)
    );
    create temp table child (id int references strict (id));
    create type pg_temp.mood as enum ('sad', 'ok');
    create domain pg_temp.small as int constraint is_small check (value < 10);
    insert into strict values (1, 'a', 1)
"""

REFUSED = [
    ("selec 1", "SyntaxError", "42601", "ProgrammingError"),
    ("select * from no_such_table", "UndefinedTable", "42P01", "ProgrammingError"),
    ("select no_such_column from strict", "UndefinedColumn", "42703", "ProgrammingError"),
    ("select no_such_function()", "UndefinedFunction", "42883", "ProgrammingError"),
    ("select 1::no_such_type", "UndefinedObject", "42704", "ProgrammingError"),
    ("create table strict (x int); create temp table strict (x int)", "DuplicateTable", "42P07", "ProgrammingError"),
    ("select sum(id), name from strict", "GroupingError", "42803", "ProgrammingError"),
    ("insert into strict values (1, 'a', 1)", "UniqueViolation", "23505", "IntegrityError"),
    ("insert into strict values (2, null, 1)", "NotNullViolation", "23502", "IntegrityError"),
    ("insert into strict values (2, 'a', -1)", "CheckViolation", "23514", "IntegrityError"),
    ("insert into child values (7)", "ForeignKeyViolation", "23503", "IntegrityError"),
    ("select 100::pg_temp.small", "CheckViolation", "23514", "IntegrityError"),
    ("insert into strict values (2, 'long', 1)", "StringDataRightTruncation", "22001", "DataError"),
    ("select 1 / 0", "DivisionByZero", "22012", "DataError"),
    ("select 'x'::int", "InvalidTextRepresentation", "22P02", "DataError"),
    ("select 'glad'::pg_temp.mood", "InvalidTextRepresentation", "22P02", "DataError"),
    ("select 100000::int2", "NumericValueOutOfRange", "22003", "DataError"),
    ("select '2024-02-30'::date", "DatetimeFieldOverflow", "22008", "DataError"),
    ("select '{'::json", "InvalidTextRepresentation", "22P02", "DataError"),
    ("set statement_timeout = 50; select pg_sleep(5)", "QueryCanceled", "57014", "OperationalError"),
    ("set transaction read only; create table t (x int)", "ReadOnlySqlTransaction", "25006", "InternalError"),
    ("do $$ begin raise 'mine' using errcode = 'P0001'; end $$", "RaiseException", "P0001", "ProgrammingError"),
    ("do $$ begin assert false; end $$", "AssertFailure", "P0004", "ProgrammingError"),
    ("select lo_get(0)", "UndefinedObject", "42704", "ProgrammingError"),
]


@pytest.fixture
def strict(conn):
    conn.execute(TABLE)
    conn.commit()
    return conn


def caught(pg, conn, query, params=None):
    with pytest.raises(pg.Error) as info:
        conn.execute(query, params)
    return info.value


@pytest.mark.parametrize(("query", "name", "sqlstate", "base"), REFUSED, ids=[name for _, name, _, _ in REFUSED])
def test_class_by_sqlstate(pg, strict, query, name, sqlstate, base):
    error = caught(pg, strict, query)
    assert type(error) is getattr(pg.errors, name)
    assert error.sqlstate == error.diag.sqlstate == type(error).sqlstate == sqlstate
    assert isinstance(error, getattr(pg, base))
    assert isinstance(error, pg.DatabaseError)
    strict.rollback()
    assert strict.execute("select 1").fetchone() == (1,)


def test_lookup(pg):
    assert pg.errors.lookup("23505") is pg.errors.UniqueViolation
    assert pg.errors.lookup("UNIQUE_VIOLATION") is pg.errors.UniqueViolation
    assert pg.errors.lookup("unique_violation") is pg.errors.UniqueViolation
    with pytest.raises(KeyError):
        pg.errors.lookup("00XXX")


def test_unknown_sqlstate(pg, conn):
    """A class nobody knows: what its first two characters say, else DatabaseError."""
    error = caught(pg, conn, "do $$ begin raise 'own' using errcode = 'QYZ42'; end $$")
    assert type(error) is pg.DatabaseError
    assert error.sqlstate == "QYZ42"
    conn.rollback()
    error = caught(pg, conn, "do $$ begin raise 'own' using errcode = '22XYZ'; end $$")
    assert type(error) is pg.DataError
    assert error.sqlstate == "22XYZ"


def test_hierarchy(pg):
    for name in ("InterfaceError", "DatabaseError"):
        assert issubclass(getattr(pg, name), pg.Error)
    for name in (
        "DataError OperationalError IntegrityError InternalError ProgrammingError NotSupportedError"
    ).split():
        assert issubclass(getattr(pg, name), pg.DatabaseError)
    assert issubclass(pg.Error, Exception)
    assert issubclass(pg.Warning, Exception)


def test_message(pg, conn):
    error = caught(pg, conn, "select nope")
    assert str(error).splitlines()[0] == 'column "nope" does not exist'
    assert "select nope" in str(error)


def test_diag_of_a_constraint(pg, strict):
    diag = caught(pg, strict, "insert into strict values (1, 'a', 1)").diag
    assert diag.severity == "ERROR"
    assert diag.severity_nonlocalized == "ERROR"
    assert diag.sqlstate == "23505"
    assert diag.message_primary == 'duplicate key value violates unique constraint "strict_pkey"'
    assert diag.message_detail == "Key (id)=(1) already exists."
    assert diag.message_hint is None
    assert diag.table_name == "strict"
    assert diag.schema_name.startswith("pg_temp")
    assert diag.constraint_name == "strict_pkey"
    assert diag.column_name is None


def test_diag_of_a_column(pg, strict):
    diag = caught(pg, strict, "insert into strict values (2, null, 1)").diag
    assert (diag.table_name, diag.column_name) == ("strict", "name")


def test_diag_of_a_type(pg, strict):
    diag = caught(pg, strict, "select 100::pg_temp.small").diag
    assert diag.datatype_name == "small"
    assert diag.constraint_name == "is_small"


def test_diag_of_a_position(pg, conn):
    diag = caught(pg, conn, "select é from x").diag
    assert diag.statement_position == "15"
    assert diag.source_file
    assert int(diag.source_line) > 0
    assert diag.source_function


def test_diag_of_a_function(pg, conn):
    diag = caught(pg, conn, "do $$ begin execute 'select 1 +'; end $$").diag
    assert diag.internal_query == "select 1 +"
    assert diag.internal_position == "11"
    assert "inline_code_block" in diag.context


def test_diag_of_raise(pg, conn):
    query = """do $$ begin raise 'msg' using detail = 'the detail', hint = 'the hint', column = 'c', table = 't',
               schema = 's', datatype = 'd', constraint = 'k'; end $$"""
    diag = caught(pg, conn, query).diag
    assert (diag.message_primary, diag.message_detail, diag.message_hint) == ("msg", "the detail", "the hint")
    assert (diag.column_name, diag.table_name, diag.schema_name) == ("c", "t", "s")
    assert (diag.datatype_name, diag.constraint_name) == ("d", "k")


def test_diag_of_an_error_of_our_own(pg, conn):
    error = caught(pg, conn, "select %s", [object()])
    assert error.diag.sqlstate is None
    assert error.diag.message_primary is None
    assert error.sqlstate is None


def test_message_beyond_ascii(pg, conn):
    error = caught(pg, conn, "do $$ begin raise 'naïve € 🐘'; end $$")
    assert error.diag.message_primary == "naïve € 🐘"
    assert "naïve € 🐘" in str(error)


def test_pickled(pg, strict):
    error = caught(pg, strict, "insert into strict values (1, 'a', 1)")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is pg.errors.UniqueViolation
    assert str(again) == str(error)
    assert again.sqlstate == "23505"
    assert again.diag.constraint_name == "strict_pkey"
    assert again.diag.message_detail == error.diag.message_detail


def test_pickled_error_of_our_own(pg):
    error = pickle.loads(pickle.dumps(pg.ProgrammingError("mine")))
    assert type(error) is pg.ProgrammingError
    assert error.args == ("mine",)
    assert error.diag.sqlstate is None


def test_caught_as_an_attribute_of_the_connection(conn):
    with pytest.raises(conn.IntegrityError):
        conn.execute("create temp table t (x int primary key); insert into t values (1), (1)")


def test_traceback_names_the_caller(pg, conn):
    error = caught(pg, conn, "wrong")
    assert __file__ in {entry.tb_frame.f_code.co_filename for entry in frames(error.__traceback__)}


def frames(traceback):
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def test_hundred_errors_in_a_row(pg, auto):
    for n in range(100):
        with pytest.raises(pg.errors.DivisionByZero):
            auto.execute("select %s / 0", [n])
        assert auto.execute("select %s::int", [n]).fetchone() == (n,)


def test_error_after_rows(pg, auto):
    """Rows that came before the error are not handed out."""
    cur = auto.cursor()
    with pytest.raises(pg.errors.DivisionByZero):
        cur.execute("select 1 / (500 - n) from generate_series(1, 1000) n")
    with pytest.raises(pg.ProgrammingError):
        cur.fetchone()
    assert auto.execute("select 2").fetchone() == (2,)


def test_error_after_many_rows(pg, auto):
    with pytest.raises(pg.errors.DivisionByZero):
        auto.execute("select 1 / (100000 - n), repeat('x', 200) from generate_series(1, 200000) n")
    assert auto.execute("select 2").fetchone() == (2,)


def test_huge_message(pg, auto):
    error = caught(pg, auto, "do $$ begin raise '%', repeat('m', 1000000); end $$")
    assert len(error.diag.message_primary) == 1_000_000
    assert auto.execute("select 2").fetchone() == (2,)


def test_query_text_too_large_to_point_at(pg, auto):
    error = caught(pg, auto, f"select '{'x' * 1_000_000}', nope")
    assert isinstance(error, pg.errors.UndefinedColumn)
    assert len(str(error)) < 10_000


async def test_async_class_and_diag(pg, aconn):
    await aconn.execute("create temp table t (x int primary key)")
    with pytest.raises(pg.errors.UniqueViolation) as info:
        await aconn.execute("insert into t values (1), (1)")
    assert info.value.diag.constraint_name == "t_pkey"
    await aconn.rollback()
    assert await (await aconn.execute("select 1")).fetchone() == (1,)


async def test_async_hundred_errors_in_a_row(pg, aauto):
    for n in range(100):
        with pytest.raises(pg.errors.DivisionByZero):
            await aauto.execute("select %s / 0", [n])
        assert await (await aauto.execute("select %s::int", [n])).fetchone() == (n,)
