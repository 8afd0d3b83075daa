"""Logging in to a real server."""

from __future__ import annotations

import asyncio
import base64
import random

import psycopg
import pytest

from howdah._connect.saslprep import saslprep
from howdah._connect.scram import stored_secret

METHODS = ["trust", "password", "md5", "scram-sha-256"]
WITH_PASSWORD = METHODS[1:]


@pytest.fixture
def logins(server):
    if not server.logins:
        pytest.skip("this server has no logins of ours")
    return server.logins


@pytest.fixture(params=["sync", "asyncio"])
def whoami(request, pg):
    """Connect, ask the server who we are, close."""

    async def connect(conninfo="", **params):
        async with await pg.AsyncConnection.connect(conninfo, **params) as conn:
            cur = await conn.execute("select current_user")
            return (await cur.fetchone())[0]

    def run(conninfo="", **params):
        if request.param == "asyncio":
            return asyncio.run(connect(conninfo, **params))
        with pg.connect(conninfo, **params) as conn:
            return conn.execute("select current_user").fetchone()[0]

    return run


@pytest.fixture(autouse=True)
def no_environment(monkeypatch, tmp_path):
    monkeypatch.delenv("PGPASSWORD", raising=False)
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))


@pytest.mark.parametrize("method", METHODS)
def test_right_password(whoami, logins, method):
    login = logins[method]
    assert whoami(login.dsn, password=login.password) == login.user


@pytest.mark.parametrize("method", METHODS)
def test_over_a_unix_socket(whoami, server, logins, method):
    login = logins[method]
    assert whoami(login.dsn, host=server.socket_dir, password=login.password) == login.user


@pytest.mark.parametrize("method", WITH_PASSWORD)
@pytest.mark.parametrize("wrong", ["x", "salted secre", "Salted secret", "\u00e9", "salted secret "])
def test_wrong_password(whoami, pg, logins, method, wrong):
    with pytest.raises(pg.OperationalError, match="password authentication failed") as caught:
        whoami(logins[method].dsn, password=wrong)
    assert wrong == "x" or wrong not in str(caught.value)


def test_the_class_of_a_wrong_password(whoami, pg, logins):
    with pytest.raises(pg.errors.InvalidPassword) as caught:
        whoami(logins["scram-sha-256"].dsn, password="wrong")
    assert caught.value.sqlstate == caught.value.diag.sqlstate == "28P01"
    assert caught.value.diag.severity_nonlocalized == "FATAL"


@pytest.mark.parametrize("method", WITH_PASSWORD)
def test_no_password(whoami, pg, logins, method):
    with pytest.raises(pg.OperationalError, match="no password supplied"):
        whoami(logins[method].dsn)


def test_unknown_user_and_database(whoami, pg, logins):
    dsn = logins["trust"].dsn
    with pytest.raises(pg.OperationalError, match='database "nope" does not exist'):
        whoami(dsn, dbname="nope")
    with pytest.raises(pg.OperationalError, match='role "nope" does not exist'):
        whoami(dsn, user="nope")


@pytest.mark.parametrize("method", WITH_PASSWORD)
def test_password_of_the_environment(whoami, logins, monkeypatch, method):
    login = logins[method]
    monkeypatch.setenv("PGPASSWORD", login.password)
    assert whoami(login.dsn) == login.user


def passfile(path, *lines, mode=0o600):
    path.write_text("".join(line + "\n" for line in lines))
    path.chmod(mode)
    return str(path)


def test_password_file(whoami, server, logins, tmp_path):
    login = logins["scram-sha-256"]
    path = passfile(
        tmp_path / "pass",
        "# comment",
        "",
        f"127.0.0.1:1:postgres:{login.user}:other port",
        f"*:{server.port}:*:nobody:other user",
        f"127.0.0.1:*:postgres:{login.user}:{login.password}:ignored",
        f"*:*:*:{login.user}:too late",
    )
    assert whoami(login.dsn, passfile=path) == login.user


def test_where_a_wrong_password_comes_from(whoami, pg, logins, tmp_path):
    login = logins["scram-sha-256"]
    path = passfile(tmp_path / "pass", "*:*:*:*:wrong")
    with pytest.raises(pg.OperationalError, match=f'authentication failed .*\npassword retrieved from file "{path}"'):
        whoami(login.dsn, passfile=path)
    with pytest.raises(pg.OperationalError, match="authentication failed") as caught:
        whoami(login.dsn, passfile=path, password="as wrong")
    assert "retrieved" not in str(caught.value)


@pytest.mark.howdah_only
@pytest.mark.parametrize("method", ["password", "md5", "scram-sha-256"])
def test_a_password_with_a_nul(whoami, pg, logins, tmp_path, method):
    login = logins[method]
    for params in (
        {"password": lambda: f"{login.password}\0x"},
        {"passfile": passfile(tmp_path / "pass", f"*:*:*:*:{login.password}\0x")},
    ):
        with pytest.raises(pg.OperationalError, match="the password contains a NUL character"):
            whoami(login.dsn, **params)


def test_password_file_of_the_environment(whoami, logins, tmp_path, monkeypatch):
    login = logins["md5"]
    monkeypatch.setenv("PGPASSFILE", passfile(tmp_path / "pass", f"*:*:*:*:{login.password}"))
    assert whoami(login.dsn) == login.user


def test_an_open_password_file_is_not_read(whoami, pg, logins, tmp_path):
    login = logins["md5"]
    path = passfile(tmp_path / "pass", f"*:*:*:*:{login.password}", mode=0o640)
    with (
        pytest.warns(RuntimeWarning, match="group or world access"),
        pytest.raises(pg.OperationalError, match="no password supplied"),
    ):
        whoami(login.dsn, passfile=path)


