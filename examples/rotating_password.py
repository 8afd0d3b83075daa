"""Passwords that a cloud gives out for some minutes: a function is asked for one whenever a server wants it.

    python examples/rotating_password.py

Nothing is asked of a cloud here: the call of its library is behind one function in each of the three, with what it
would do in its comment. A server of one's own shows that every connection gets a new password.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Awaitable, Callable

import howdah as psycopg
from howdah.server import start


def rds_iam(sign: Callable[[str, int, str], str], host: str, port: int, user: str) -> Callable[[], str]:
    """AWS RDS. `sign` is boto3's client("rds").generate_db_auth_token(DBHostname=…, Port=…, DBUsername=…)."""
    return lambda: sign(host, port, user)


def cloud_sql(refresh: Callable[[], str]) -> Callable[[], str]:
    """Google Cloud SQL. `refresh`: credentials.refresh(Request()), then credentials.token, of google.auth."""
    return lambda: refresh()


def azure(get_token: Callable[[str], Awaitable[str]]) -> Callable[[], Awaitable[str]]:
    """Azure. `get_token`: (await credential.get_token(scope)).token, of azure.identity.aio.DefaultAzureCredential."""
    return lambda: get_token("https://ossrdbms-aad.database.windows.net/.default")


PASSWORD = "of this quarter of an hour"
asked = itertools.count(1)


def give_out(*about: object) -> str:
    """What the cloud would do."""
    print(f"password {next(asked)} asked for", *about)
    return PASSWORD


async def give_out_later(scope: str) -> str:
    await asyncio.sleep(0.01)
    return give_out(scope)


async def with_asyncio(dsn: str) -> None:
    async with await psycopg.AsyncConnection.connect(dsn, password=azure(give_out_later)) as conn:
        cur = await conn.execute("select current_user")
        print(await cur.fetchone())


def main() -> None:
    hba = ["host all app 127.0.0.1/32 scram-sha-256"]
    with start(hba=hba, sql=f"create role app login password '{PASSWORD}'") as server:
        dsn = f"host={server.host} port={server.port} dbname={server.dbname} user=app"
        for password in (rds_iam(give_out, server.host, server.port, "app"), cloud_sql(give_out)):
            with psycopg.connect(dsn, password=password) as conn:
                print(conn.execute("select current_user").fetchone())
        asyncio.run(with_asyncio(dsn))


if __name__ == "__main__":
    main()
