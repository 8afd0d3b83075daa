"""Connection strings, environments, service files and password files, and what libpq makes of them beside howdah.

libpq is asked through psycopg: `Conninfo.parse` for a string alone; for what comes of it in an environment, a
connection is begun to places where nobody listens, which tells its parameters, its password and what it has tried.
`tools/fuzz_conninfo.py` does so with many, the tests with some.
"""

from __future__ import annotations

import os
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from typing import Any, NamedTuple
from urllib.parse import unquote_to_bytes

from psycopg import ProgrammingError as TheirProgrammingError
from psycopg import pq
from psycopg.conninfo import conninfo_to_dict as their_conninfo_to_dict

from howdah import Connection, errors
from howdah._connect import startup
from howdah._connect.channel import BlockingChannel, run_blocking
from howdah._connect.hosts import hosts_of
from howdah._connect.options import OPTIONS
from howdah._connect.parameters import password_for, resolve, variables
from howdah.conninfo import conninfo_to_dict
from howdah.pq import PGconn

# The table of libpq's own test of its URI parser (src/interfaces/libpq/t/001_uri.pl), by its cases.
URIS = """
postgresql://uri-user:secret@host:12345/db
postgresql://uri-user@host:12345/db
postgresql://uri-user@host/db
postgresql://host:12345/db
postgresql://host/db
postgresql://uri-user@host:12345/
postgresql://uri-user@host/
postgresql://uri-user@
postgresql://host:12345/
postgresql://host:12345
postgresql://host/
postgresql://host
postgresql://
postgresql://?hostaddr=127.0.0.1
postgresql://example.com?hostaddr=63.1.2.4
postgresql://%68ost/
postgresql://host/db?user=uri-user
postgresql://host/db?user=uri-user&port=12345
postgresql://host/db?u%73er=someotheruser&port=12345
postgresql://host/db?u%7aer=someotheruser&port=12345
postgresql://host:12345?user=uri-user
postgresql://host?user=uri-user
postgresql://[2001:db8::1234]/
postgresql://[::1]:5432/db?x
postgresql://[2001:db8::1234]:12345/db
postgresql://[::1
postgresql://[]
postgresql://[::1]z
postgresql://@host
postgresql://host?sslmode=disable
postgresql://host?ssl=true
postgresql://host?ssl=false
postgresql://host?requiressl=1
postgres://host?zzz=1
postgresql://host?value1=value2
postgresql://host?key=value&key2
postgresql://host?host=a&host=b
postgresql://host?host==a
postgresql://h%zz/db
postgresql://h%0
postgresql://h%00/db
postgresql:///db
postgresql://uri-user@/db
postgresql://uri-user:@h/db
postgresql://:pw@h/db
postgresql:///?host=/tmp
postgresql://%2Frun%2Fpg:5433/db
postgresql:///?host=@abs
postgresql://h1,h2:5433/db
postgresql://h1:1,h2:2,h3/db
postgresql://,/db
postgresql://,,?user=x
postgresql://u@a@h/d
postgresql://u:p/w@h/d
postgresql://u:p:q@h/d
postgresql://::1/db
postgresql://h/d?user=a&
postgresql://h/d?&user=a
postgresql://h/d?user=a&&port=3
postgresql://h/d?
postgresql://h//d
postgresql://h/d/e?user=/x?y
postgresql://h#x/d+e
postgresql:// h /d
postgresql://h x/d
postgresql://h/ d ?user= x
postgresql://h/%20?user=%c3%a9
postgresql:/h
POSTGRESQL://h
postgresql://host:port/db
postgres://h/d?connect_timeout=
postgres://h/d?=x
postgres://ü@hôte/dbé
""".strip("\n").split("\n")  # fmt: skip

PAIRS = """

host=a
host = a
 host =  a port= 5
host=a\tport\n=\r5
host=
host= port=5
host='' port=5
host='a b' port='5'
host='a\\'b'
host=a\\ b
host=a\\
host='a\\
host='a
host=a'b
host='a'port=5
host=a=b
host==a
host
host a
=a
=
 =
hosts=a
HOST=a
host=a host=b
requiressl=1
requiressl=0
requiressl=
host=é\xa0x
password='it\\'s \\\\ here'
'host'=a
host=a,b port=1,2
service=x
dbname=postgresql://h/d
dbname='host=a'
a=b c
user=x foo=1
""".strip("\n").split("\n")  # fmt: skip


