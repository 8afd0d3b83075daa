"""Checks of eco_fastapi_app over HTTP (uvicorn in a subprocess, so the app starts as users start it)."""

import concurrent.futures as cf
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest


@pytest.fixture(scope="session")
def base():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    log = open("fastapi_uvicorn.log", "w")  # noqa: SIM115
    loop = os.environ.get("ECO_LOOP", "asyncio")
    p = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "uvicorn",
            "eco_fastapi_app:app",
            "--port",
            str(port),
            "--loop",
            loop,
            "--log-level",
            "info",
        ],
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    url = f"http://127.0.0.1:{port}"
    for _ in range(300):
        if p.poll() is not None:
            raise RuntimeError("uvicorn ended: " + Path("fastapi_uvicorn.log").read_text()[-3000:])
        try:
            httpx.get(url + "/stats", timeout=2)
            break
        except httpx.TransportError:
            time.sleep(0.1)
    yield url
    p.terminate()
    assert p.wait(30) in (0, -15), Path("fastapi_uvicorn.log").read_text()[-3000:]
    assert "Traceback" not in Path("fastapi_uvicorn.log").read_text(), Path("fastapi_uvicorn.log").read_text()[-3000:]


@pytest.fixture(scope="session")
def c(base):
    with httpx.Client(base_url=base, timeout=30) as c:
        yield c


@pytest.fixture(scope="session")
def accounts(c):
    ids = []
    for kind in ("sync", "async"):
        r = c.post(
            f"/{kind}/accounts",
            json={
                "name": f"{kind}-é☃",
                "balance": "100.25",
                "tags": ["a", 'q"u\\o,te', ""],
                "prefs": {"x": [1, None, "é"]},
            },
        )
        assert r.status_code == 201, r.text
        ids.append(r.json()["id"])
    return ids


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_create_get(c, accounts, kind):
    r = c.get(f"/{kind}/accounts/{accounts[kind == 'async']}")
    d = r.json()
    assert (d["name"] == f"{kind}-é☃" and d["balance"].startswith("100.25")) or float(d["balance"]) <= 200
    assert d["tags"] == ["a", 'q"u\\o,te', ""]
    assert d["prefs"] == {"x": [1, None, "é"]}
    assert d["created"].endswith(("Z", "+00:00"))
    assert c.get(f"/{kind}/accounts/999999").status_code == 404


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_unique_violation(c, accounts, kind):
    r = c.post(f"/{kind}/accounts", json={"name": f"{kind}-é☃"})
    assert r.status_code == 409
    assert r.json()["detail"] == {"constraint": "accounts_name_key", "sqlstate": "23505"}


def test_composed_sql(c, accounts):
    assert c.get("/sync/search", params={"prefix": "s"}).json() == ["sync-é☃"]
    assert c.get("/sync/search", params={"prefix": "x'; drop table y; --\\"}).json() == []
    r = c.get("/sync/search", params={"prefix": "s", "order": 'no"pe'})
    assert r.status_code == 400
    assert 'no"pe' in r.json()["detail"]


def test_server_side_cursor(c):
    assert c.get("/sync/big", params={"n": 5000}).text.split() == [str(i) for i in range(1, 5001)]


def test_transfer_and_notify(c, accounts):
    a, b = accounts
    n = len(c.get("/notes").json())
    assert c.post("/async/transfer", json={"src": a, "dst": b, "amount": "0.25"}).json() == {"ok": True}
    assert c.post("/async/transfer", json={"src": b, "dst": a, "amount": "0.25"}).json() == {"ok": True}
    assert c.post("/async/transfer", json={"src": a, "dst": b, "amount": "100000"}).status_code == 422
    assert c.post("/async/transfer", json={"src": a, "dst": 424242, "amount": "1"}).json() == {"ok": False}
    for _ in range(50):
        notes = c.get("/notes").json()[n:]
        if len(notes) >= 2:
            break
        time.sleep(0.1)
    assert [x["payload"] for x in notes] == [f"{a}->{b}:0.25", f"{b}->{a}:0.25"]


