"""Ways of logging in, with and without TLS: what howdah makes of each cell, beside what psycopg does.

    python tests/servers/matrix.py [--version 15] [--markdown FILE]

6 values of sslmode, 4 servers (without TLS, with it for who wants, hostssl only, hostnossl only), 6 ways of
logging in; and, with sslnegotiation=direct, the 3 strict modes, 4 servers, 6 ways: 216 cells, blocking and with
asyncio. The outcome is whether the log-in succeeds, whether it is encrypted, and why it is refused (psycopg tells
no SQLSTATE while connecting, so it is read from the text). A server before PostgreSQL 17 refuses all direct cells.
Without --version it asks this machine's PostgreSQL, and the newer ones that servers/debootstrapped.py has made. It
exits with 1 where an outcome differs.
"""

from __future__ import annotations

import argparse
import asyncio
import re
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import psycopg

import howdah
from servers.certificates import Authority
from servers.debian import HERE, Debian, bindir
from servers.debootstrapped import made

MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
SERVERS = ("off", "optional", "hostssl", "hostnossl")
LOGINS = ("trust", "password", "md5", "scram", "binding", "cert")

ROLES = """
create role m_trust login; create role m_cert login; create role m_password login password 'pw';
create role m_scram login password 'pw'; set password_encryption = 'md5'; create role m_md5 login password 'pw';
"""


class Cell(NamedTuple):
    mode: str
    direct: bool
    server: str
    login: str

    def __str__(self) -> str:
        return f"sslmode={self.mode}{' direct' if self.direct else ''}, server {self.server}, {self.login}"


def cells() -> Iterator[Cell]:
    for server in SERVERS:
        for login in LOGINS:
            for mode in MODES:
                yield Cell(mode, False, server, login)
            for mode in MODES[3:]:
                yield Cell(mode, True, server, login)


def hba_of(server: str) -> list[str]:
    kind = {"off": "host", "optional": "host"}.get(server, server)
    lines = [
        f"{kind} all m_trust all trust",
        f"{kind} all m_password all password",
        f"{kind} all m_md5 all md5",
        f"{kind} all m_scram all scram-sha-256",
    ]
    # Certificates need TLS: on the other servers the role is one that nobody lets in.
    return [*lines, "hostssl all m_cert all cert"] if server in ("optional", "hostssl") else lines


def params_of(cell: Cell, folder: Path) -> dict[str, str]:
    role = "scram" if cell.login == "binding" else cell.login
    params = {"user": f"m_{role}", "password": "pw", "sslmode": cell.mode, "dbname": "postgres"}
    if cell.mode.startswith("verify"):
        params["sslrootcert"] = str(folder / "root.crt")
    if cell.login == "binding":
        params["channel_binding"] = "require"
    if cell.login == "cert":
        params |= {"sslcert": str(folder / "client.crt"), "sslkey": str(folder / "client.key")}
    if cell.direct:
        params["sslnegotiation"] = "direct"
    return params


# What a refusal says, whoever tells it.
REASONS = {
    r"no pg_hba.conf entry": "28000",
    r"password authentication failed": "28P01",
    r"certificate authentication failed|valid client certificate": "28000",
    r"server does not support SSL": "no TLS",
    r"channel binding|Channel binding": "binding",
    r"SSL error|SSL SYSCALL|ALPN|closed|direct SSL": "handshake",
}


def reason_of(error: Exception) -> str:
    found = [(m.start(), reason) for text, reason in REASONS.items() for m in re.finditer(text, str(error))]
    return max(found)[1] if found else str(error)


def outcome_sync(module: Any, dsn: str, params: dict[str, str]) -> str:
    try:
        with module.connect(dsn, **params) as conn:
            return "encrypted" if conn.pgconn.ssl_in_use else "in clear"
    except module.OperationalError as error:
        return reason_of(error)


async def outcome_async(module: Any, dsn: str, params: dict[str, str]) -> str:
    try:
        async with await module.AsyncConnection.connect(dsn, **params) as conn:
            return "encrypted" if conn.pgconn.ssl_in_use else "in clear"
    except module.OperationalError as error:
        return reason_of(error)


def run(
    loop: asyncio.AbstractEventLoop, only: str | None = None, root: Path = HERE
) -> Iterator[tuple[Cell, str, str, str, str]]:
    """Each cell with its outcomes: howdah, howdah with asyncio, psycopg, psycopg with asyncio."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        authority = Authority(folder)
        authority.issue("server", "localhost", ["localhost", "127.0.0.1"])
        authority.issue("client", "m_cert")
        with Debian([], sql=ROLES, root=root) as server:
            for file in ("root.crt", "server.crt", "server.key"):
                server.install(folder / file, file)
            dsn = f"host=127.0.0.1 port={server.port}"
            for kind in SERVERS:
                if only not in (None, kind):
                    continue
                tls = {} if kind == "off" else {"ssl": "on", "ssl_ca_file": "root.crt"}
                server.configure(hba_of(kind), tls)
                server.restart()
                for cell in cells():
                    if cell.server == kind:
                        params = params_of(cell, folder)
                        outcomes = [
                            outcome
                            for module in (howdah, psycopg)
                            for outcome in (
                                outcome_sync(module, dsn, params),
                                loop.run_until_complete(outcome_async(module, dsn, params)),
                            )
                        ]
                        yield (cell, *outcomes)  # type: ignore[misc]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--markdown", type=Path, help="write the table there")
    parser.add_argument("--version", type=int, action="append", help="of PostgreSQL; may be repeated")
    args = parser.parse_args()
    roots = {int(bindir().parent.name): HERE, **made()}
    loop = asyncio.new_event_loop()
    lines = ["| PostgreSQL | cell | howdah | psycopg |\n|---|---|---|---|\n"]
    differ = 0
    for version in args.version or roots:
        rows = list(run(loop, root=roots[version]))
        differing = [row for row in rows if len(set(row[1:])) > 1]
        differ += len(differing)
        for cell, *outcomes in differing:
            print(
                f"{cell}: howdah {outcomes[0]}, asyncio {outcomes[1]}; psycopg {outcomes[2]}, asyncio {outcomes[3]}"
            )
        direct = sum(row[0].direct and row[1] == "encrypted" for row in rows)
        print(
            f"PostgreSQL {version}: {len(rows)} cells, {2 * len(rows)} log-ins by each; {len(differing)} differ; "
            f"{sum(row[1] == 'encrypted' for row in rows)} are let in with TLS ({direct} of them direct), "
            f"{sum(row[1] == 'in clear' for row in rows)} without",
            flush=True,
        )
        lines += [f"| {version} | {cell} | {mine} | {theirs} |\n" for cell, mine, _, theirs, _ in rows]
    if args.markdown:
        args.markdown.write_text("".join(lines))
    sys.exit(bool(differ))


if __name__ == "__main__":
    main()
