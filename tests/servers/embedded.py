"""The PostgreSQL that comes with the extra ``server``, with a login for each way of authentication."""

from __future__ import annotations

import howdah.server

# user → (method in pg_hba, password)
LOGINS = {
    "hd_trust": ("trust", ""),
    "hd_password": ("password", "plain secret"),
    "hd_md5": ("md5", "hashed secret"),
    "hd_scram": ("scram-sha-256", "salted secret"),
}


def start() -> howdah.server.Server:
    hba = []
    sql = ["set client_min_messages = error;"]  # the server warns of md5, which we want all the same
    for user, (method, password) in LOGINS.items():
        hba += [f"local all {user} {method}", f"host all {user} 127.0.0.1/32 {method}"]
        stored = "md5" if method == "md5" else "scram-sha-256"
        sql += [f"set password_encryption = '{stored}';", f"create role {user} login password '{password}';"]
    return howdah.server.start(hba=hba, sql="\n".join(sql))
