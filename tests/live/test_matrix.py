"""216 ways of logging in, compared with psycopg (see servers/matrix.py, which `make matrix` runs and prints)."""

from __future__ import annotations

import asyncio
from collections import Counter

import psycopg
import pytest

from servers import matrix

pytestmark = [
    pytest.mark.howdah_only,
    pytest.mark.skipif(psycopg.pq.version() < 170000, reason="psycopg is linked to a libpq older than 17"),
]


@pytest.mark.parametrize("server", matrix.SERVERS)
def test_every_cell_is_as_with_psycopg(server, monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    loop = asyncio.new_event_loop()
    try:
        rows = list(matrix.run(loop, server))
    finally:
        loop.close()
    assert len(rows) == 54
    assert [row for row in rows if len(set(row[1:])) > 1] == []
    found = Counter(row[1] for row in rows)
    # Nothing is alike only because nothing works.
    assert found["encrypted"] >= {"off": 0, "optional": 25, "hostssl": 30, "hostnossl": 0}[server]
    assert found["in clear"] == {"off": 12, "optional": 8, "hostssl": 0, "hostnossl": 12}[server]
