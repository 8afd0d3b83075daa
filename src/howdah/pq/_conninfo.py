"""Connection strings, as libpq's PQconninfoParse() and PQconndefaults() show them."""

from __future__ import annotations

import os

from .._connect.options import OPTIONS
from ..errors import OperationalError, ProgrammingError
from .misc import ConninfoOption

__all__ = ["Conninfo"]

# Sizes that dialogs should give to the fields of these parameters (PostgreSQL documentation, 32.1, PQconndefaults).
_SIZES = {"connect_timeout": 10, "port": 6, "replication": 5}


class Conninfo:
    """What is known of the connection parameters."""

    @classmethod
    def get_defaults(cls) -> list[ConninfoOption]:
        """Every parameter with the value that holds where none is given: the environment's, or the built-in one."""
        return [
            option_of(name, os.environ.get(option.envvar or "") or option.default) for name, option in OPTIONS.items()
        ]

    @classmethod
    def parse(cls, conninfo: bytes) -> list[ConninfoOption]:
        """Every parameter with its value in a connection string. Raises `OperationalError` when it is malformed."""
        from ..conninfo import conninfo_to_dict

        try:
            params = conninfo_to_dict(conninfo.decode())
        except (ProgrammingError, UnicodeDecodeError) as error:
            reason = str(error)
            del conninfo  # which may hold a password, and this frame may be shown
        else:
            return [option_of(name, None if params.get(name) is None else str(params[name])) for name in OPTIONS]
        raise OperationalError(reason)


def as_bytes(text: str) -> bytes:
    """A value as it is sent; one that cannot be, as well as it can be shown."""
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace")


def option_of(name: str, value: str | None) -> ConninfoOption:
    """What libpq says of a parameter that has this value."""
    option = OPTIONS[name]
    return ConninfoOption(
        keyword=name.encode(),
        envvar=option.envvar.encode() if option.envvar else None,
        compiled=None if option.default is None else option.default.encode(),
        val=None if value is None else as_bytes(value),
        label=b"Database-" + name.removeprefix("db").capitalize().encode(),
        dispchar=b"*" if option.secret else b"",
        dispsize=_SIZES.get(name, 64),
    )