# ---- a string alone


def mutated(random: Random) -> str:
    """A string of the corpus with a few characters more, less, or elsewhere."""
    text = random.choice(URIS + PAIRS)
    for _ in range(random.randint(0, 4)):
        at = random.randint(0, len(text))
        what = random.random()
        if what < 0.5:
            text = text[:at] + random.choice(PIECES) + text[at:]
        elif what < 0.8:
            text = text[:at] + text[at + random.randint(1, 5) :]
        else:
            other = random.choice(URIS + PAIRS)
            text = text[:at] + other[random.randint(0, len(other)) :]
    return text


PIECES = [
    *"=' \\\t\n@:/?&%[],#+\v\f\r\"-.0a\u00e9\u00a0\u2003\U0001f418",
    "host", "port=", "user", "=a ", "ssl=true", "%41", "%c3%a9", "%00", "%20", "%2F", "%2f", "%zz", "%c3", "&&", "::",
    "postgresql://", "postgres://", "''", "\\'", "\\\\", "requiressl=1", "[::1]", "?x=", "sslmode=", " = ",
]  # fmt: skip


def theirs_of(text: str) -> dict[str, Any] | None:
    """The parameters; None for a string that is refused, or whose bytes are no text, as howdah wants them."""
    try:
        return their_conninfo_to_dict(text)
    except (TheirProgrammingError, UnicodeDecodeError):
        return None


def ours_of(text: str) -> dict[str, Any] | None:
    try:
        return conninfo_to_dict(text)
    except errors.ProgrammingError:
        return None


def read_alike(text: str) -> bool:
    """What is no text after percent-decoding howdah refuses even where another value takes its place."""
    theirs, ours = theirs_of(text), ours_of(text)
    return theirs == ours or (ours is None and not _is_text(unquote_to_bytes(text)))


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


# ---- a string in its environment


class World(NamedTuple):
    """A connection string, and what it meets. Names of files are relative to a folder, which is HOME."""

    text: str
    environment: dict[str, str]
    files: dict[str, bytes]


class Outcome(NamedTuple):
    """What comes of it; with `refused`, nothing was tried."""

    refused: bool
    parameters: dict[str, str]
    password: str
    places: list[str]


