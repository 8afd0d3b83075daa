"""The value that a connection parameter has in the end."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .._connect.options import OPTIONS
from ..conninfo import ConnParam


def get_param(params: Mapping[str, ConnParam], name: str) -> str | None:
    """What was given for it, what the environment says, or its default; None for none."""
    if params.get(name) is not None:
        return str(params[name])
    option = OPTIONS[name]
    return os.environ.get(option.envvar or "") or option.default
