"""Large objects as files."""

from __future__ import annotations

import io
import random
import shutil
import zipfile

import pytest

pytestmark = pytest.mark.howdah_only

CHUNK = 1024 * 1024


def blob(n, seed=1):
    return random.Random(seed).randbytes(n)


def test_as_a_file(auto):
    with auto.lobject() as new:
        assert new.mode == "rw"
        assert (new.readable(), new.writable(), new.seekable()) == (True, True, True)
        assert new.read() == b""
        assert new.write(b"hello world") == 11
        assert new.tell() == 11
        assert new.read() == b""
        assert new.seek(6) == 6
        assert new.read(3) == b"wor"
        assert new.read() == b"ld"
        assert new.read(5) == b""
        assert new.seek(-5, 1) == 6
        assert new.write(bytearray(b"W")) == 1
        assert new.seek(0, 2) == 11
        assert new.seek(-11, 2) == 0
        assert new.read(-1) == b"hello World"
        assert new.read(0) == b""
        new.flush()
        oid = new.oid
    assert new.closed
    assert auto.execute("select lo_get(%s)", [oid]).fetchone() == (b"hello World",)
    with auto.lobject(oid) as old:
        assert old.mode == "r"
        assert old.read() == b"hello World"
    auto.lobject(oid, "n").unlink()


async def test_asyncio(pg, aauto, tmp_path):
    data = blob(2 * CHUNK + 5)
    (tmp_path / "in").write_bytes(data)
    async with await aauto.lobject(new_file=tmp_path / "in") as new:
        assert await new.read() == data
        assert await new.seek(5) == 5
        assert await new.write(b"xyz") == 3
        assert await new.tell() == 8
        assert await new.truncate() == 8
        await new.export(tmp_path / "out")
        assert (tmp_path / "out").read_bytes() == data[:5] + b"xyz"
        buffer = bytearray(3)
        assert await new.seek(-2, 2) == 6
        assert await new.readinto(buffer) == 2
        assert bytes(buffer) == b"yz\0"
        await new.unlink()
    with pytest.raises(pg.errors.UndefinedObject):
        await aauto.lobject(new.oid)


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK + 17])
def test_sizes(auto, tmp_path, size):
    data = blob(size)
    new = auto.lobject()
    assert new.write(data) == size
    new.seek(0)
    assert new.read() == data
    new.seek(0)
    assert new.read(size) == data
    assert new.seek(0, io.SEEK_END) == size
    new.export(str(tmp_path / "out"))
    assert new.tell() == size
    assert (tmp_path / "out").read_bytes() == data
    again = auto.lobject(new_file=str(tmp_path / "out"))
    assert again.tell() == 0
    assert again.read() == data
    new.unlink()
    again.unlink()


def test_against_a_file(auto, tmp_path):
    """Whatever one does, it is what a file does."""
    rng = random.Random(5)
    new = auto.lobject()
    with open(tmp_path / "file", "w+b", buffering=0) as file:
        for n in range(150):
            name = rng.choice(["read", "write", "seek", "seek from here", "seek from the end", "truncate", "tell"])
            amount = rng.choice([0, 1, 7, 100, 2048, 5000])
            for one in (file, new):
                if name == "read":
                    result = one.read(amount)
                elif name == "write":
                    result = one.write(blob(amount, n))
                elif name == "seek":
                    result = one.seek(amount)
                elif name == "seek from here":
                    result = one.seek(amount, 1)
                elif name == "seek from the end":
                    result = one.seek(amount, 2)
                elif name == "truncate":
                    result = one.truncate(amount) if n % 2 else one.truncate()
                else:
                    result = one.tell()
                if one is file:
                    expected = result
            assert result == expected, (n, name, amount)
        file.seek(0)
        new.seek(0)
        assert new.read() == file.read()
    new.unlink()


def test_beyond_two_gigabytes(auto):
    far = 3 * 1024**3
    new = auto.lobject()
    new.seek(far)
    assert new.write(b"far") == 3
    assert new.seek(0, 2) == far + 3
    new.seek(far - 2)
    assert new.read(10) == b"\0\0far"
    assert new.truncate(far + 1) == far + 1
    assert new.seek(-1, 2) == far
    assert new.read() == b"f"
    assert new.truncate(0) == 0
    new.unlink()


def test_other_users_of_files(auto):
    with auto.lobject() as new:
        with zipfile.ZipFile(new, "w") as archive:
            archive.writestr("a.txt", "text")
        new.seek(0)
        with zipfile.ZipFile(new) as archive:
            assert archive.read("a.txt") == b"text"
        new.truncate(0)
        new.seek(0)
        shutil.copyfileobj(io.BytesIO(b"line 1\nline 2\n"), new)
        new.seek(0)
        with io.TextIOWrapper(io.BufferedReader(new)) as lines:
            assert list(lines) == ["line 1\n", "line 2\n"]


