"""Objects whose __init__() was not called, as where a derived class forgets it: no attribute and no method crashes.

Run in a process of its own: a crash shall not take the other tests along. What it printed last was touched last.
"""

from __future__ import annotations

from typing import Any

import howdah
from howdah import _howdah

ARGUMENTS: list[tuple[Any, ...]] = [(), (None,), (1,), ("select 1",), (None, None), ("select 1", ()), ([1], 1)]
NOT_ITS_OWN = {"__class__", "__new__", "__init_subclass__", "__subclasshook__", "__reduce__", "__reduce_ex__"}


def attempt(function: Any, *args: Any) -> Any:
    try:
        return function(*args)
    except Exception:
        return None


def use(cls: Any, name: str) -> None:
    """Reads, sets and deletes the attribute, and calls it and what it returns."""
    for value in (None, 1, "x"):
        attempt(setattr, cls.__new__(cls), name, value)
    attempt(delattr, cls.__new__(cls), name)
    for args in ARGUMENTS:
        made = attempt(lambda args=args: getattr(cls.__new__(cls), name)(*args))
        attempt(lambda made=made: made.send(None))
        attempt(lambda made=made: next(made))
        attempt(lambda made=made: made.close())


def main() -> None:
    classes = [*vars(_howdah).values(), *vars(howdah).values()]
    for cls in classes:
        if not isinstance(cls, type) or issubclass(cls, BaseException) or attempt(cls.__new__, cls) is None:
            continue
        for name in sorted({*dir(cls)} - NOT_ITS_OWN):
            print(cls.__qualname__, name, flush=True)
            use(cls, name)


if __name__ == "__main__":
    main()
