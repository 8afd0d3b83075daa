# Generated from _crew_async.py by tools/unasync.py: do not edit.
"""Who works for a pool in the background: its workers, its clock, and what a piece of their work is."""

from __future__ import annotations

import logging
import weakref
from typing import Any, ClassVar, Generic, TypeVar

from ._concurrency import Lock, Queue, Worker, ends_worker_sync, spawn_sync
from .base import BasePool
from .sched import Scheduler

logger = logging.getLogger("howdah.pool")


class Crew(BasePool):
    """Runs what the pool has to do while nobody waits for it."""

    def _set_up(self) -> None:
        """What belongs to the running process, and dies with a fork."""
        self._lock = Lock()
        self._workers: list[Worker] = []
        self._sched_runner: Worker | None = None

    def _start_workers(self) -> None:
        self._sched = Scheduler()
        self._tasks: Queue[MaintenanceTask[Any] | None] = Queue()
        self._sched_runner = spawn_sync(self._sched.run, name=f"{self.name}-scheduler")
        self._workers = [
            spawn_sync(self.worker, self._tasks, name=f"{self.name}-worker-{i}") for i in range(self.num_workers)
        ]

    def _signal_stop_worker(self) -> list[Worker]:
        stopped = list(self._workers)
        for _ in self._workers:
            self._tasks.put_nowait(None)
        if self._sched_runner is not None:
            stopped.append(self._sched_runner)
            self._sched.enter(0, None)
        self._workers, self._sched_runner = [], None
        return stopped

    def run_task(self, task: MaintenanceTask[Any]) -> None:
        """Have a worker run a task soon."""
        if not self._closed:
            self._tasks.put_nowait(task)

    def schedule_task(self, task: MaintenanceTask[Any], delay: float) -> None:
        """Have a worker run a task in `delay` seconds."""
        self._sched.enter(delay, task.tick)

    @classmethod
    def worker(cls, q: Queue[MaintenanceTask[Any] | None]) -> None:
        """Run tasks until a None comes."""
        while (task := q.get()) is not None:
            try:
                task.run()
            except BaseException as error:
                if ends_worker_sync(error):
                    raise
                logger.warning("task run %s failed: %s: %s", task, type(error).__name__, error)
            del task  # nothing of it is kept while waiting for the next


P = TypeVar("P", bound=Crew)


class MaintenanceTask(Generic[P]):
    """Something for a worker to do. Tasks don't keep the pool alive."""

    concerns_closed: ClassVar[bool] = False

    def __init__(self, pool: P) -> None:
        self.pool = weakref.ref(pool)

    def __repr__(self) -> str:
        pool = self.pool()
        name = repr(pool.name) if pool is not None else "<pool is gone>"
        return f"<{type(self).__name__} {name} at 0x{id(self):x}>"

    def run(self) -> None:
        """Do it, unless the pool is gone, or closed and needs it no more."""
        pool = self.pool()
        if pool is None or (pool.closed and not self.concerns_closed):
            logger.debug("task not run, its pool is closed: %s", self)
            return
        logger.debug("task running: %s", self)
        self._run(pool)

    def tick(self) -> None:
        """Its time has come."""
        pool = self.pool()
        if pool is not None:
            pool.run_task(self)

    def _run(self, pool: P) -> None:
        raise NotImplementedError


class Schedule(MaintenanceTask[Crew]):
    """Schedule another task: what `open()`, which must not wait, cannot do itself."""

    def __init__(self, pool: Crew, task: MaintenanceTask[Any], delay: float) -> None:
        super().__init__(pool)
        self.task = task
        self.delay = delay

    def _run(self, pool: Crew) -> None:
        pool.schedule_task(self.task, self.delay)


class ReportLoans(MaintenanceTask[Crew]):
    """Report what is lent for long, again and again."""

    def _run(self, pool: Crew) -> None:
        assert pool.report_after is not None
        pool.schedule_task(self, max(pool.report_after / 4, 0.1))
        pool._report_loans()