USERS, NAMES = ["ann", "bob", "*", "a:b", "a\\b", ""], ["db1", "db2", "ann", "\u00e9", ""]
HOSTS = ["/nowhere/a", "/nowhere/b", "@nowhere", "/nowhere/a,/nowhere/b", "/nowhere/a,@nowhere,/nowhere/b"]
PORTS = ["1", "9", "", "1,9", "+1", " 1", "01", "0", "65536", "x", "1 ", "1,9,1", ",", "1x", "-1"]
PASSWORDS = ["p1", "p:2", "p\\3", "", "p 4", "'p5'"]
# Without connect_timeout, which libpq reads only where it waits itself.
WORDS: dict[str, list[str]] = {
    "host": HOSTS,
    "hostaddr": ["127.0.0.1", "", "127.0.0.1,127.0.0.2", "nonsense", "::1"],
    "port": PORTS,
    "user": USERS,
    "dbname": NAMES,
    "password": PASSWORDS,
    "passfile": ["pass1", "pass2", "nowhere", ""],
    "service": ["one", "two", "on", "", "nowhere", "one]", "tw\u00f6"],
    "sslmode": ["disable", "prefer", "require", "verify-full", "Prefer", "", "nonsense"],
    "sslrootcert": ["system", "nowhere", ""],
    "sslnegotiation": ["postgres", "direct", ""],
    "channel_binding": ["prefer", "require", ""],
    "sslcertmode": ["allow", "disable", "require", ""],
    "target_session_attrs": ["any", "read-write", "prefer-standby", "", "x"],
    "load_balance_hosts": ["disable", "", "x"],
    "require_auth": ["scram-sha-256", "!md5,!password", "md5,!none", "md5,md5", "", "x", "md5,"],
    "min_protocol_version": ["3.0", "3.2", "latest", "", "3.1"],
    "max_protocol_version": ["3.0", "3.2", "latest", "", "3.1"],
    "ssl_min_protocol_version": ["TLSv1", "TLSv1.2", "tlsv1.3", "", "TLSv2"],
    "ssl_max_protocol_version": ["TLSv1", "TLSv1.2", "tlsv1.3", "", "TLSv2"],
    "application_name": ["app", "", "a b"],
    "options": ["-c a=b", ""],
    "client_encoding": ["utf8", "auto", ""],
    "scram_client_key": ["x", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=", ""],
    "keepalives": ["0", "1", "", "x"],
}
# Each as often as it matters.
NAMES_OF_PARAMETERS = list(WORDS) + ["host", "port", "user", "dbname", "password", "service", "passfile"] * 4


def world(random: Random) -> World:
    """Few names and values, so that they meet."""
    environment = {}
    for name in _some(random, 3):
        variable = OPTIONS[name].envvar
        if variable:
            environment[variable] = _value(random, name)
    for variable, values in (
        ("PGSERVICEFILE", ["services"]),
        ("PGSYSCONFDIR", ["etc"]),
        ("PGREQUIRESSL", ["1", "0"]),
    ):
        if random.random() < 0.25:
            environment[variable] = random.choice(values)
    files = {}
    for path in (".pg_service.conf", "services", "etc/pg_service.conf"):
        if random.random() < 0.5:
            files[path] = _service_file(random)
    for path in (".pgpass", "pass1", "pass2"):
        if random.random() < 0.6:
            files[path] = _passfile(random)
    return World(_text(random), environment, files)


def _value(random: Random, name: str) -> str:
    """Mostly one of the first two, which are good."""
    return random.choice(WORDS[name][:2] if random.random() < 0.7 else WORDS[name])


def _some(random: Random, most: int) -> list[str]:
    return [random.choice(NAMES_OF_PARAMETERS) for _ in range(random.randint(0, most))]


def _text(random: Random) -> str:
    pairs = [(name, _value(random, name)) for name in _some(random, 4)]
    if not any(name in ("host", "hostaddr") for name, _ in pairs):  # or libpq would look where a server may be
        pairs.insert(random.randint(0, len(pairs)), ("host", random.choice(HOSTS)))
    return " ".join(f"{name}={_quoted(random, value)}" for name, value in pairs)


def _quoted(random: Random, value: str) -> str:
    escaped = re.sub(r"([\\'])", r"\\\1", value)
    return escaped if value and not re.search(r"\s", value) and random.random() < 0.5 else f"'{escaped}'"


def _line_end(random: Random) -> str:
    return random.choice(["\n"] * 6 + ["\r\n", "\r\r\n", " \n", "", "\n\n"])


def _service_file(random: Random) -> bytes:
    lines = []
    for _ in range(random.randint(0, 8)):
        kind = random.random()
        if kind < 0.3:
            name = random.choice(WORDS["service"])
            line = random.choice([f"[{name}]", f"[{name}]", f"[{name}]", f" [{name}] x", f"[ {name}]", f"[{name}"])
        elif kind < 0.85:
            name = random.choice(NAMES_OF_PARAMETERS)
            form = random.choice(["{}={}"] * 8 + ["{} = {}", "  {}={}", "{}={} ", "{}", "{}=={}"])
            line = form.format(name, _value(random, name))
        else:
            line = random.choice(
                ["", "# host=x", "  # x", "host", "=x", "nope=1", "\x0b", "user=" + "u" * 1021, "\udcff"]
            )
        lines.append(line + _line_end(random))
    return "".join(lines).encode("utf-8", "surrogateescape")


def _passfile(random: Random) -> bytes:
    lines = []
    for _ in range(random.randint(0, 6)):
        if random.random() < 0.1:
            lines.append(random.choice(["", "#", "x", ":", "::::", "\\", "*:*:*:*", "*:*:*:*:"]) + _line_end(random))
            continue
        fields = [
            random.choice([*HOSTS[:3], "localhost", "127.0.0.1", "*"]),
            random.choice(["1", "9", "5432", "01", "*"]),
            random.choice([*NAMES, "*"]),
            random.choice([*USERS, "*"]),
            random.choice([*PASSWORDS, "p6:rest", "p7\\", "*", "p\r8", " p9 ", "\udcff"]),
        ]
        escaped = [
            "*" if field == "*" and random.random() < 0.7 else re.sub(r"([\\:*])", r"\\\1", field) for field in fields
        ]
        line = ":".join(escaped if random.random() < 0.9 else fields)
        lines.append(random.choice(["", "", "", "", "", "#", " "]) + line + _line_end(random))
    return "".join(lines).encode("utf-8", "surrogateescape")


@contextmanager
def living_in(folder: Path, world: World) -> Iterator[None]:
    """Write the files, and set the environment, for as long as the block lasts."""
    before = dict(os.environ)
    here = os.getcwd()
    for path in ALL_FILES:
        (folder / path).unlink(missing_ok=True)
    for path, content in world.files.items():
        target = folder / path
        target.parent.mkdir(exist_ok=True)
        target.write_bytes(content)
        target.chmod(0o600)
    for name in before:
        if name.startswith("PG"):
            del os.environ[name]
    os.environ.update(world.environment, HOME=str(folder))
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(here)
        for name in [name for name in os.environ if name.startswith("PG")]:
            del os.environ[name]
        os.environ.update(before)


ALL_FILES = (".pg_service.conf", "services", "etc/pg_service.conf", ".pgpass", "pass1", "pass2")

_PLACE = re.compile(r'connection to server (?:on socket "([^"]*)"|at "([^"]*)"(?: \(([^)]*)\))?, port [ +0]*(\d+)) ')
_SKIPPED = re.compile(r"invalid port number|invalid integer value|could not parse network address")


def _places_of(said: str) -> list[str]:
    """Sockets, and addresses with ports; of the name libpq says nothing where it was given an address, too."""
    return [socket or f"{address or name}:{port}" for socket, name, address, port in _PLACE.findall(said)]


def theirs_in(world: World) -> Outcome:
    pgconn = pq.PGconn.connect_start(world.text.encode())
    while pgconn.status != pq.ConnStatus.BAD and pgconn.connect_poll() != pq.PollingStatus.FAILED:
        pass
    said = pgconn.error_message.decode(errors="replace")
    places = _places_of(said)
    refused = not places and not _SKIPPED.search(said)
    if refused:
        return Outcome(True, {}, "", [])
    values = {option.keyword.decode(): option.val for option in pgconn.info if option.val is not None}
    parameters = {name: value.decode("utf-8", "surrogateescape") for name, value in values.items()}
    return Outcome(False, parameters, pgconn.password.decode("utf-8", "surrogateescape"), places)


class NobodyThere(BlockingChannel):
    """A channel that finds nobody, wherever it goes."""

    async def open(self, address: Any) -> Any:
        raise ConnectionRefusedError(111, "Connection refused")


def ours_in(world: World) -> Outcome:
    conn = Connection(PGconn())
    said = ""
    try:
        given = conninfo_to_dict(world.text)
        run_blocking(startup.connect(NobodyThere(), conn, given))
    except errors.Error as error:
        said = str(error)
    told = said.partition("These attempts failed:\n")[2] or said
    places = _places_of(told)
    if not places and not _SKIPPED.search(told):
        return Outcome(True, {}, "", [])
    parameters = resolve(given, variables())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        password = password_for(parameters, hosts_of(parameters)[-1])
    return Outcome(False, parameters, password, places)


def difference(world: World, theirs: Outcome, ours: Outcome) -> str:
    """In words; empty where there is none."""
    if theirs.refused or ours.refused:
        return "" if theirs.refused == ours.refused else f"refused: theirs {theirs.refused}, ours {ours.refused}"
    for name in OPTIONS:
        if theirs.parameters.get(name) != ours.parameters.get(name) and not _known(name, theirs, ours):
            return f"{name}: theirs {theirs.parameters.get(name)!r}, ours {ours.parameters.get(name)!r}"
    if theirs.password != ours.password:
        return f"password: theirs {theirs.password!r}, ours {ours.password!r}"
    if list(dict.fromkeys(theirs.places)) != list(dict.fromkeys(ours.places)):
        return f"places: theirs {theirs.places}, ours {ours.places}"
    return ""


def _known(name: str, theirs: Outcome, ours: Outcome) -> bool:
    """Defaults that libpq writes down and howdah does not."""
    if name == "password":  # compared with the password file's
        return True
    if name == "client_encoding":  # which of libpq's names for the locale's, comes at the log-in
        return ours.parameters.get(name) == "auto"
    if name == "passfile":
        return not ours.parameters.get(name)
    return name in ("sslcertmode", "host") and name not in ours.parameters
