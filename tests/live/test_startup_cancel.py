"""CancelRequest: sent to the address of the connection, and waited for."""

from __future__ import annotations

import asyncio
import time

import pytest

from howdah._connect import cancel_async, cancel_sync
from servers import fake
from servers.fake import FakeServer, authentication

WELCOME = authentication(0) + fake.welcome()
REQUEST = b"\0\0\0\x10\x04\xd2\x16\x2e\0\0\0\x2a\1\2\3\4"


@pytest.fixture(params=["sync", "asyncio"])
def cancel(request):
    if request.param == "sync":
        return cancel_sync
    return lambda *args: asyncio.run(cancel_async(*args))


def test_waits_until_the_server_has_closed(cancel):
    received = []

    def script(peer):
        received.append(peer._exactly(len(REQUEST)))
        time.sleep(0.3)

    with FakeServer(script) as server:
        before = time.monotonic()
        cancel(server.params, REQUEST, 5)
        assert time.monotonic() - before >= 0.3
    assert received == [REQUEST]


def test_timeout(pg, cancel):
    with FakeServer(lambda peer: peer.rest()) as server:
        before = time.monotonic()
        with pytest.raises(pg.errors.CancellationTimeout):
            cancel(server.params, REQUEST, 0.2)
        assert time.monotonic() - before < 1


def test_no_server(pg, cancel):
    with FakeServer(lambda peer: None) as server:
        params = server.params
    with pytest.raises(pg.OperationalError, match="cancellation failed: Connection refused"):
        cancel(params, REQUEST, 5)


def test_the_connection_is_cancelled_where_it_went(pg):
    """The first host is not there: the request goes to the second, and never to the first."""

    def accept(peer):
        seen.append(peer._exactly(8))
        if seen[-1][4:6] == b"\x04\xd2":  # a CancelRequest, by its code
            return
        peer._exactly(int.from_bytes(seen[-1][:4], "big") - 8)
        peer.send(WELCOME)
        peer.rest()

    seen = []
    with FakeServer(lambda peer: None) as first, FakeServer(accept) as second:
        params = {**second.params, "host": "127.0.0.1,127.0.0.1", "port": f"{first.port},{second.port}"}
        with pg.connect(**params, autocommit=True) as conn:
            conn.cancel_safe(timeout=5)
            assert first.connections == 1
            assert [data[4:6] for data in seen] == [b"\0\3", b"\x04\xd2"]
