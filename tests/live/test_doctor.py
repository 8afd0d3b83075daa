"""``python -m howdah doctor``: what it finds in servers that are well, and in such as are not."""

from __future__ import annotations

import json
import logging
import os
import socket
import subprocess
import sys

import pytest

from servers import fake
from servers.certificates import Authority
from servers.debian import Debian
from servers.fake import FakeServer, authentication
from servers.pooler import ADMIN, Pooler

pytestmark = pytest.mark.howdah_only

SECRET = "a SeCrEt word"


@pytest.fixture(autouse=True)
def no_environment(monkeypatch, tmp_path):
    for name in list(os.environ):
        if name.startswith(("PG", "SSL")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.fixture
def doctor(pg, capsys):
    """Run the command in this process; its exit status and its report. The text is made, too."""
    from howdah._cli import main

    def run(*arguments):
        status = main(["doctor", "--json", *arguments])
        shown = capsys.readouterr()
        assert main(["doctor", *arguments]) == status
        text = capsys.readouterr()
        for output in (shown.out, shown.err, text.out, text.err):
            assert "SeCrEt" not in output
        report = json.loads(shown.out)
        assert report["exit_code"] == status
        report["text"] = text.out
        return status, report

    return run


def pairs(pg, **params):
    return pg.conninfo.make_conninfo(**params)


def test_as_a_command(server):
    environment = {**os.environ, "PGPASSWORD": SECRET}
    done = subprocess.run(
        [sys.executable, "-m", "howdah", "doctor", server.dsn], capture_output=True, text=True, env=environment
    )
    assert done.returncode == 0, done.stderr
    assert "SeCrEt" not in done.stdout + done.stderr
    assert done.stdout.startswith("Parameters\n")
    assert done.stdout.endswith("Connected.\n")
    assert "environment: PGPASSWORD" in done.stdout


def test_a_server_that_is_well(doctor, server):
    status, report = doctor(
        server.logins["scram-sha-256"].dsn, f"password='{server.logins['scram-sha-256'].password}'"
    )
    assert status == 0
    session = report["session"]
    assert session["authentication"] == {
        "method": "scram-sha-256",
        "mechanism": "SCRAM-SHA-256",
        "channel_binding": False,
        "used_password": True,
    }
    assert session["role"]["superuser"] is False
    assert not session["pooler"]["detected"]
    assert session["backend_pid"] > 0
    assert abs(session["clock_ahead_seconds"]) < 60
    assert (session["client_encoding"], session["protocol_version"], session["in_recovery"]) == ("UTF8", "3.0", False)
    (attempt,) = report["attempts"]
    assert [step["step"] for step in attempt["steps"]] == ["open", "tls", "startup", "authentication", "session"]
    assert report["advice"] == []
    assert "unanswered" not in session
    assert server.logins["scram-sha-256"].password not in report["text"]


def test_advice_for_a_superuser(doctor, server):
    status, report = doctor(server.dsn)
    assert status == 0
    assert any("is a superuser" in advice for advice in report["advice"])
    assert any("(trust)" in advice for advice in report["advice"])


def test_where_parameters_come_from(doctor, monkeypatch, tmp_path):
    services = tmp_path / "services"
    services.write_text(f"[mine]\nport=1\nhost=127.0.0.1\npassword={SECRET}\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))
    monkeypatch.setenv("PGUSER", "somebody")
    monkeypatch.setenv("PGREQUIRESSL", "1")
    status, report = doctor("service=mine", "dbname=x")
    assert status == 1
    found = {parameter["name"]: (parameter["value"], parameter["source"]) for parameter in report["parameters"]}
    assert found["user"] == ("somebody", "environment: PGUSER")
    assert found["sslmode"] == ("require", "environment: PGREQUIRESSL")
    assert found["port"] == ("1", 'service "mine"')
    assert found["password"] == ("***", 'service "mine"')
    assert found["dbname"] == ("x", "given")
    assert found["target_session_attrs"] == ("any", "default")


def test_password_file(doctor, server, monkeypatch, tmp_path):
    login = server.logins["md5"]
    path = tmp_path / "passfile"
    path.write_text(f"*:*:*:{login.user}:{login.password}\n")
    path.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(path))
    status, report = doctor(login.dsn)
    assert (status, report["hosts"][0]["password"]) == (0, "password file")
    assert any("MD5" in advice for advice in report["advice"])
    path.chmod(0o644)
    status, report = doctor(login.dsn)
    assert (status, report["hosts"][0]["password"]) == (1, "none")
    assert any("group or world access" in warning for warning in report["warnings"])


# ---- what fails


def refused(report):
    attempt = report["attempts"][-1]
    assert attempt["outcome"] == "failed"
    assert attempt["hint"]
    assert attempt["hint"].split()[0] in report["text"]
    return attempt


def unused_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def test_nothing_listens(doctor):
    status, report = doctor(f"host=127.0.0.1 port={unused_port()} password='{SECRET}'")
    assert status == 1
    attempt = refused(report)
    assert attempt["failed_at"] == "open"
    assert "Nothing listens there" in attempt["hint"]


def test_no_such_name(doctor, monkeypatch):
    def getaddrinfo(*args, **kwargs):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    status, report = doctor("host=nowhere.invalid,/nowhere")
    assert status == 1
    assert "failed to resolve" in report["hosts"][0]["error"]
    assert "The name is unknown" in report["hosts"][0]["hint"]
    assert report["attempts"][0]["address"] == "/nowhere/.s.PGSQL.5432"
    assert "No server has its socket there" in refused(report)["hint"]


def test_a_name_is_asked_for_once(doctor, monkeypatch):
    real, asked = socket.getaddrinfo, []

    def getaddrinfo(*args, **kwargs):
        asked.append(kwargs["host"])
        return real(**{**kwargs, "host": "127.0.0.1"})

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    with FakeServer(lambda peer: peer.startup()) as server:
        params = f"host=a.example,a.example port={server.port} sslmode=disable target_session_attrs=prefer-standby"
        status, report = doctor(params)
    assert (status, len(report["attempts"])) == (1, 4)
    assert asked == ["a.example"] * 2  # the command runs twice


def test_tls_refused(doctor):
    with FakeServer(lambda peer: peer.startup()) as server:
        status, report = doctor(f"host=127.0.0.1 port={server.port} sslmode=require")
    assert status == 1
    attempt = refused(report)
    assert (attempt["failed_at"], attempt["tls"]) == ("tls", True)
    assert "ssl=on" in attempt["hint"]


def test_wrong_password(doctor, server):
    status, report = doctor(server.logins["scram-sha-256"].dsn, f"password='{SECRET}'")
    assert status == 1
    attempt = refused(report)
    assert (attempt["failed_at"], attempt["sqlstate"]) == ("authentication", "28P01")


def test_a_server_of_another_kind(doctor):
    def script(peer):
        peer._exactly(8)
        peer.send(b"HTTP/1.1 400 Bad Request\r\n\r\n")

    with FakeServer(script) as server:
        status, report = doctor(f"host=127.0.0.1 port={server.port} user=u")
    assert status == 1
    assert report["attempts"][0]["hint"] == "Something else listens on that port."


def test_silence(doctor):
    with FakeServer(lambda peer: peer.rest()) as server:
        status, report = doctor(f"host=127.0.0.1 port={server.port} sslmode=disable connect_timeout=0.3")
    assert status == 1
    attempt = refused(report)
    assert attempt["failed_at"] == "startup"
    assert attempt["steps"][-1]["seconds"] >= 0.2
    assert "says nothing" in attempt["hint"]


def test_the_second_address_is_taken(doctor, server):
    port = unused_port()
    status, report = doctor(f"host=127.0.0.1,{server.host} port={port},{server.port} dbname=postgres user=hd_trust")
    assert status == 0
    assert [attempt["outcome"] for attempt in report["attempts"]] == ["failed", "connected"]
    assert any("1 of 2 attempts failed first" in advice for advice in report["advice"])


def test_the_wrong_kind_of_server(doctor, server):
    status, report = doctor(server.dsn, "target_session_attrs=standby")
    assert status == 1
    attempt = refused(report)
    assert attempt["failed_at"] == "session"
    assert "not in hot standby" in attempt["error"]


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        (["prt=1"], 'invalid connection option "prt"'),
        (["port=nonsense"], "port"),
        ([f"password={SECRET}"], "connection string"),
        (["service=nowhere"], "service"),
        (["gssencmode=require"], "GSSAPI"),
        (["host=/" + "a" * 120], "too long"),
    ],
)
def test_nothing_to_try(doctor, arguments, match):
    status, report = doctor(*arguments)
    assert status == 2
    assert match in report["error"]
    assert match in report["text"]
    assert report["attempts"] == []


