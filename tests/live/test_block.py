"""Transaction blocks, interrupted everywhere: all of a block or nothing of it, and no transaction left open."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import signal
import sys

import pytest

import howdah
from alarm import Alarm

pytestmark = pytest.mark.howdah_only

PACKAGE = os.path.dirname(howdah.__file__)


class Tracer:
    """Raises Alarm in the driver's Python code, before its n-th step, and again after `more` steps each.

    That is where a signal handler may raise, and in more places than there.
    """

    def __init__(self, n, *more):
        self.left = n
        self.more = list(more)
        self.raised = 0

    def __call__(self, frame, event, arg):
        if not frame.f_code.co_filename.startswith(PACKAGE):
            return None
        frame.f_trace_opcodes = True
        return self.step

    def step(self, frame, event, arg):
        if event == "opcode" and self.left is not None:
            self.left -= 1
            if self.left < 0:
                self.left = self.more.pop(0) if self.more else None
                self.raised += 1
                raise Alarm
        return self.step

    def run(self, function, *args):
        before = sys.gettrace()
        sys.settrace(self)
        try:
            function(*args)
        except Alarm:
            pass
        finally:
            sys.settrace(before)


@pytest.fixture
def table(other):
    other.execute("drop table if exists blocks; create table blocks (n int, part text)")
    return other


def plain(conn, n):
    with conn.transaction():
        conn.execute("insert into blocks values (%s, 'a')", [n])
        conn.execute("insert into blocks values (%s, 'b')", [n])


def failing(conn, n):
    try:
        with conn.transaction():
            conn.execute("insert into blocks values (%s, 'lost')", [n])
            raise ValueError
    except ValueError:
        pass


def undone(conn, n):
    with conn.transaction(force_rollback=True):
        conn.execute("insert into blocks values (%s, 'lost')", [n])


def nested(conn, n):
    with conn.transaction():
        conn.execute("insert into blocks values (%s, 'a')", [n])
        with conn.transaction("mine"):
            conn.execute("insert into blocks values (%s, 'b')", [n])


def nested_failing(conn, n):
    with conn.transaction():
        conn.execute("insert into blocks values (%s, 'a')", [n])
        failing(conn, n)
        conn.execute("insert into blocks values (%s, 'b')", [n])


def in_the_middle(conn, n):
    """What is interrupted within an outer block leaves that as it was."""
    with conn.transaction():
        conn.execute("insert into blocks values (%s, 'a')", [n])
        try:
            with conn.transaction():
                conn.execute("insert into blocks values (%s, 'b'), (%s, 'c')", [n, n])
            conn.execute("insert into blocks values (%s, 'd')", [n])
        except Alarm:
            pass


BLOCKS = [plain, failing, undone, nested, nested_failing, in_the_middle]


def check(pg, conn, table, block):
    assert not conn.closed
    assert conn.info.transaction_status == pg.pq.TransactionStatus.IDLE
    assert conn._num_transactions == 0
    found = {"".join(sorted(r[0])) for r in table.execute("select array_agg(part) from blocks group by n").fetchall()}
    if block is in_the_middle:
        assert found <= {"a", "abc", "abcd"}
    else:
        assert found <= {"ab"}
    assert conn.execute("select 'mine', %s::int", [5]).fetchone() == ("mine", 5)
    conn.rollback()


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("autocommit", [False, True])
def test_before_every_step(pg, dsn, table, block, autocommit):
    with pg.connect(dsn, autocommit=autocommit) as conn:
        block(conn, -1)  # what is imported and cached at first is no part of it
        for n in itertools.count():
            tracer = Tracer(n)
            tracer.run(block, conn, n)
            check(pg, conn, table, block)
            if not tracer.raised:
                break
        assert n > 50


@pytest.mark.parametrize("block", BLOCKS)
def test_before_two_steps(pg, conn, table, block):
    """The second one while the block is being undone."""
    rng = random.Random(block.__name__)
    block(conn, -1)
    steps = next(n for n in itertools.count(50, 50) if not _interrupts(conn, block, n))
    for n in range(150):
        tracer = Tracer(rng.randrange(steps), rng.randrange(40))
        tracer.run(block, conn, n)
        check(pg, conn, table, block)


def _interrupts(conn, block, n):
    tracer = Tracer(n)
    tracer.run(block, conn, -1 - n)
    return tracer.raised


def test_again_and_again(pg, dsn, table):
    """Somebody who doesn't take his finger off the keys: in step, or closed."""
    for n in range(20):
        with pg.connect(dsn) as conn:
            Tracer(30 + n, *[3] * 50).run(nested, conn, n)
            if not conn.closed:
                check(pg, conn, table, nested)


