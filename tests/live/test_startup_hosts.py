"""Where to connect: hosts in turn, service files, the environment, names to look up; with scripted servers."""

from __future__ import annotations

import _thread
import asyncio
import os
import signal
import socket
import threading

import pytest

from beside import within
from howdah._connect import hosts
from scripted import CLOSED, Scram, accept, refused, says
from servers import fake
from servers.fake import FakeServer, authentication

pytestmark = pytest.mark.usefixtures("no_environment")


# ---- where to connect


def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_refused_port(pg, connect):
    port = unused_port()
    with pytest.raises(pg.OperationalError) as caught:
        connect(host="127.0.0.1", port=port)
    assert str(caught.value) == (
        f'connection failed: connection to server at "127.0.0.1", port {port} failed: Connection refused\n'
        "\tIs the server running on that host and accepting TCP/IP connections?"
    )


def test_no_such_socket(pg, connect, tmp_path):
    with pytest.raises(pg.OperationalError, match=r'on socket "/.*/\.s\.PGSQL\.5432" failed: No such file'):
        connect(host=str(tmp_path))


def test_no_such_host(pg, connect):
    with pytest.raises(pg.OperationalError, match=r"failed to resolve host 'nowhere\.invalid'"):
        connect(host="nowhere.invalid")
    with pytest.raises(pg.OperationalError, match="failed to resolve host"):
        connect(host="a" * 70 + ".invalid")  # no label of a name is that long
    with pytest.raises(pg.OperationalError, match="could not parse network address"):
        connect(hostaddr="localhost")


def test_the_next_host_is_tried(connect):
    with FakeServer(accept) as server:
        params = {**server.params, "host": "127.0.0.1,nowhere.invalid,127.0.0.1"}
        params["port"] = f"{unused_port()},1,{server.port}"
        assert connect(**params)["port"] == str(server.port)


def test_the_next_host_is_tried_after_an_error(connect):
    with FakeServer(says(fake.error("57P03", "starting up"))) as first, FakeServer(accept) as second:
        params = {**second.params, "host": "127.0.0.1,127.0.0.1", "port": f"{first.port},{second.port}"}
        assert connect(**params)["port"] == str(second.port)
        assert first.connections == 1


def test_the_timeout_is_for_each_host(connect):
    with FakeServer(says()) as first, FakeServer(accept) as second:
        params = {**second.params, "host": "127.0.0.1,127.0.0.1", "port": f"{first.port},{second.port}"}
        with within(15, 1):
            assert connect(**params, connect_timeout="1")["port"] == str(second.port)


def test_every_reason_is_told(pg, connect):
    with FakeServer(says(fake.error("57P03", "starting up"))) as first, FakeServer(lambda peer: None) as second:
        params = {**second.params, "host": "127.0.0.1,127.0.0.1", "port": f"{first.port},{second.port}"}
        with pytest.raises(pg.OperationalError) as caught:
            connect(**params)
    assert "starting up" in str(caught.value)
    assert CLOSED in str(caught.value)


def test_nothing_lingers_from_a_failed_attempt(connect):
    """The second server gets a fresh start: no half of a message, no setting, no state of authentication."""
    half = authentication(10, b"SCRAM-SHA-256\0\0") + fake.parameter_status("in_hot_standby", "on") + b"R\0\0"
    with FakeServer(says(half, then=lambda peer: peer.read())) as first, FakeServer(Scram()) as second:
        params = {**second.params, "host": "127.0.0.1,127.0.0.1", "port": f"{first.port},{second.port}"}
        assert connect(**params)["port"] == str(second.port)


def test_random_hosts(connect):
    with FakeServer(accept) as first, FakeServer(accept) as second:
        params = {**second.params, "host": "127.0.0.1,127.0.0.1", "port": f"{first.port},{second.port}"}
        ports = {connect(**params, load_balance_hosts="random")["port"] for _ in range(30)}
    assert ports == {str(first.port), str(second.port)}


@pytest.mark.parametrize(
    ("kind", "chosen"),
    [("any", 0), ("read-write", 2), ("read-only", 0), ("primary", 1), ("standby", 0), ("prefer-standby", 0)],
)
def test_target_session_attrs(connect, kind, chosen):
    def with_settings(standby, read_only):
        def script(peer):
            peer.startup()
            peer.send(authentication(0))
            peer.send(fake.welcome(in_hot_standby=standby, default_transaction_read_only=read_only))
            peer.rest()

        return FakeServer(script)

    with (
        with_settings("on", "off") as standby,
        with_settings("off", "on") as quiet,
        with_settings("off", "off") as main,
    ):
        ports = [str(server.port) for server in (standby, quiet, main)]
        params = {**main.params, "host": "127.0.0.1,127.0.0.1,127.0.0.1", "port": ",".join(ports)}
        assert connect(**params, target_session_attrs=kind)["port"] == ports[chosen]


def test_prefer_standby_takes_what_there_is(connect):
    with FakeServer(accept) as server:
        assert connect(**server.params, target_session_attrs="prefer-standby")["port"] == str(server.port)
        assert server.connections == 2


