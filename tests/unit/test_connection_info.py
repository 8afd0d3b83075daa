"""ConnectionInfo over a connection that is none: what it makes of parameters and settings."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

import howdah
from howdah import ConnectionInfo, pq
from howdah.conninfo import conninfo_to_dict

PARAMS = {
    "host": "db.example",
    "hostaddr": "192.0.2.1",
    "port": "5433",
    "user": "joe",
    "dbname": "it's",
    "password": "secret",
    "options": "-c search_path=a",
    "application_name": "",
}


class Connection:
    """As much of a connection as ConnectionInfo asks."""

    def __init__(self, closed=False, broken=False, params=PARAMS, **settings):
        self.closed = closed
        self.broken = broken
        self._params = params
        self._parameter_status = settings.get
        self._pipeline_status = 0
        self._complaint = None

    def _transaction_status(self):
        return 4 if self.closed else 2

    def _backend_pid(self):
        return 42

    def _protocol_version(self):
        return 196610

    def _encoding(self):
        return "utf-8"


def test_parameters():
    info = ConnectionInfo(Connection())
    assert (info.host, info.hostaddr, info.port) == ("db.example", "192.0.2.1", 5433)
    assert (info.user, info.dbname, info.password) == ("joe", "it's", "secret")
    assert info.options == "-c search_path=a"
    assert (info.vendor, info.backend_pid, info.encoding) == ("PostgreSQL", 42, "utf-8")
    assert info.full_protocol_version == 30002


def test_defaults():
    info = ConnectionInfo(Connection(params={"hostaddr": "192.0.2.1"}))
    assert (info.host, info.port, info.password, info.options) == ("192.0.2.1", 5432, "", "")


def test_the_dsn_leads_to_the_same_server_and_holds_no_password():
    info = ConnectionInfo(Connection())
    assert "secret" not in info.dsn
    assert "password" not in info.get_parameters()
    assert conninfo_to_dict(info.dsn) == info.get_parameters()
    assert info.get_parameters()["dbname"] == "it's"


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("18.6", 180006),
        ("18.6 (Debian 18.6-1.pgdg120+1)", 180006),
        ("19beta2", 190000),
        ("17devel", 170000),
        ("9.6.24", 90624),
        ("9.5", 90500),
        ("10.0", 100000),
        ("", 0),
    ],
)
def test_server_version(text, number):
    assert ConnectionInfo(Connection(server_version=text)).server_version == number


def test_parameter_status():
    info = ConnectionInfo(Connection(is_superuser="on"))
    assert info.parameter_status("is_superuser") == "on"
    assert info.parameter_status("work_mem") is None


@pytest.mark.parametrize("name", ["Europe/Rome", "America/Argentina/Buenos_Aires"])
def test_timezone(name):
    assert ConnectionInfo(Connection(TimeZone=name)).timezone == ZoneInfo(name)


@pytest.mark.parametrize("settings", [{}, {"TimeZone": "UTC"}])
def test_timezone_utc(settings, caplog):
    assert ConnectionInfo(Connection(**settings)).timezone is dt.timezone.utc
    assert not caplog.records


@pytest.mark.parametrize("name", ["<-03>+03", "Nowhere/Atlantis", "../../etc/passwd", "a\0b"])
def test_a_timezone_that_is_unknown_is_warned_of_once(name, caplog):
    info = ConnectionInfo(Connection(TimeZone=name))
    assert info.timezone is info.timezone is dt.timezone.utc
    assert len(caplog.records) == 1
    assert repr(name) in caplog.text


NEED_A_CONNECTION = [
    "host",
    "hostaddr",
    "port",
    "dbname",
    "user",
    "password",
    "options",
    "dsn",
    "backend_pid",
    "server_version",
    "full_protocol_version",
    "timezone",
]


@pytest.mark.parametrize("name", NEED_A_CONNECTION)
def test_closed(name):
    with pytest.raises(howdah.OperationalError, match="the connection is closed"):
        getattr(ConnectionInfo(Connection(closed=True)), name)


def test_closed_methods():
    info = ConnectionInfo(Connection(closed=True))
    with pytest.raises(howdah.OperationalError):
        info.get_parameters()
    with pytest.raises(howdah.OperationalError):
        info.parameter_status("TimeZone")
    assert info.status == pq.ConnStatus.BAD
    assert info.transaction_status == pq.TransactionStatus.UNKNOWN


@pytest.mark.parametrize("name", NEED_A_CONNECTION)
def test_a_lost_connection_is_still_known(name):
    getattr(ConnectionInfo(Connection(closed=True, broken=True, server_version="18.1")), name)


def test_status():
    info = ConnectionInfo(Connection())
    assert info.status is pq.ConnStatus.OK
    assert info.transaction_status is pq.TransactionStatus.INTRANS
    assert info.pipeline_status is pq.PipelineStatus.OFF
    assert info.error_message == ""
    assert ConnectionInfo(Connection(closed=True, broken=True)).error_message