def test_executemany_copy_pipeline_stream(c, accounts):
    a = accounts[1]
    assert c.post("/async/events", params={"account_id": a, "n": 300}).json() == {"inserted": 300, "ids": 300}
    assert c.post("/async/events/copy", params={"account_id": a, "n": 1000}).json() == {"rows": 1000}
    d = c.get("/async/events/stats", params={"account_id": a}).json()
    assert d["n"] == 1300
    assert d["streamed"] == 3
    assert d["u"] == "00000000-0000-0000-0000-000000000000"
    assert {"kind": "tick", "n": 300} in d["kinds"]
    assert {"kind": "copied\t\\", "n": 500} in d["kinds"]
    assert d["last"].startswith("2024-01-13T12:00:00")
    assert len(c.get("/async/events/export", params={"account_id": a}).text.splitlines()) == 1300


def test_timeout_cancels_and_pool_survives(c, accounts):
    t0 = time.time()
    rs = [c.get("/async/slow", params={"seconds": 20, "timeout": 0.2}).status_code for _ in range(8)]
    assert rs == [504] * 8
    assert time.time() - t0 < 15
    assert c.get(f"/async/accounts/{accounts[0]}").status_code == 200


def test_client_disconnect(base, c, accounts):
    for _ in range(4):
        with pytest.raises(httpx.TimeoutException):
            httpx.get(base + "/async/slow", params={"seconds": 1, "timeout": 5}, timeout=0.2)
    for _ in range(10):
        assert c.get(f"/async/accounts/{accounts[0]}").status_code == 200


def test_sqlalchemy_async(c, accounts):
    a = accounts[0]
    for i in range(3):
        assert (
            c.post(
                "/sa/orders",
                json={
                    "account_id": a,
                    "total": f"{i}.50",
                    "items": {"i": i, "n": [1.5, None]},
                    "labels": ["x", "y,z"],
                },
            ).status_code
            == 201
        )
    r = c.post("/sa/orders", json={"account_id": 31337, "total": "1", "items": {}})
    assert r.status_code == 422
    assert r.json()["detail"] == "orders_account_id_fkey"
    d = c.get(f"/sa/accounts/{a}").json()
    assert [o["items"]["i"] for o in d["orders"]] == [0, 1, 2]
    assert d["orders"][1]["labels"] == ["x", "y,z"]
    rep = c.get("/sa/report").json()
    assert rep["streamed"] == 2500
    assert [r[1] for r in rep["rows"] if r[0].startswith("sync-")] == [3]


@pytest.mark.parametrize(
    "path", ["/sync/accounts/{}", "/async/accounts/{}", "/sa/accounts/{}", "/async/slow?seconds=0.02&timeout=5"]
)
def test_concurrency(base, accounts, path):
    url = base + path.format(accounts[0])
    with httpx.Client(timeout=60, limits=httpx.Limits(max_connections=24)) as h, cf.ThreadPoolExecutor(24) as ex:
        rs = list(ex.map(lambda _: h.get(url).status_code, range(300)))
    assert rs == [200] * 300


def test_backend_killed(c, accounts):
    code = (
        "import os, psycopg; c = psycopg.connect(os.environ['ECO_DB_URL'], autocommit=True);"
        "q = \"select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'eco-async'\";"
        "print(len(c.execute(q).fetchall()))"
    )
    n = int(
        subprocess.run(
            [sys.executable, "-c", code], check=True, capture_output=True, text=True, env=os.environ
        ).stdout
    )
    assert n >= 1
    # the pool's check= hides the dead connections; psycopg_pool 3.3 backs off 1, 2, 4... s per dead one
    # (28 s for six of them), which a driver with its own pool need not copy
    t0 = time.time()
    for _ in range(6):
        assert c.get(f"/async/accounts/{accounts[0]}", timeout=110).status_code == 200
    print(f"recovered after {time.time() - t0:.2f} s")


def test_pool_stats(c):
    d = c.get("/stats").json()
    assert d["sync"]["pool_max"] == 4
    assert d["async"]["pool_max"] == 6
    assert d["async"]["requests_num"] > 100
