"""Values with named fields, as dataclasses has them, without importing that module (and inspect with it)."""

from __future__ import annotations

from typing import Any, NoReturn


class Frozen:
    """Base of a class whose `__match_args__` name its fields; its `__init__` sets them by `object.__setattr__`.

    As a frozen dataclass: equal where class and fields are, hashable, and nothing can be assigned to it.
    """

    __slots__ = ()
    __match_args__: tuple[str, ...]

    def _values(self) -> tuple[Any, ...]:
        return tuple([getattr(self, name) for name in self.__match_args__])

    def __repr__(self) -> str:
        fields = zip(self.__match_args__, self._values(), strict=True)
        return f"{type(self).__qualname__}({', '.join(f'{name}={value!r}' for name, value in fields)})"

    def __eq__(self, other: object) -> bool:
        if other.__class__ is self.__class__:
            return self._values() == other._values()
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self._values())

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"cannot assign to field {name!r}")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"cannot delete field {name!r}")

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), self._values()