@pytest.mark.parametrize(
    "password",
    [
        "p\u00e4ssw\u00f6rd",
        "\u2168 \u00aa",
        "a\u00adb",
        "\u00a0x",
        "\u0627\u0628",
        "\u06271",
        "\u0221",
        "a\x07b",
        "\u0340",
        "\ufe7f",
        "'\\",
        "\U0001f418",
    ],
)
def test_passwords_beyond_ascii(whoami, pg, server, logins, password):
    """The server prepares a password when it is set, we when it is used: both must come to the same."""
    login = logins["scram-sha-256"]

    def set_password(to):
        with pg.connect(server.dsn, autocommit=True) as conn:
            literal = to.replace("'", "''")
            conn.execute(f"alter role {login.user} password '{literal}'")

    set_password(password)
    try:
        assert whoami(login.dsn, password=password) == login.user
    finally:
        set_password(login.password)


# What SASLprep treats in ways of its own: blanks, what is dropped, composed, compatible, unassigned, right to left.
UNUSUAL = (
    "aZ1 ~\x00\x7f\x80\xa0\xaa\xad\xb5\u00c5\u0221\u0301\u030a\u0340\u0341\u034f\u05be\u05d0\u0627\u0628\u06dd\u0660"
    "\u070f\u1100\u1161\u11a8\u1680\u1806\u180b\u180e\u2000\u200b\u200c\u200d\u200e\u2028\u202e\u205f\u2060\u2126\u212b\u2168"
    "\u2ff0\u3000\u304b\u3099\uac00\ue000\ufb01\ufb1d\ufdfa\ufe00\ufe0f\ufeff\uff21\ufff9\ufffd\uffff\U0001d15e\U0001f418"
    "\U000e0001\U000f0000\U0010ffff"
).replace("\x00", "")


@pytest.mark.howdah_only
def test_passwords_are_prepared_as_by_libpq(server):
    with psycopg.connect(server.dsn, autocommit=True) as conn:
        if conn.info.server_version < 160000:
            pytest.skip("scram_iterations came with PostgreSQL 16")
        conn.execute("set scram_iterations = 1")
        rng = random.Random(3)
        for _ in range(3000):
            password = "".join(rng.choices(UNUSUAL, k=rng.randint(1, 6)))
            theirs = conn.pgconn.encrypt_password(password.encode(), b"user", b"scram-sha-256")
            iterations, salt = theirs.split(b"$")[1].split(b":")
            ours = stored_secret(saslprep(password).encode(), base64.b64decode(salt), int(iterations))
            assert ours == theirs, ascii(password)


def test_a_password_that_is_changed(whoami, pg, server, logins):
    """Keys that are known from log-ins before are of no use then."""
    login = logins["scram-sha-256"]
    try:
        for password in ("first", "second", "first"):
            with pg.connect(server.dsn, autocommit=True) as conn:
                conn.execute(f"alter role {login.user} password '{password}'")
            for _ in range(2):
                assert whoami(login.dsn, password=password) == login.user
            with pytest.raises(pg.OperationalError, match="password authentication failed"):
                whoami(login.dsn, password={"first": "second", "second": "first"}[password])
    finally:
        with pg.connect(server.dsn, autocommit=True) as conn:
            conn.execute(f"alter role {login.user} password '{login.password}'")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(
    ("require_auth", "accepted"),
    [
        ("", METHODS),
        ("none", ["trust"]),
        ("password", ["password"]),
        ("md5", ["md5"]),
        ("scram-sha-256", ["scram-sha-256"]),
        ("md5,scram-sha-256", ["md5", "scram-sha-256"]),
        ("none,md5", ["trust", "md5"]),
        ("!none", WITH_PASSWORD),
        ("!password,!md5", ["trust", "scram-sha-256"]),
        ("!scram-sha-256", ["trust", "password", "md5"]),
        ("gss,sspi,oauth", []),
    ],
)
def test_require_auth(whoami, pg, logins, method, require_auth, accepted):
    login = logins[method]
    if method in accepted:
        assert whoami(login.dsn, password=login.password, require_auth=require_auth) == login.user
    else:
        with pytest.raises(pg.OperationalError, match="authentication method requirement"):
            whoami(login.dsn, password=login.password, require_auth=require_auth)


@pytest.mark.parametrize("require_auth", ["nope", "md5,", "md5,md5", "md5,!none", "!", "MD5", "!md5,!md5"])
def test_require_auth_that_cannot_be(whoami, pg, logins, require_auth):
    with pytest.raises(pg.OperationalError, match="require_auth"):
        whoami(logins["trust"].dsn, require_auth=require_auth)


def test_encryption_is_never_pretended(whoami, pg, logins):
    login = logins["trust"]
    for params, match in (
        ({"sslmode": "require"}, "server does not support SSL"),
        ({"sslmode": "verify-full"}, "server does not support SSL"),
        ({"channel_binding": "require"}, "without channel binding"),
    ):
        with pytest.raises(pg.OperationalError, match=match):
            whoami(login.dsn, **params)
    with pytest.raises(pg.NotSupportedError, match="GSSAPI"):
        whoami(login.dsn, gssencmode="require")
    for sslmode in ("disable", "allow", "prefer"):
        assert whoami(login.dsn, sslmode=sslmode) == login.user


def test_strict_sslmode_is_of_no_concern_to_a_unix_socket(whoami, server, logins):
    login = logins["trust"]
    assert whoami(login.dsn, host=server.socket_dir, sslmode="verify-full") == login.user


def test_requirepeer(whoami, pg, server, logins):
    login = logins["trust"]
    with pytest.raises(pg.OperationalError, match='requirepeer specifies "nobody at all"'):
        whoami(login.dsn, host=server.socket_dir, requirepeer="nobody at all")