def test_arguments_are_not_repeated(pg, capsys):
    from howdah._cli import main

    with pytest.raises(SystemExit) as caught:
        main(["doctor", "--password=SeCrEt"])
    assert caught.value.code == 2
    shown = capsys.readouterr()
    assert "SeCrEt" not in shown.out + shown.err


# ---- TLS


@pytest.fixture(scope="module")
def debian(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    authority = Authority(folder)
    authority.issue("server", "db.example.org", ["localhost"])
    hba = ["hostssl all hd_scram all scram-sha-256", "host all hd_clear all password", "host all postgres all trust"]
    roles = "create role hd_scram login password 'secret'; create role hd_clear login password 'secret';"
    with Debian(hba, sql=roles) as server:
        for name in ("root.crt", "server.crt", "server.key"):
            server.install(folder / name, name)
        server.configure(hba, {"ssl": "on"})
        server.restart()
        yield server, folder


def test_tls(doctor, debian):
    server, folder = debian
    dsn = f"host=localhost hostaddr=127.0.0.1 port={server.port} dbname=postgres user=hd_scram password=secret"
    status, report = doctor(dsn, f"sslmode=verify-full sslrootcert={folder / 'root.crt'}")
    assert status == 0
    tls = report["session"]["tls"]
    assert tls["version"].startswith("TLSv1.")
    assert tls["verified"] == "chain and name"
    assert "CN=db.example.org" in tls["certificate"]["subject"]
    assert tls["certificate"]["not_after"] > tls["certificate"]["not_before"]
    assert report["session"]["authentication"]["mechanism"] == "SCRAM-SHA-256-PLUS"
    assert report["session"]["authentication"]["channel_binding"] is True
    status, report = doctor(dsn, "sslmode=require")
    assert (status, report["session"]["tls"]["verified"]) == (0, "nothing")
    status, report = doctor(dsn, "sslmode=verify-full sslrootcert=system")
    assert (status, refused(report)["failed_at"]) == (1, "tls")
    status, report = doctor(dsn, "user=hd_clear")
    assert any("given the password itself" in advice for advice in report["advice"])


# ---- poolers


@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_pgbouncer(doctor, debian, mode):
    server, _folder = debian
    with Pooler(server.port, {"hd_clear": "secret", ADMIN: "secret"}, {"pool_mode": mode}) as pooler:
        where = f"host=127.0.0.1 port={pooler.port} password=secret"
        status, report = doctor(where, "user=hd_clear dbname=postgres")
        assert status == 0
        found = report["session"]["pooler"]
        assert found["detected"]
        assert any("at the log-in" in sign for sign in found["signs"])
        assert any("listens on port" in sign for sign in found["signs"])
        status, report = doctor(where, f"user={ADMIN} dbname=pgbouncer")
        assert status == 0
        assert report["session"]["pooler"]["signs"][0].startswith("its console answers: PgBouncer ")
        status, report = doctor(where, "user=hd_clear dbname=nowhere")
        assert status == 1
        assert "no database of this name" in report["attempts"][-1]["hint"]


@pytest.mark.parametrize("text", ['database "nowhere" does not exist', "no such database: nowhere"])
def test_a_pooler_that_knows_no_such_database(doctor, text):
    def script(peer):
        peer.startup()
        peer.send(fake.error("08P01", text))
        peer.rest()

    with FakeServer(script) as server:
        status, report = doctor(f"host=127.0.0.1 port={server.port} user=u sslmode=disable")
    assert status == 1
    assert "no database of this name" in report["attempts"][0]["hint"]


# ---- the log


@pytest.fixture
def records(caplog):
    caplog.set_level(logging.DEBUG, logger="howdah")
    return lambda: [record.getMessage() for record in caplog.records if record.name == "howdah"]


def scram_less(peer):
    peer.startup()
    peer.send(authentication(3))
    peer.read()
    peer.send(authentication(0), fake.welcome())
    peer.rest()


def test_the_log_tells_the_steps(pg, records):
    port = unused_port()
    with FakeServer(scram_less) as server:
        params = {**server.params, "host": "127.0.0.1,127.0.0.1", "port": f"{port},{server.port}", "password": SECRET}
        pg.connect(**params).close()
    where = 'server at "127.0.0.1", port'
    assert records() == [
        "resolving host '127.0.0.1'",
        "resolved to 127.0.0.1",
        f"connecting to {where} {port}",
        f"connection attempt failed: connection to {where} {port} failed: Connection refused\n"
        "\tIs the server running on that host and accepting TCP/IP connections?",
        "resolving host '127.0.0.1'",
        "resolved to 127.0.0.1",
        f"connecting to {where} {server.port}",
        "starting up",
        "authentication: server asks for password",
        "server is ready",
        f"connected to {where} {server.port}",
    ]


async def test_the_log_tells_the_steps_under_asyncio(pg, records):
    with FakeServer(scram_less) as server:
        conn = await pg.AsyncConnection.connect(**server.params)
        await conn.close()
    assert records()[-1] == f'connected to server at "127.0.0.1", port {server.port}'
