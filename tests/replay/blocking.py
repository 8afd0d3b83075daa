"""Blocking connections with the face of asynchronous ones, so that a scenario is written once."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Generator
from functools import partial
from typing import Any, TypeVar

T = TypeVar("T")

NEVER_WAIT = {"nextset", "set_types"}  # methods that are the same in both worlds
PLAIN = (tuple, list, dict, str, bytes, memoryview, int, type(None))


class Call:
    """A call that is made when it is awaited, entered, or iterated over."""

    def __init__(self, function: Callable[..., Any], *args: Any, **kwargs: Any):
        self._made = partial(function, *args, **kwargs)

    def __await__(self) -> Generator[None, None, Any]:
        return faced(self._made())
        yield  # never: this makes it a generator

    async def __aenter__(self) -> Any:
        self._block = self._made()
        return faced(self._block.__enter__())

    async def __aexit__(self, *args: Any) -> Any:
        return self._block.__exit__(*args)

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in self._made():
            yield faced(item)


class Blocking:
    """A blocking object."""

    def __init__(self, behind: Any):
        self._behind = behind

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._behind, name)
        return partial(Call, found) if callable(found) and name not in NEVER_WAIT else found

    async def __aiter__(self) -> AsyncIterator[Any]:
        for item in self._behind:
            yield faced(item)


def faced(thing: Any) -> Any:
    return thing if isinstance(thing, PLAIN) else Blocking(thing)


def run(coroutine: Coroutine[Any, Any, T]) -> T:
    """What the coroutine returns, which never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        result: T = end.value
        return result
    coroutine.close()
    raise AssertionError("a blocking call has waited for the event loop")