@pytest.mark.parametrize("block", BLOCKS)
def test_alarms(pg, conn, table, block):
    """Real signals, at random."""
    rng = random.Random(block.__name__)

    def handler(signum, frame):
        while frame is not None:
            if frame.f_code is attempt.__code__:
                raise Alarm
            frame = frame.f_back

    def attempt(n):
        block(conn, n)

    handler_before = signal.signal(signal.SIGALRM, handler)
    timer_before = signal.setitimer(signal.ITIMER_REAL, 0)
    try:
        for n in range(int(os.environ.get("HOWDAH_TEST_ALARMS", "200"))):
            signal.setitimer(signal.ITIMER_REAL, rng.random() * 0.002 + 1e-5)
            try:
                attempt(n)
            except Alarm:
                pass
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
            assert conn.info.transaction_status == pg.pq.TransactionStatus.IDLE, n
            if n % 50 == 0:
                check(pg, conn, table, block)
        check(pg, conn, table, block)
    finally:
        signal.signal(signal.SIGALRM, handler_before)
        signal.setitimer(signal.ITIMER_REAL, *timer_before)


async def test_tasks(pg, aconn, table):
    """Cancelled at every turn of the loop, once and twice."""

    async def work(n):
        async with aconn.transaction():
            await aconn.execute("insert into blocks values (%s, 'a')", [n])
            try:
                async with aconn.transaction():
                    await aconn.execute("insert into blocks values (%s, 'b')", [n])
            except ValueError:
                pass

    for n in range(120):
        task = asyncio.create_task(work(n))
        for _ in range(n % 20):
            await asyncio.sleep(0)
        task.cancel()
        if n % 3 == 0:
            for _ in range(n % 5):
                await asyncio.sleep(0)
            task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        assert not aconn.closed
        assert aconn.info.transaction_status == pg.pq.TransactionStatus.IDLE, n
        assert aconn._num_transactions == 0
    rows = table.execute("select array_agg(part) from blocks group by n").fetchall()
    assert all(len(parts) == 2 for (parts,) in rows)


def test_as_a_decorator(conn, table):
    @conn.transaction()
    def insert(n):
        conn.execute("insert into blocks values (%s, 'a')", [n])

    insert(1)
    insert(2)
    assert table.execute("select n from blocks order by n").fetchall() == [(1,), (2,)]


# ---- in a pipeline


def piped(conn, n):
    with conn.pipeline(), conn.transaction():
        conn.execute("insert into blocks values (%s, 'a')", [n])
        conn.execute("insert into blocks values (%s, 'b')", [n])


def piped_failing(conn, n):
    try:
        with conn.pipeline(), conn.transaction():
            conn.execute("insert into blocks values (%s, 'lost')", [n])
            conn.execute("select 1 / 0")
            conn.execute("insert into blocks values (%s, 'aborted')", [n])
    except howdah.errors.DivisionByZero:
        pass


def piped_nested(conn, n):
    with conn.pipeline(), conn.transaction():
        conn.execute("insert into blocks values (%s, 'a')", [n])
        with conn.transaction():
            conn.execute("insert into blocks values (%s, 'b')", [n])


def piped_in_the_middle(conn, n):
    with conn.pipeline(), conn.transaction():
        conn.execute("insert into blocks values (%s, 'a')", [n])
        with conn.pipeline():
            conn.execute("insert into blocks values (%s, 'b')", [n])


PIPED = [piped, piped_failing, piped_nested, piped_in_the_middle]


def check_piped(pg, conn, table):
    """In step, or closed: where a savepoint in a pipeline is interrupted, nobody knows whether there is one."""
    found = {"".join(sorted(r[0])) for r in table.execute("select array_agg(part) from blocks group by n").fetchall()}
    assert found <= {"ab"}
    if not conn.closed:
        assert conn._pipeline is None
        assert conn.info.pipeline_status == pg.pq.PipelineStatus.OFF
        assert conn.info.transaction_status == pg.pq.TransactionStatus.IDLE
        assert conn._num_transactions == 0
        assert conn.execute("select 'mine', %s::int", [5]).fetchone() == ("mine", 5)
        conn.rollback()


@pytest.mark.parametrize("block", PIPED)
def test_before_every_step_in_a_pipeline(pg, dsn, table, block):
    conn = pg.connect(dsn)
    block(conn, -1)
    lost = 0
    for n in itertools.count():
        tracer = Tracer(n)
        tracer.run(block, conn, n)
        check_piped(pg, conn, table)
        if conn.closed:
            conn, lost = pg.connect(dsn), lost + 1
        if not tracer.raised:
            break
    assert n > 50
    assert lost == 0 or block is piped_nested
    conn.close()


@pytest.mark.parametrize("block", PIPED)
def test_before_two_steps_in_a_pipeline(pg, dsn, table, block):
    rng = random.Random(block.__name__)
    conn = pg.connect(dsn)
    block(conn, -1)
    for n in range(60):
        Tracer(rng.randrange(400), rng.randrange(40)).run(block, conn, n)
        check_piped(pg, conn, table)
        if conn.closed:
            conn = pg.connect(dsn)
    conn.close()
