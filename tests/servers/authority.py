"""What makes certificates.py's certificates, in Python that has the package cryptography."""

from __future__ import annotations

import ast
import datetime
import ipaddress
import os
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.x509.oid import NameOID

# How a certificate is signed: kind of the key, hash, padding.
SIGNATURES: dict[str, tuple[str, Any, Any]] = {
    "rsa-sha256": ("rsa", hashes.SHA256(), None),
    "rsa-sha384": ("rsa", hashes.SHA384(), None),
    "rsa-sha512": ("rsa", hashes.SHA512(), None),
    "rsa-pss-sha512": ("rsa", hashes.SHA512(), padding.PSS(padding.MGF1(hashes.SHA512()), 64)),
    "ec-sha256": ("ec", hashes.SHA256(), None),
    "ec-sha384": ("ec", hashes.SHA384(), None),
    "ed25519": ("ed25519", None, None),
}

# What a default context of Python 3.13 wants to be told, beside whose key it was.
USAGE = dict.fromkeys(
    "digital_signature content_commitment key_encipherment data_encipherment key_agreement encipher_only "
    "decipher_only".split(),
    False,
) | {"key_cert_sign": True, "crl_sign": True}


def _new_key(kind: str) -> Any:
    if kind == "rsa":
        return rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return ec.generate_private_key(ec.SECP256R1()) if kind == "ec" else ed25519.Ed25519PrivateKey.generate()


def _general_name(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


class Authority:
    """A root certificate in `folder`, and the certificates that it signs."""

    def __init__(self, folder: Path, name: str = "root", signature: str = "ec-sha256"):
        self._folder = folder
        self._kind, self._hash, self._padding = SIGNATURES[signature]
        self._key = _new_key(self._kind)
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, f"howdah tests: {name}")])
        self.path = folder / f"{name}.crt"
        builder = (
            self._builder(self._name, self._key, days=30)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), critical=False)
            .add_extension(x509.KeyUsage(**USAGE), critical=True)
        )
        self.path.write_bytes(self._sign(builder).public_bytes(serialization.Encoding.PEM))

    def _builder(self, subject: x509.Name, key: Any, days: float) -> x509.CertificateBuilder:
        now = datetime.datetime.now(datetime.timezone.utc)
        end = now + datetime.timedelta(days=days)
        return (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(self._name)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, end) - datetime.timedelta(days=1))
            .not_valid_after(end)
        )

    def _sign(self, builder: x509.CertificateBuilder) -> x509.Certificate:
        return builder.sign(self._key, self._hash, rsa_padding=self._padding)

    def issue(
        self,
        stem: str,
        common_name: str,
        names: Iterable[str] = (),
        *,
        days: float = 30,
        password: bytes | None = None,
        der: bool = False,
    ) -> x509.Certificate:
        """Write `stem`.crt and `stem`.key; names are alternative names, addresses among them."""
        key = _new_key(self._kind)
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        builder = self._builder(subject, key, days).add_extension(signer, critical=False)
        alternatives = [_general_name(name) for name in names]
        if alternatives:
            builder = builder.add_extension(x509.SubjectAlternativeName(alternatives), critical=False)
        certificate = self._sign(builder)
        (self._folder / f"{stem}.crt").write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
        encryption: Any = serialization.NoEncryption()
        if password is not None:
            encryption = serialization.BestAvailableEncryption(password)
        encoding = serialization.Encoding.DER if der else serialization.Encoding.PEM
        form = serialization.PrivateFormat.PKCS8
        path = self._folder / f"{stem}.key"
        path.unlink(missing_ok=True)
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as file:
            file.write(key.private_bytes(encoding, form, encryption))
        return certificate

    def revoke(self, stem: str, *certificates: x509.Certificate) -> Path:
        """Write a list of revoked certificates to `stem`.crl."""
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self._name)
            .last_update(now - datetime.timedelta(days=1))
            .next_update(now + datetime.timedelta(days=30))
        )
        for certificate in certificates:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder()
                .serial_number(certificate.serial_number)
                .revocation_date(now - datetime.timedelta(hours=1))
                .build()
            )
        path = self._folder / f"{stem}.crl"
        path.write_bytes(builder.sign(self._key, self._hash).public_bytes(serialization.Encoding.PEM))
        return path


def serve() -> None:
    """Carry out the calls that come line by line from an interpreter without the package: foreign_authority.py."""
    authorities: list[Authority] = []
    certificates: list[x509.Certificate] = []
    for line in sys.stdin:
        what, args, options = ast.literal_eval(line)
        if what == "found":
            authorities.append(Authority(Path(args[0]), *args[1:]))
            print(len(authorities) - 1, flush=True)
        elif what == "issue":
            certificates.append(authorities[args[0]].issue(*args[1:], **options))
            print(len(certificates) - 1, flush=True)
        elif what == "revoke":
            authorities[args[0]].revoke(args[1], *(certificates[i] for i in args[2:]))
            print(None, flush=True)
        else:
            print([*SIGNATURES], flush=True)


if __name__ == "__main__":
    serve()
