"""Passwords stay where they were put: all ways of failing to connect, searched for what tells of them."""

from __future__ import annotations

import asyncio
import base64
import gc
import logging
import pickle
import socket
import sys
import traceback
import warnings
from collections.abc import Mapping

import pytest

from servers import fake
from servers.certificates import Authority
from servers.fake import FakeServer, authentication

pytestmark = pytest.mark.howdah_only

SECRET = "SeCrEt-9q"
KEY = base64.b64encode(b"SeCrEt-9q".ljust(32, b"x")).decode()
SHOWN = ("SeCr", "9q", base64.b64encode(b"SeCrEt-9q").decode()[:8])


@pytest.fixture(autouse=True)
def no_environment(monkeypatch, tmp_path):
    import os

    for name in list(os.environ):
        if name.startswith(("PG", "SSL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture(autouse=True)
def log(caplog):
    caplog.set_level(logging.DEBUG)
    return caplog


# ---- what an agent that reports errors would send


def told_by(error):
    """Everything that can be seen of an exception: its chain, its notes, the variables of howdah's frames."""
    seen, left = set(), [error]
    while left:
        this = left.pop()
        if this is None or id(this) in seen:
            continue
        seen.add(id(this))
        left += [this.__cause__, this.__context__]
        yield from (str(this), repr(this), *getattr(this, "__notes__", ()))
        yield from values(vars(this))
        for name in ("object", "filename", "doc"):
            yield from values(getattr(this, name, None))
        for frame, _line in traceback.walk_tb(this.__traceback__):
            if frame.f_globals["__name__"].split(".")[0] == "howdah":
                yield from values(frame.f_locals)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield "".join(ours(error))
        try:
            yield pickle.dumps(error).decode("latin1")
        except (TypeError, pickle.PicklingError):
            pass


def ours(error):
    """The traceback with variables, as `traceback` shows it, without the frames of the test."""
    for summary in traceback.TracebackException.from_exception(error, capture_locals=True).stack:
        if "howdah" in summary.filename and "tests" not in summary.filename:
            yield f"{summary.locals}"


def values(value, depth=6):
    """A value and what it holds, by repr()."""
    yield repr(value)
    if depth and isinstance(value, Mapping):
        for key, item in list(value.items()):
            yield repr(key)
            yield from values(item, depth - 1)
    elif depth and isinstance(value, (list, tuple, set)):
        for item in list(value):
            yield from values(item, depth - 1)


def check(told, log):
    for text in (*told, *(record.getMessage() for record in log.records), log.text):
        for shown in SHOWN:
            assert shown not in text


@pytest.fixture(params=["sync", "asyncio"])
def fails(request, pg, log):
    """Connecting fails, with this kind of error, and nothing tells the secret."""

    def run(conninfo="", expected=None, **params):
        async def connect_async():
            await pg.AsyncConnection.connect(conninfo, **params)

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            with pytest.raises(expected or pg.Error) as caught:
                if request.param == "asyncio":
                    asyncio.run(connect_async())
                else:
                    pg.connect(conninfo, **params)
        check(told_by(caught.value), log)
        return caught.value

    return run


# ---- where a password is


def given(tmp_path, monkeypatch, way, **params):
    """The string and the parameters for a way of giving the secret."""
    user = params.pop("user", "u")
    if way == "keyword":
        return "", {**params, "user": user, "password": SECRET}
    if way == "pairs":
        return f"user={user} password='{SECRET}'", params
    if way == "URI":
        return f"postgresql://{user}:{SECRET}@", params
    if way == "environment":
        monkeypatch.setenv("PGPASSWORD", SECRET)
    elif way == "password file":
        (tmp_path / ".pgpass").write_text(f"*:*:*:*:{SECRET}\n")
        (tmp_path / ".pgpass").chmod(0o600)
    elif way == "service":
        (tmp_path / ".pg_service.conf").write_text(f"[s]\npassword={SECRET}\n")
        params["service"] = "s"
    elif way == "function":
        return "", {**params, "user": user, "password": lambda: SECRET}
    return "", {**params, "user": user}


WAYS = ["keyword", "pairs", "URI", "environment", "password file", "service", "function"]


def scripts():
    def silent(peer):
        peer.rest()

    def closes(peer):
        peer.startup()

    def after_password(code, *messages):
        def script(peer):
            peer.startup()
            peer.send(authentication(code, b"salt" if code == 5 else b""))
            peer.read()
            peer.send(*messages)

        return script

    def scram(first):
        def script(peer):
            peer.startup()
            peer.send(fake.sasl("SCRAM-SHA-256"))
            _mechanism, said = peer.sasl_initial()
            nonce = said.rpartition("r=")[2]
            peer.send(authentication(11, first.format(nonce=nonce).encode()))
            peer.read()
            peer.send(authentication(12, b"v=" + base64.b64encode(b"x" * 32)))

        return script

    wrong = fake.error("28P01", "password authentication failed")
    return {
        "silent": silent,
        "closes": closes,
        "cleartext": after_password(3, wrong),
        "cleartext, then nothing": after_password(3),
        "cleartext, then nonsense": after_password(3, b"?" * 100),
        "cleartext, then another question": after_password(3, authentication(5, b"salt")),
        "md5": after_password(5, wrong),
        "scram, a lie": scram("r={nonce}x,s=c2FsdA==,i=4096"),
        "scram, another nonce": scram("r=x,s=c2FsdA==,i=4096"),
        "scram, many iterations": scram("r={nonce}x,s=c2FsdA==,i=99999999"),
        "unknown": lambda peer: (peer.startup(), peer.send(authentication(99)), peer.rest()),
    }


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("script", [script for script in scripts() if script != "silent"])
def test_servers(fails, tmp_path, monkeypatch, way, script):
    check_server(fails, tmp_path, monkeypatch, way, script)


@pytest.mark.parametrize("way", ["keyword", "URI"])
def test_a_silent_server(fails, tmp_path, monkeypatch, way):
    check_server(fails, tmp_path, monkeypatch, way, "silent")


def check_server(fails, tmp_path, monkeypatch, way, script):
    with FakeServer(scripts()[script]) as server:
        where = {"host": "127.0.0.1", "port": server.port, "dbname": "d", "sslmode": "disable"}
        conninfo, params = given(
            tmp_path, monkeypatch, way, **where, connect_timeout="0.5" if script == "silent" else "20"
        )
        fails(conninfo, **params)


@pytest.fixture
def no_names(monkeypatch):
    """No name is known, and no other machine is asked."""
    real = socket.getaddrinfo

    def getaddrinfo(*args, **kwargs):
        if kwargs.get("flags", 0) & socket.AI_NUMERICHOST:
            return real(*args, **kwargs)
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)


@pytest.mark.parametrize("way", WAYS)
def test_nobody_there(fails, tmp_path, monkeypatch, no_names, way):
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    for where in (
        {"host": "127.0.0.1", "port": port},
        {"host": "/nowhere"},
        {"host": "nowhere.invalid"},
        {"host": "127.0.0.1,/nowhere", "port": f"{port},1", "target_session_attrs": "prefer-standby"},
        {"host": "127.0.0.1", "port": 70000},
        {"host": "127.0.0.1", "sslmode": "nonsense"},
        {"host": "a,b", "port": "1,2,3"},
        {"host": "127.0.0.1", "nope": 1},
        {"host": "127.0.0.1", "require_auth": "nope"},
        {"host": "127.0.0.1", "connect_timeout": "soon"},
        {"host": "127.0.0.1", "service": "nowhere"},
        {"host": "127.0.0.1", "application_name": "a\0b"},
        {"host": "127.0.0.1", "port": port, "options": "\udcff"},
    ):
        conninfo, params = given(tmp_path, monkeypatch, way, **where)
        fails(conninfo, **params, expected=Exception)
    conninfo, params = given(tmp_path, monkeypatch, way, host="/nowhere")
    fails(conninfo, **params, param_style="nonsense", expected=ValueError)
    if "service" not in params:
        fails(conninfo, **params, ssl_context=object(), expected=TypeError)


@pytest.mark.parametrize(
    "conninfo",
    [
        f"host=h password=a {SECRET}",
        f"host=h password=a {SECRET}=b",
        f"host=h password=a {SECRET.lower()}=b",
        f"host=h password='{SECRET}",
        f"host=h password={SECRET}\0",
        f"host=h password={SECRET}\udcff",
        f"postgresql://u:{SECRET}%@h",
        f"postgresql://u:{SECRET} x@h",
        f"postgresql://u:{SECRET}%ff@h",
        f"postgresql://u:{SECRET}%00@h",
        f"postgresql://u:{SECRET}/x@/d",
        f"postgresql://u:5/{SECRET}@h/d?connect_timeout=1",
        f"postgresql://u:p@{SECRET}@nowhere.invalid/d",
        f"postgresql://u:p@{SECRET}@h/d?hostaddr=127.0.0.1&port=1",
        f"postgresql://u:p@h?password={SECRET}&x",
        f"postgresql://u:p@h?pass={SECRET}",
        f"postgresql://u:p@h?{SECRET}",
        f"postgresql://u:{SECRET}@[h",
    ],
)
def test_strings(fails, conninfo, monkeypatch, no_names):
    if SECRET.lower() in conninfo:
        monkeypatch.setattr(sys.modules[__name__], "SHOWN", (SECRET.lower(),))
    fails(conninfo)


@pytest.mark.parametrize("function", ["conninfo_to_dict", "make_conninfo"])
def test_functions_of_strings(pg, log, function):
    for params in ({}, {"host": "h"}):
        with pytest.raises(pg.ProgrammingError) as caught:
            getattr(pg.conninfo, function)(f"password='{SECRET}", **params)
        check(told_by(caught.value), log)


def test_parse(pg, log):
    for conninfo in (f"password='{SECRET}", f"password={SECRET}\udcff"):
        with pytest.raises(pg.OperationalError) as caught:
            pg.pq.Conninfo.parse(conninfo.encode("utf-8", "surrogateescape"))
        check(told_by(caught.value), log)
    check([repr(pg.pq.Conninfo.parse(f"password={SECRET}".encode()))], log)


@pytest.mark.parametrize("name", ["password", "sslpassword", "scram_client_key", "oauth_client_secret"])
def test_values_that_cannot_be(fails, name):
    for value in (SECRET + "\0", SECRET + "\udcff", SECRET, KEY[:-4]):
        with FakeServer(scripts()["cleartext"]) as server:
            fails(**{**server.params, name: value}, expected=Exception)


def test_a_key_that_its_password_does_not_open(fails, tmp_path):
    authority = Authority(tmp_path)
    authority.issue("client", "u", password=b"another")
    with FakeServer(scripts()["closes"]) as server:
        fails(
            host="127.0.0.1",
            port=server.port,
            sslmode="require",
            sslcert=str(tmp_path / "client.crt"),
            sslkey=str(tmp_path / "client.key"),
            sslpassword=SECRET,
        )


# ---- functions of the user's


def broken_function(secret):
    raise LookupError("the vault is closed")


def test_a_function_that_fails_shows_its_own_frame(fails, pg):
    """And none between it and connect()."""
    with FakeServer(scripts()["cleartext"]) as server:
        where = {**server.params, "sslpassword": SECRET, "password": lambda: broken_function(SECRET)}
        error = fails(**where, expected=LookupError)
    names = [frame.f_code.co_name for frame, _line in traceback.walk_tb(error.__traceback__)]
    assert names[-3:] == ["connect", "<lambda>", "broken_function"]


def test_ctrl_c_while_the_password_is_asked_for(fails):
    def interrupted():
        raise KeyboardInterrupt

    with FakeServer(scripts()["cleartext"]) as server:
        fails(**{**server.params, "sslpassword": SECRET, "password": interrupted}, expected=KeyboardInterrupt)


def test_a_password_that_is_none(fails):
    with FakeServer(scripts()["cleartext"]) as server:
        fails(**{**server.params, "password": lambda: SECRET.encode()}, expected=TypeError)


def test_what_was_being_handled_is_not_touched(pg):
    """An exception that was there before keeps its traceback, and is the context still."""
    try:
        try:
            broken_function(None)
        except LookupError:
            pg.connect("port=1 host=/nowhere")
    except pg.OperationalError as error:
        before = error.__context__
        while not isinstance(before, LookupError):
            before = before.__context__
        names = [frame.f_code.co_name for frame, _line in traceback.walk_tb(before.__traceback__)]
        assert names[-1] == "broken_function"


async def test_a_cancelled_task(pg, log):
    ready = asyncio.Event()
    loop = asyncio.get_running_loop()

    def script(peer):
        peer.startup()
        loop.call_soon_threadsafe(ready.set)
        peer.rest()

    with FakeServer(script) as server:
        task = asyncio.create_task(pg.AsyncConnection.connect(**{**server.params, "password": SECRET}))
        await ready.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError) as caught:
            await task
    check(told_by(caught.value), log)


