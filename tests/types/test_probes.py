"""One value of every type: as psycopg has it by default, and with nothing lost where howdah is asked for that."""

from __future__ import annotations

import itertools
from contextlib import suppress

import pytest

from type_probes import EXTENSIONS, PROBES, SETUP, judge

psycopg = pytest.importorskip("psycopg")

SESSION = "-c search_path=probes,public -c timezone=UTC -c lc_monetary=C"
# psycopg gives timedelta(0), and the nearest double.
BETTER = {("interval inf", False), ("float4 1.1", True)}


@pytest.fixture(scope="module")
def known(dsn):
    """The server's own text of each probe that it has; None where it has no cast to text."""
    texts = {}
    with psycopg.connect(dsn, autocommit=True, options=SESSION) as conn:
        for name in EXTENSIONS:
            with suppress(psycopg.Error):
                conn.execute(f"create extension if not exists {name} schema public")
        conn.execute(SETUP)
        for probe in PROBES:
            with suppress(psycopg.Error):
                conn.execute(f"select ({probe.sql}) is null")
                texts[probe.name] = None
                texts[probe.name] = conn.execute(f"select ({probe.sql})::text").fetchone()[0]
    return texts


@pytest.fixture(scope="module")
def conns(pg, dsn, known):
    """howdah's by default, howdah's that is to lose nothing, and psycopg's."""
    with (
        pg.connect(dsn, autocommit=True, options=SESSION) as plain,
        pg.connect(dsn, autocommit=True, options=SESSION, discover_types=True) as careful,
        psycopg.connect(dsn, autocommit=True, options=SESSION) as theirs,
    ):
        careful.adapters.configure(infinity="marker", out_of_range="text", interval="exact")
        yield plain, careful, theirs


every_probe = pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
every_format = pytest.mark.parametrize("binary", [False, True], ids=["text", "binary"])


def outcome(conn, probe, binary):
    """The value as it is drawn, or the class of the error."""
    try:
        value = conn.execute(f"select {probe.sql}", binary=binary).fetchone()[0]
    except Exception as ex:
        return type(ex).__name__
    return type(value).__name__, repr(value)


@every_probe
@every_format
def test_as_psycopg(conns, known, probe, binary):
    if probe.name not in known:
        pytest.skip("the server lacks it")
    plain, _, theirs = conns
    same = outcome(plain, probe, binary) == outcome(theirs, probe, binary)
    assert same != ((probe.name, binary) in BETTER)


@every_probe
def test_nothing_is_lost(conns, known, probe):
    if probe.name not in known:
        pytest.skip("the server lacks it")
    for binary, prepare in itertools.product((False, True), repeat=2):
        value = conns[1].execute(f"select {probe.sql}", binary=binary, prepare=prepare).fetchone()[0]
        assert judge(probe, known[probe.name], value) in ("faithful", "text"), value


async def test_nothing_is_lost_with_asyncio(pg, dsn, known):
    async with await pg.AsyncConnection.connect(dsn, autocommit=True, options=SESSION, discover_types=True) as conn:
        conn.adapters.configure(infinity="marker", out_of_range="text", interval="exact")
        for probe in PROBES:
            for binary in (False, True) if probe.name in known else ():
                value = (await (await conn.execute(f"select {probe.sql}", binary=binary)).fetchone())[0]
                assert judge(probe, known[probe.name], value) in ("faithful", "text"), (probe.name, value)
