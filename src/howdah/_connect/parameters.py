"""From what the caller gave to all that is in force: service file, environment, defaults, password file.

PostgreSQL documentation, "Parameter Key Words", "Environment Variables", "The Password File", "The Connection Service
File". What the caller gave wins over the service file, and that over the environment.
"""

from __future__ import annotations

import os
import re
import stat
import warnings
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..errors import NotSupportedError, OperationalError, ProgrammingError
from .hosts import Host
from .options import DEFAULTS, ENVVARS, OPTIONS

SPACE = " \t\n\v\f\r"  # as C has it

LONGEST_LINE = 1022  # bytes of a service file's, the end of the line among them

DEFAULT_TIMEOUT = 130.0  # about when Linux gives up on its own

CHOICES = {
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "gssencmode": ("disable", "prefer", "require"),
    "channel_binding": ("disable", "prefer", "require"),
    "sslcertmode": ("disable", "allow", "require"),
    "target_session_attrs": ("any", "read-write", "read-only", "primary", "standby", "prefer-standby"),
    "load_balance_hosts": ("disable", "random"),
    "min_protocol_version": ("3.0", "3.2", "latest"),
    "max_protocol_version": ("3.0", "3.2", "latest"),
}

# Settings of the server that libpq takes from the environment.
SERVER_SETTINGS = {"PGDATESTYLE": "DateStyle", "PGTZ": "TimeZone", "PGGEQO": "geqo"}


def variables() -> dict[str, str]:
    """libpq's environment variables, and others with such names: looking each of them up takes longer."""
    return {name: os.environ[name] for name in os.environ if name.startswith("PG")}


def resolve(params: Mapping[str, Any], variables: Mapping[str, str]) -> dict[str, str]:
    """Every parameter in force, as text.

    Raises `ProgrammingError` for a name that is unknown, `OperationalError` for a value that cannot be, and
    `NotSupportedError` for encryption by GSSAPI.
    """
    found = {name: str(value) for name, value in params.items() if value is not None}
    for name in found:
        if name not in OPTIONS:
            raise ProgrammingError(f'invalid connection option "{name}"')
    for layer in (service(found, variables), environment(variables)):
        for name, value in layer.items():
            found.setdefault(name, value)
    for name, value in found.items():
        if "\0" in value:
            raise ProgrammingError(f'connection option "{name}" contains a NUL character')
        if name in CHOICES and value not in CHOICES[name]:
            raise OperationalError(f'invalid {name} value: "{value}"')
    if found.get("sslrootcert") == "system":
        found.setdefault("sslmode", "verify-full")
    for name, value in DEFAULTS.items():
        found.setdefault(name, value)
    if not found.get("user"):
        found["user"] = _os_user()
    if not found.get("dbname"):
        found["dbname"] = found["user"]
    if found["gssencmode"] == "require":
        raise NotSupportedError("gssencmode=require: howdah does not encrypt by GSSAPI")
    return found


def environment(variables: Mapping[str, str]) -> dict[str, str]:
    """The parameters that environment variables set."""
    found = {name: variables[envvar] for envvar, name in ENVVARS.items() if envvar in variables}
    if variables.get("PGREQUIRESSL", "").startswith("1"):
        found.setdefault("sslmode", "require")
    return found


def _os_user() -> str:
    import pwd

    try:
        return pwd.getpwuid(os.geteuid()).pw_name
    except KeyError:
        raise OperationalError(f"could not look up local user ID {os.geteuid()}, and no user was given") from None


def timeout_of(params: Mapping[str, str]) -> float:
    """Seconds for each address."""
    text = params.get("connect_timeout") or "0"
    try:
        seconds = float(text)
    except ValueError:
        raise ProgrammingError(f"bad value for connect_timeout: {text!r}") from None
    if seconds != seconds or abs(seconds) == float("inf"):
        raise ProgrammingError(f"bad value for connect_timeout: {text!r}")
    return seconds if 0 < seconds < 1e9 else DEFAULT_TIMEOUT


def integer(params: Mapping[str, str], name: str, default: int) -> int:
    text = params.get(name)
    if text is None:
        return default
    found = re.fullmatch(rf"[{SPACE}]*([+-]?[0-9]{{1,10}})[{SPACE}]*", text)
    if found is None or not -(2**31) <= (number := int(found[1])) < 2**31:
        raise OperationalError(f'invalid integer value "{text}" for connection option "{name}"')
    return number