def test_target_that_is_not_there(pg, connect):
    refused(pg, connect, accept, "not in hot standby mode", target_session_attrs="standby")


@pytest.mark.parametrize("folder", ["short", "abstract"])
def test_unix_socket(connect, tmp_path, folder):
    host = "@howdah-" + tmp_path.name if folder == "abstract" else str(tmp_path)
    path = f"{host}/.s.PGSQL.5439"
    listener = socket.socket(socket.AF_UNIX)
    listener.bind("\0" + path[1:] if folder == "abstract" else path)
    listener.listen()
    with FakeServer(accept, listener):
        info = connect(host=host, port=5439, user="u", dbname="d")
    assert info["host"] == host
    assert "hostaddr" not in info


def test_the_zone_of_an_address_is_kept():
    """Cancelling goes to the address, and getaddrinfo() has the zone apart from it."""
    address = hosts.Address(hosts.Host("fe80::1%lo", "", "5432"), socket.AF_INET6, ("fe80::1", 5432, 0, 1))
    assert address.ip == "fe80::1%1"
    again = hosts.lookup_of(hosts.Host("fe80::1%lo", address.ip, "5432"))
    if not socket.has_ipv6:
        pytest.skip("no IPv6")
    assert hosts.numeric_infos(again)[0][4] == address.sockaddr


def test_path_too_long(pg, connect):
    with pytest.raises(pg.OperationalError, match="too long"):
        connect(host="/" + "a" * 120)


@pytest.mark.parametrize(
    ("params", "match"),
    [
        ({"host": "a,b", "port": "1,2,3"}, "could not match 3 port numbers to 2 hosts"),
        ({"host": "a,b", "hostaddr": "127.0.0.1"}, "could not match 2 host names with 1 hostaddr"),
        ({"port": "0"}, "invalid port number"),
        ({"port": "65536"}, "invalid port number"),
        ({"port": "-1"}, "port"),
        ({"port": "5432x"}, "port"),
        ({"port": "9" * 5000}, "invalid port number"),
        ({"sslmode": "maybe"}, "invalid sslmode value"),
        ({"target_session_attrs": "x"}, "invalid target_session_attrs value"),
        ({"load_balance_hosts": "x"}, "invalid load_balance_hosts value"),
        ({"max_protocol_version": "3.1"}, "invalid max_protocol_version value"),
        ({"min_protocol_version": "3.2", "max_protocol_version": "3.0"}, "greater than"),
    ],
)
def test_parameters_that_cannot_be(pg, connect, params, match):
    with pytest.raises(pg.OperationalError, match=match):
        connect(**{"host": "127.0.0.1", **params})


def test_parameters_that_do_not_exist(pg, connect):
    with pytest.raises(pg.ProgrammingError, match='invalid connection option "nope"'):
        connect(nope=1)
    with pytest.raises(pg.ProgrammingError, match="connect_timeout"):
        connect(connect_timeout="soon")
    with pytest.raises(pg.ProgrammingError, match="NUL"):
        connect(user="u\0database\0other")


# ---- service file


def test_service_file(connect, monkeypatch, tmp_path):
    path = tmp_path / "services.conf"
    monkeypatch.setenv("PGSERVICEFILE", str(path))
    monkeypatch.setenv("PGUSER", "from the environment")
    with FakeServer(accept) as server:
        path.write_text(
            f"# services\n[other]\nport=1\n\n[mine]\nhost=127.0.0.1\nport={server.port}\n"
            "user=from the service\ndbname=x\n[mine]\nport=2\n"
        )
        info = connect("service=mine dbname=given")
        assert (info["user"], info["dbname"]) == ("from the service", "given")
        monkeypatch.setenv("PGSERVICE", "mine")
        assert connect()["dbname"] == "x"


@pytest.mark.parametrize(
    "content", ["", "[other]\nport=1\n", "[mine]\nnonsense\n", "[mine]\nservice=x\n", "[mine]\nx=1\n"]
)
def test_bad_service(pg, connect, monkeypatch, tmp_path, content):
    path = tmp_path / "services.conf"
    path.write_text(content)
    monkeypatch.setenv("PGSERVICEFILE", str(path))
    with pytest.raises(pg.OperationalError, match="service"):
        connect("service=mine")


def test_a_folder_is_no_service_file(pg, connect, monkeypatch, tmp_path):
    for name in ("HOME", "PGSERVICEFILE"):
        (tmp_path / ".pg_service.conf").mkdir(exist_ok=True)
        monkeypatch.setenv(name, str(tmp_path))
        with pytest.raises(pg.OperationalError, match='definition of service "mine" not found'):
            connect("service=mine")


def test_what_a_service_names_is_no_service(pg, connect, monkeypatch, tmp_path):
    path = tmp_path / "services.conf"
    path.write_text("[mine]\nuser=u\nservice=other\n[other]\nuser=v\n")
    monkeypatch.setenv("PGSERVICEFILE", str(path))
    with pytest.raises(pg.OperationalError, match=f'nested service specifications .*"{path}", line 3'):
        connect("service=mine")