def test_in_transactions(pg, conn):
    new = conn.lobject()
    new.write(b"one")
    conn.commit()
    new.write(b"two")
    conn.rollback()
    new.seek(0)
    assert new.read() == b"one"
    with pytest.raises(pg.errors.DivisionByZero), conn.transaction():
        new.write(b"x" * (CHUNK + 1))
        conn.execute("select 1 / 0")
    new.seek(0)
    assert new.read() == b"one"
    new.unlink()
    conn.commit()


def test_nothing_is_left_open_in_the_transaction(conn):
    """The server keeps descriptors until the end of the transaction: ours are closed at once."""
    new = conn.lobject()
    for _ in range(100):
        new.seek(0, 2)
        new.truncate(1)
    assert conn.fetchval("select lo_open(%s, 262144)", [new.oid]) == 0
    conn.rollback()


def test_written_as_a_whole_in_autocommit(pg, auto, other):
    new = auto.lobject()
    new.write(b"first")
    # Pages of 2 KiB: the second chunk is refused.
    new.seek(2**42 - CHUNK - 10)
    with pytest.raises(pg.Error):
        new.write(b"x" * (2 * CHUNK))
    assert new.tell() == 2**42 - CHUNK - 10
    assert new.seek(0, 2) == 5
    new.unlink()


def test_an_import_that_fails_leaves_nothing(auto, tmp_path):
    before = auto.fetchval("select count(*) from pg_largeobject_metadata")
    with pytest.raises(FileNotFoundError):
        auto.lobject(new_file=tmp_path / "nowhere")
    with pytest.raises(IsADirectoryError):
        auto.lobject(new_file=tmp_path)
    assert auto.fetchval("select count(*) from pg_largeobject_metadata") == before


def test_oids(pg, auto):
    new = auto.lobject(new_oid=4_000_000_123)
    assert new.oid == 4_000_000_123
    with pytest.raises(pg.errors.UniqueViolation):
        auto.lobject(0, "rw", 4_000_000_123)
    assert auto.lobject(4_000_000_123, "rw").write(b"x") == 1
    new.unlink()
    assert new.closed


def test_modes(pg, auto):
    new = auto.lobject(mode="w")
    new.write(b"abc")
    with pytest.raises(io.UnsupportedOperation, match="reading"):
        new.read()
    assert new.seek(0, 2) == 3
    reader = auto.lobject(new.oid, "rb")
    for write in (lambda: reader.write(b"x"), reader.truncate):
        with pytest.raises(io.UnsupportedOperation, match="writing"):
            write()
    neither = auto.lobject(new.oid, "n")
    with pytest.raises(io.UnsupportedOperation):
        neither.read()
    assert auto.lobject(new.oid, "rwb").read() == b"abc"
    for mode in ("x", "t", "wr", "rt"):
        with pytest.raises(ValueError, match="mode"):
            auto.lobject(new.oid, mode)
    with pytest.raises(ValueError, match="oid must be 0"):
        auto.lobject(new.oid, "r", 5)
    new.unlink()


def test_wrong_arguments(pg, auto):
    new = auto.lobject()
    for call in (lambda: new.seek(-1), lambda: new.seek(0, 5), lambda: new.truncate(-1)):
        with pytest.raises(ValueError, match=r"place|whence|negative"):
            call()
    with pytest.raises(TypeError):
        new.write("text")
    new.unlink()
    for call in (new.read, new.tell, new.unlink, new.flush, lambda: new.write(b""), lambda: new.seek(0)):
        with pytest.raises(pg.InterfaceError, match="closed"):
            call()
    new.close()


def test_gone_meanwhile(pg, auto, other):
    new = auto.lobject()
    other.execute("select lo_unlink(%s)", [new.oid])
    for call in (new.read, lambda: new.write(b"x"), lambda: new.truncate(0), lambda: new.seek(0, 2), new.unlink):
        with pytest.raises(pg.errors.UndefinedObject):
            call()


def test_least_privilege(pg, dsn, auto):
    auto.execute("drop role if exists lo_reader; create role lo_reader")
    new = auto.lobject()
    new.write(b"secret")
    auto.execute("set role lo_reader")
    with pytest.raises(pg.errors.InsufficientPrivilege):
        auto.lobject(new.oid)
    auto.execute("reset role")
    auto.execute(pg.sql.SQL("grant select on large object {} to lo_reader").format(new.oid))
    auto.execute("set role lo_reader")
    assert auto.lobject(new.oid).read() == b"secret"
    with pytest.raises(pg.errors.InsufficientPrivilege):
        auto.lobject(new.oid, "rw")
    auto.execute("reset role")
    new.unlink()
    auto.execute("drop role lo_reader")


def test_in_a_pipeline(auto):
    with auto.pipeline():
        new = auto.lobject()
        new.write(b"piped")
        new.seek(0)
        assert new.read() == b"piped"
        new.unlink()


def test_whatever_the_connection_makes_of_rows(pg, dsn):
    with pg.connect(dsn, row_factory=pg.rows.dict_row, param_style="numeric_dollar", autocommit=True) as conn:
        new = conn.lobject()
        new.write(b"abc")
        assert new.seek(0) == 0
        assert new.read() == b"abc"
        assert "rw" in repr(new)
        new.unlink()
        assert "closed" in repr(new)