def startup_settings(params: Mapping[str, str], variables: Mapping[str, str]) -> list[tuple[str, str]]:
    """What goes into the start-up message."""
    settings = [("user", params["user"]), ("database", params["dbname"])]
    for name in ("replication", "options"):
        if params.get(name):
            settings.append((name, params[name]))
    if application := params.get("application_name", params.get("fallback_application_name")):
        settings.append(("application_name", application))
    if encoding := params.get("client_encoding"):
        settings.append(("client_encoding", _locale_encoding() if encoding == "auto" else encoding))
    for envvar, setting in SERVER_SETTINGS.items():
        value = variables.get(envvar, "")
        if value and value.lower() != "default":
            settings.append((setting, value))
    for name, value in settings:
        try:
            value.encode()
        except UnicodeEncodeError:
            raise ProgrammingError(f"the connection's {name} is not UTF-8") from None
    return settings


def _locale_encoding() -> str:
    import locale

    codeset = locale.nl_langinfo(locale.CODESET)
    return "SQL_ASCII" if codeset in ("ANSI_X3.4-1968", "US-ASCII", "") else codeset


def service(params: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """The section of the service file that is asked for."""
    name = params.get("service", variables.get("PGSERVICE"))
    if name is None:
        return {}
    given = variables.get("PGSERVICEFILE")
    paths = [_home(".pg_service.conf") if given is None else Path(given)]
    if given is not None and not paths[0].exists():
        raise OperationalError(f'service file "{given}" not found')
    if folder := variables.get("PGSYSCONFDIR"):
        paths.append(Path(folder, "pg_service.conf"))
    for path in paths:
        try:
            found = _section(path, name) if path.exists() and not path.is_dir() else None
        except OSError as error:
            raise OperationalError(f'could not read service file "{path}": {error.strerror}') from None
        if found is not None:
            return found
    raise OperationalError(f'definition of service "{name}" not found')


def _section(path: Path, name: str) -> dict[str, str] | None:
    section: dict[str, str] | None = None
    for number, raw in enumerate(re.findall(rb"[^\n]*\n|[^\n]+", path.read_bytes()), 1):
        if len(raw) > LONGEST_LINE:
            raise OperationalError(f'line {number} too long in service file "{path}"')
        line = raw.decode("utf-8", "surrogateescape").strip(SPACE)
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            if section is not None:
                break
            if line.startswith(f"[{name}]"):
                section = {}
        elif section is not None:
            key, equals, value = line.partition("=")
            if equals and key == "service":
                raise OperationalError(f'nested service specifications in service file "{path}", line {number}')
            if not equals or key not in OPTIONS:
                raise OperationalError(f'syntax error in service file "{path}", line {number}')
            section.setdefault(key, value)
    return section


def _home(name: str) -> Path:
    return Path(os.path.expanduser("~"), name)


def passfile_of(params: Mapping[str, str]) -> Path:
    return Path(params.get("passfile") or _home(".pgpass"))


def password_for(params: Mapping[str, str], host: Host) -> str:
    """The password for this host: the one that was given, else the first line of the password file that fits."""
    if params.get("password"):
        return params["password"]
    path = passfile_of(params)
    try:
        mode = path.stat().st_mode
    except OSError:
        return ""
    if not stat.S_ISREG(mode):
        warnings.warn(f'password file "{path}" is not a plain file: ignored', RuntimeWarning, stacklevel=2)
        return ""
    if mode & (stat.S_IRWXG | stat.S_IRWXO):
        warnings.warn(
            f'password file "{path}" has group or world access, its permissions should be 0600 or less: ignored',
            RuntimeWarning,
            stacklevel=2,
        )
        return ""
    wanted = [host.key, host.port_text, params["dbname"], params["user"]]
    try:
        text = path.read_bytes().decode("utf-8", "surrogateescape")
    except OSError:
        return ""
    for line in text.split("\n"):
        found = _PASSFILE_LINE.match(line.rstrip("\r"))
        if found and not line.startswith("#") and all(map(_fits, found.groups(), wanted)):
            return _unescape(found[5])
    return ""


# Each up to the next colon that is not escaped; a backslash at the end stands for itself.
_PASSFILE_LINE = re.compile(":".join([r"((?:\\.|[^:\\]|\\\Z)*)"] * 5), re.DOTALL)


def _fits(field: str, value: str) -> bool:
    return field == "*" or _unescape(field) == value


def _unescape(field: str) -> str:
    return re.sub(r"\\(.)", r"\1", field, flags=re.DOTALL)
