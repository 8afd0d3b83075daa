"""Connecting by connection string, URI and keywords; what the connection then tells about itself."""

from __future__ import annotations

import pytest


@pytest.fixture
def params(module, dsn):
    """The parameters of the test database as a dict."""
    return module("conninfo").conninfo_to_dict(dsn)


def value(conn, query):
    return conn.execute(query).fetchone()[0]


def test_pairs(pg, dsn):
    with pg.connect(dsn) as conn:
        assert value(conn, "select 1") == 1


def test_keywords(pg, params):
    with pg.connect(**params) as conn:
        assert value(conn, "select current_database()") == params["dbname"]


def test_port_as_a_number(pg, params):
    with pg.connect(**{**params, "port": int(params["port"])}) as conn:
        assert value(conn, "select 1") == 1


def test_uri(pg, params):
    uri = f"postgresql://{params['user']}@{params['host']}:{params['port']}/{params['dbname']}"
    with pg.connect(uri) as conn:
        assert conn.info.dbname == params["dbname"]


def test_uri_with_short_scheme_and_query(pg, params):
    uri = f"postgres://{params['host']}:{params['port']}/{params['dbname']}?user={params['user']}&application_name=x%20y"
    with pg.connect(uri) as conn:
        assert value(conn, "show application_name") == "x y"


def test_keyword_overrides_the_string(pg, dsn):
    with pg.connect(f"{dsn} application_name=one", application_name="two") as conn:
        assert value(conn, "show application_name") == "two"


def test_none_means_not_given(pg, dsn):
    with pg.connect(dsn, application_name=None) as conn:
        assert value(conn, "select 1") == 1


def test_unix_socket(pg, server, params):
    if not server.socket_dir:
        pytest.skip("no socket folder known")
    with pg.connect(**{**params, "host": server.socket_dir}) as conn:
        assert value(conn, "select inet_client_addr() is null") is True


def test_unix_socket_by_uri(pg, server, params):
    if not server.socket_dir:
        pytest.skip("no socket folder known")
    folder = server.socket_dir.replace("/", "%2F")
    with pg.connect(f"postgresql://{params['user']}@{folder}:{params['port']}/{params['dbname']}") as conn:
        assert value(conn, "select inet_client_addr() is null") is True


def test_options_reach_the_server(pg, dsn):
    with pg.connect(dsn, options="-c search_path=here -c work_mem=5MB") as conn:
        assert (value(conn, "show search_path"), value(conn, "show work_mem")) == ("here", "5MB")


def test_quoted_values(pg, dsn):
    with pg.connect(rf"{dsn} application_name='it\'s \\ here'") as conn:
        assert value(conn, "show application_name") == r"it's \ here"


def test_unknown_keyword(pg, dsn):
    with pytest.raises(pg.ProgrammingError):
        pg.connect(dsn, nonsense="1")


def test_unknown_parameter_in_the_string(pg, dsn):
    with pytest.raises(pg.ProgrammingError):
        pg.connect(f"{dsn} nonsense=1")


@pytest.mark.parametrize("conninfo", ["host", "dbname='open", "postgresql://[::1/db", "postgresql://h/d?x=1"])
def test_malformed_string(pg, conninfo):
    with pytest.raises(pg.ProgrammingError):
        pg.connect(conninfo)


def test_unknown_database(pg, dsn):
    with pytest.raises(pg.OperationalError, match="no_such_database"):
        pg.connect(dsn, dbname="no_such_database")


def test_unknown_user(pg, dsn):
    with pytest.raises(pg.OperationalError):
        pg.connect(dsn, user="hd_nobody_at_all")


def test_defaults(conn):
    assert conn.autocommit is False
    assert conn.prepare_threshold == 5
    assert conn.prepared_max == 100
    assert conn.closed is False
    assert conn.broken is False


def test_autocommit_at_connection(pg, dsn):
    with pg.connect(dsn, autocommit=True) as conn:
        assert conn.autocommit is True
        conn.execute("select 1")
        assert conn.info.transaction_status == pg.pq.TransactionStatus.IDLE


def test_row_factory_at_connection(pg, dsn):
    with pg.connect(dsn, row_factory=pg.rows.dict_row) as conn:
        assert conn.execute("select 1 as one").fetchone() == {"one": 1}