@pytest.mark.parametrize(("length", "end", "accepted"), [(1021, "\n", True), (1022, "\n", False), (1022, "", True)])
def test_lines_of_service_files_have_their_length(pg, connect, monkeypatch, tmp_path, length, end, accepted):
    path = tmp_path / "services.conf"
    monkeypatch.setenv("PGSERVICEFILE", str(path))
    with FakeServer(accept) as server:
        where = f"host=127.0.0.1\nport={server.port}\nuser=u\n"
        path.write_text(f"[mine]\n{where}{'#' * length}{end}")
        if accepted:
            connect("service=mine")
        else:
            with pytest.raises(pg.OperationalError, match=f'line 5 too long in service file "{path}"'):
                connect("service=mine")


# ---- interrupted


def test_a_cancelled_task_leaves_no_socket(pg):
    closed, started = [], threading.Event()

    def script(peer):
        peer.startup()
        started.set()
        closed.append(peer.rest())

    async def main(server):
        task = asyncio.create_task(pg.AsyncConnection.connect(**server.params))
        await asyncio.to_thread(started.wait, 60)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with FakeServer(script) as server:
        asyncio.run(main(server))
    assert closed == [b""]


def test_ctrl_c_while_connecting(pg):
    closed = []

    def script(peer):
        peer.startup()
        os.kill(os.getpid(), signal.SIGINT)
        closed.append(peer.rest())

    with FakeServer(script) as server, pytest.raises(KeyboardInterrupt):
        pg.connect(**server.params)
    assert closed == [b""]


# ---- environment


def test_where_the_environment_says(connect, monkeypatch):
    with FakeServer(accept) as server:
        for name, value in (
            ("PGHOST", "127.0.0.1"),
            ("PGPORT", server.port),
            ("PGUSER", "me"),
            ("PGDATABASE", "mine"),
            ("PGSSLMODE", "disable"),
        ):
            monkeypatch.setenv(name, str(value))
        info = connect()
        assert (info["host"], info["user"], info["dbname"]) == ("127.0.0.1", "me", "mine")
        assert connect("user=you")["user"] == "you"


def test_the_environment_may_ask_for_tls(pg, connect, monkeypatch):
    with FakeServer(accept) as server:
        params = {name: value for name, value in server.params.items() if name != "sslmode"}
        monkeypatch.setenv("PGREQUIRESSL", "1")
        with pytest.raises(pg.OperationalError, match="server does not support SSL, but SSL was required"):
            connect(**params)
    assert server.connections == 1


def test_the_password_is_not_shown(pg):
    with FakeServer(accept) as server, pg.connect(**server.params, sslpassword="secret", autocommit=True) as conn:
        assert conn.info.password == "pw"
        for shown in (repr(conn), repr(conn._params), conn.info.dsn):
            assert "pw" not in shown
            assert "secret" not in shown


def slow_getaddrinfo(monkeypatch, seconds=20):
    """It takes so long, or until the event is set that this returns."""
    real, over = socket.getaddrinfo, threading.Event()

    def getaddrinfo(*args, **kwargs):
        over.wait(seconds)
        if args:
            return real("127.0.0.1", *args[1:], **kwargs)
        return real(**{**kwargs, "host": "127.0.0.1"})

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return over


@pytest.mark.howdah_only
def test_name_resolution_is_bounded(pg, monkeypatch):
    """Of each host by itself: the second one is still tried."""
    over = slow_getaddrinfo(monkeypatch)
    words = r"failed to resolve host 'slow\.example': connection timeout expired"
    with within(15, 1), pytest.raises(pg.errors.ConnectionTimeout, match=words):
        pg.connect(host="slow.example", connect_timeout=1)
    over.set()


@pytest.mark.howdah_only
async def test_name_resolution_is_bounded_asyncio(pg, monkeypatch):
    if not isinstance(asyncio.get_running_loop(), asyncio.BaseEventLoop):
        pytest.skip("the loop does not resolve names by the function that is made slow")
    over = slow_getaddrinfo(monkeypatch)
    words = r"failed to resolve host 'slow\.example': connection timeout expired"
    with within(15, 1), pytest.raises(pg.errors.ConnectionTimeout, match=words):
        await pg.AsyncConnection.connect(host="slow.example", connect_timeout=1)
    over.set()


@pytest.mark.howdah_only
def test_name_resolution_in_time(pg, monkeypatch):
    slow_getaddrinfo(monkeypatch, 0.2)
    with FakeServer(accept) as server:
        conn = pg.connect(**{**server.params, "host": "slow.example"}, connect_timeout=60)
        assert conn.info.hostaddr == "127.0.0.1"
        conn.close()


@pytest.mark.howdah_only
def test_name_resolution_is_interrupted(pg, monkeypatch):
    over = slow_getaddrinfo(monkeypatch)
    with within(15), pytest.raises(KeyboardInterrupt):
        timer = threading.Timer(0.2, _thread.interrupt_main)
        timer.start()
        pg.connect(host="slow.example")
    over.set()
    timer.join()
