"""A Kerberos realm of the tests' own: MIT's krb5kdc on a private port, its database in a private folder.

Debian's packages krb5-kdc, krb5-admin-server and krb5-user. Nothing of it reaches the machine's own Kerberos: whoever
takes part in the realm has `environment` in his.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from .debian import free_port, lacks
from .wait import wait_for

REALM = "HOWDAH.TEST"

# Hosts are called what they are called: nobody's DNS is asked. A ticket is over when it says so.
CONF = """
[libdefaults]
    default_realm = {realm}
    dns_lookup_realm = false
    dns_lookup_kdc = false
    dns_canonicalize_hostname = false
    rdns = false
    clockskew = 1
    udp_preference_limit = 1
    permitted_enctypes = aes256-cts-hmac-sha1-96
[realms]
    {realm} = {{
        kdc = 127.0.0.1:{port}
    }}
[domain_realm]
    localhost = {realm}
[kdcdefaults]
    kdc_listen = ""
    kdc_tcp_listen = 127.0.0.1:{port}
[dbmodules]
    {realm} = {{
        db_library = db2
        database_name = {folder}/principal
    }}
[logging]
    kdc = FILE:{folder}/kdc.log
"""

KDC = """
[realms]
    {realm} = {{
        database_name = {folder}/principal
        key_stash_file = {folder}/stash
        master_key_type = aes256-cts-hmac-sha1-96
        supported_enctypes = aes256-cts-hmac-sha1-96:normal
    }}
"""


def program(name: str) -> str:
    path = shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if path is None:
        lacks(f"{name} is not installed: Debian's packages krb5-kdc, krb5-admin-server and krb5-user")
        raise FileNotFoundError(name)
    return path


class Kdc:
    """A running realm."""

    def __init__(self) -> None:
        self._daemon: subprocess.Popen[bytes] | None = None
        self._krb5kdc = program("krb5kdc")
        self.folder = Path(tempfile.mkdtemp(prefix="howdah-kdc-", dir="/tmp"))
        self.folder.chmod(0o755)
        self._port = free_port()
        self.environment = {
            "KRB5_CONFIG": str(self.folder / "krb5.conf"),
            "KRB5_KDC_PROFILE": str(self.folder / "kdc.conf"),
            "KRB5RCACHENAME": "none:",  # a server's list of tickets that it has seen would lie in /var/tmp
        }
        for name, text in (("krb5.conf", CONF), ("kdc.conf", KDC)):
            (self.folder / name).write_text(text.format(realm=REALM, port=self._port, folder=self.folder))
        try:
            self._run("kdb5_util", "create", "-s", "-P", "master")
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self) -> None:
        environment = {**os.environ, **self.environment}
        with open(self.folder / "output", "wb") as output:
            self._daemon = subprocess.Popen(
                [self._krb5kdc, "-n"], env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output
            )
        wait_for(self._listens, "the KDC does not start")

    def stop(self) -> None:
        """Tickets are to be had no longer."""
        if self._daemon is not None:
            self._daemon.terminate()
            self._daemon.wait()
            self._daemon = None

    def user(self, name: str, password: str) -> None:
        self._admin(f"addprinc -pw {password} {name}")

    def service(self, name: str, keytab: Path) -> None:
        """A service such as ``postgres/localhost``, its key added to a file."""
        self._admin(f"addprinc -randkey {name}", f"ktadd -k {keytab} {name}")

    def login(self, name: str, password: str, cache: Path, *options: str) -> None:
        """Put a ticket into a file, for KRB5CCNAME; options of kinit."""
        self._run("kinit", "-c", str(cache), *options, name, stdin=f"{password}\n")

    def wait_until_expired(self, cache: Path, service: str) -> None:
        def refused() -> bool:
            command = [program("kvno"), "-q", "-c", str(cache), service]
            environment = {**os.environ, **self.environment}
            return subprocess.run(command, env=environment, capture_output=True, check=False).returncode != 0

        wait_for(refused, "the ticket does not expire")

    @contextmanager
    def silence(self) -> Iterator[Callable[[], bool]]:
        """While it is stopped: somebody else takes its calls, and does not answer. Whether there were any."""
        with socket.create_server(("127.0.0.1", self._port)) as listener:
            listener.settimeout(0)

            def asked() -> bool:
                try:
                    listener.accept()[0].close()
                except BlockingIOError:
                    return False
                return True

            yield asked

    def close(self) -> None:
        self.stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    def __enter__(self) -> Kdc:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _listens(self) -> bool:
        if self._daemon is None or self._daemon.poll() is not None:
            raise RuntimeError(f"krb5kdc failed:\n{(self.folder / 'output').read_text()}")
        try:
            socket.create_connection(("127.0.0.1", self._port)).close()
        except OSError:
            return False
        return True

    def _admin(self, *queries: str) -> None:
        for query in queries:
            self._run("kadmin.local", "-q", query)

    def _run(self, name: str, *args: str, stdin: str = "") -> None:
        done = subprocess.run(
            [program(name), *args],
            env={**os.environ, **self.environment},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )
        # kadmin.local ends with 0 whatever happens.
        if done.returncode != 0 or "while " in done.stderr:
            raise RuntimeError(f"{name} failed: {done.stdout}{done.stderr}")