def test_prepare_threshold_at_connection(pg, dsn):
    with pg.connect(dsn, prepare_threshold=None) as conn:
        assert conn.prepare_threshold is None


def test_cursor_factory_at_connection(pg, dsn):
    class Mine(pg.Cursor):
        pass

    with pg.connect(dsn, cursor_factory=Mine) as conn:
        assert type(conn.cursor()) is Mine
        assert type(conn.execute("select 1")) is Mine


def test_subclass_connects_to_itself(pg, dsn):
    class Mine(pg.Connection):
        pass

    with Mine.connect(dsn) as conn:
        assert type(conn) is Mine


def test_connect_is_the_class_method(pg):
    assert pg.connect == pg.Connection.connect


def test_dbapi_globals(pg):
    assert (pg.apilevel, pg.threadsafety, pg.paramstyle) == ("2.0", 2, "pyformat")


def test_exceptions_are_attributes_of_the_connection(pg, conn):
    for name in ("Warning", "Error", "InterfaceError", "DatabaseError", "DataError", "OperationalError",
                 "IntegrityError", "InternalError", "ProgrammingError", "NotSupportedError"):  # fmt: skip
        assert getattr(conn, name) is getattr(pg, name)


def test_info_of_the_session(conn, params):
    info = conn.info
    assert info.dbname == params["dbname"]
    assert info.user == params["user"]
    assert info.host == params["host"]
    assert info.port == int(params["port"])
    assert info.backend_pid == value(conn, "select pg_backend_pid()")
    assert info.server_version == int(value(conn, "show server_version_num"))


def test_info_of_parameters(conn):
    assert conn.info.parameter_status("server_encoding") == value(conn, "show server_encoding")
    assert conn.info.parameter_status("no_such_parameter") is None
    assert conn.info.encoding == "utf-8"


def test_info_timezone(conn):
    conn.execute("set timezone to 'Europe/Rome'")
    assert str(conn.info.timezone) == "Europe/Rome"


def test_info_dsn_hides_the_password(pg, dsn):
    with pg.connect(dsn, password="s3cret") as conn:
        assert "s3cret" not in conn.info.dsn
        assert "s3cret" not in repr(conn)
        assert "s3cret" not in str(conn.info.get_parameters())
        assert conn.info.password == "s3cret"


def test_info_dsn_connects_again(pg, conn):
    with pg.connect(conn.info.dsn) as again:
        assert again.info.dbname == conn.info.dbname


def test_info_follows_the_transaction(pg, conn):
    status = pg.pq.TransactionStatus
    assert conn.info.transaction_status == status.IDLE
    conn.execute("select 1")
    assert conn.info.transaction_status == status.INTRANS
    with pytest.raises(pg.Error):
        conn.execute("wrong")
    assert conn.info.transaction_status == status.INERROR
    conn.rollback()
    assert conn.info.transaction_status == status.IDLE


def test_repr_names_state_and_database(conn, params):
    assert "[IDLE]" in repr(conn)
    assert params["dbname"] in repr(conn)
    conn.close()
    assert "[BAD]" in repr(conn)


def test_fileno_is_the_socket(conn):
    import socket

    with socket.socket(fileno=socket.dup(conn.fileno())) as sock:
        assert sock.family in (socket.AF_INET, socket.AF_UNIX)


def test_connections_are_not_pickled(conn):
    import pickle

    with pytest.raises(TypeError):
        pickle.dumps(conn)


async def test_async_pairs(pg, dsn):
    async with await pg.AsyncConnection.connect(dsn) as conn:
        assert await (await conn.execute("select 1")).fetchone() == (1,)


async def test_async_keywords(pg, params):
    async with await pg.AsyncConnection.connect(**params, autocommit=True, row_factory=pg.rows.dict_row) as conn:
        assert conn.autocommit is True
        assert await (await conn.execute("select 1 as one")).fetchone() == {"one": 1}


async def test_async_bad_string(pg):
    with pytest.raises(pg.ProgrammingError):
        await pg.AsyncConnection.connect("nonsense=1")


async def test_async_unknown_database(pg, dsn):
    with pytest.raises(pg.OperationalError, match="no_such_database"):
        await pg.AsyncConnection.connect(dsn, dbname="no_such_database")


async def test_async_subclass(pg, dsn):
    class Mine(pg.AsyncConnection):
        pass

    async with await Mine.connect(dsn) as conn:
        assert type(conn) is Mine