# ---- connections that are well


def test_a_connection_does_not_tell(pg, log):
    def script(peer):
        peer.startup()
        peer.send(authentication(3))
        peer.read()
        peer.send(authentication(0), fake.welcome())
        peer.rest()

    with FakeServer(script) as server:
        params = {**server.params, "password": SECRET, "sslpassword": SECRET, "oauth_client_secret": SECRET}
        with pg.connect(**params, autocommit=True) as conn:
            assert conn.info.password == SECRET  # whoever asks for it gets it
            told = [repr(conn), str(conn), repr(conn.info), conn.info.dsn, repr(conn.info.get_parameters())]
            told += [repr(vars(conn)), repr(vars(conn.info)), repr(conn.pgconn), repr(conn.pgconn.info)]
            server._listener.shutdown(socket.SHUT_RDWR)
            with pytest.raises(pg.Error) as caught:
                conn.cancel()
            told += told_by(caught.value)
        told += [repr(conn), repr(conn._params)]
        check(told, log)


def test_the_connection_that_could_not_be_made(fails):
    error = fails(host="/nowhere", user="u", password=SECRET)
    assert error.pgconn.password == SECRET.encode()  # as psycopg has it
    assert pickle.loads(pickle.dumps(error)).pgconn is None
    check([repr(error.pgconn), repr(error.pgconn.info)], type("", (), {"records": [], "text": ""}))


@pytest.mark.parametrize("kind", ["sync", "asyncio"])
def test_pools_do_not_tell(pg, pool_module, log, kind):
    params = {"host": "/nowhere", "password": SECRET}

    async def run_async():
        pool = pool_module.AsyncConnectionPool(f"sslpassword={SECRET}", kwargs=params, min_size=1, open=False)
        try:
            with pytest.raises(pool_module.PoolTimeout) as caught:
                await pool.open(wait=True, timeout=0.5)
            return [repr(pool), *told_by(caught.value)]
        finally:
            await pool.close()

    if kind == "asyncio":
        told = asyncio.run(run_async())
    else:
        pool = pool_module.ConnectionPool(f"sslpassword={SECRET}", kwargs=params, min_size=1, open=False)
        try:
            with pytest.raises(pool_module.PoolTimeout) as caught:
                pool.open(wait=True, timeout=0.5)
            told = [repr(pool), *told_by(caught.value)]
        finally:
            pool.close()
    gc.collect()
    assert any("error connecting" in record.getMessage() for record in log.records)
    check(told, log)
