"""Connection strings in their environments, beside libpq: the short form of `make conninfo-fuzz`."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

probes = pytest.importorskip("conninfo_probes")

if probes.pq.version() < 180000:
    pytest.skip("psycopg is linked to a libpq older than 18", allow_module_level=True)


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False))
def test_strings(random):
    text = probes.mutated(random)
    assert probes.read_alike(text), text


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("world")


@settings(max_examples=150, deadline=None)
@given(st.randoms(use_true_random=False))
def test_worlds(folder, random):
    world = probes.world(random)
    with probes.living_in(folder, world):
        said = probes.difference(world, probes.theirs_in(world), probes.ours_in(world))
    assert not said, world


@pytest.mark.parametrize(
    ("text", "environment", "files"),
    [
        # What was found: each of these was read otherwise once.
        ("host=/nowhere service=''", {}, {}),
        ("host=/nowhere", {"PGSERVICE": ""}, {}),
        ("service=x", {"PGSERVICEFILE": "services", "PGSYSCONFDIR": "etc"}, {"etc/pg_service.conf": b"[x]\nhost=/a"}),
        (
            "service=x",
            {"PGSERVICEFILE": "services", "PGSYSCONFDIR": "etc"},
            {"services": b"[y]", "etc/pg_service.conf": b"[x]\nhost=/nowhere"},
        ),
        ("service=x", {}, {".pg_service.conf": b"[x]\nhost=/nowhere\nuser=" + b"u" * 1018}),
        ("service=x", {}, {".pg_service.conf": b"[x]\nhost=/nowhere\nuser=" + b"u" * 1017}),
        ("service=x", {}, {".pg_service.conf": b"[x]\nhost=/nowhere\nuser=a\rb"}),
        ("host=/nowhere user=ann", {}, {".pgpass": b"\\*:*:*:ann:no\n*:*:*:ann:p\\"}),
        ("host=/nowhere user=ann port=01", {}, {".pgpass": b"*:1:*:*:no\n*:01:*:*:yes:rest\r\r\n"}),
        ("host=/nowhere user=ann", {}, {".pgpass": b"*:*:*:*:a\rb\n"}),
        ("host=/nowhere user=ann", {}, {".pgpass": b"*:*:*:*\n*:*:*\n*:*:*:*:\n*:*:*:*:x\n"}),
        ("host=/nowhere user=ann", {}, {".pgpass": b"*:*:*:*\n*:*:*:ann:yes\n"}),
        ("host=/a,/b,/c port=0,x,70000", {}, {}),
        ("host=/a,/b port=0,1", {}, {}),
        ("host=/a scram_client_key=''", {}, {}),
        ("host=/a sslmode=disable ssl_max_protocol_version=TLSv1", {}, {}),
    ],
)
def test_found(folder, text, environment, files):
    world = probes.World(text, environment, files)
    with probes.living_in(folder, world):
        assert probes.difference(world, probes.theirs_in(world), probes.ours_in(world)) == ""
