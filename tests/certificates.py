# Copyright (c) 2026 the tallyfy.platform authors
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""TLS certificates for servers of tests."""

from __future__ import annotations

import datetime
import ipaddress
import subprocess
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec


def self_signed(folder: Path) -> tuple[Path, Path]:
    """Return the files of a certificate for the loopback address that nobody has signed but itself, and of its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    addresses = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    made = _builder("Sandbox", key, "Sandbox").add_extension(addresses, False)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
    return _written(folder, "certificate", made.sign(key, hashes.SHA256()), key)


class Authority:
    """Signs certificates; ``file`` is what clients have to trust."""

    def __init__(self, folder: Path, name: str = "Authority") -> None:
        self._folder, self._name = folder, name
        self._key = ec.generate_private_key(ec.SECP256R1())
        signs = x509.KeyUsage(
            digital_signature=False, content_commitment=False, key_encipherment=False, data_encipherment=False,
            key_agreement=False, key_cert_sign=True, crl_sign=True, encipher_only=False, decipher_only=False,
        )  # fmt: skip
        made = _builder(name, self._key, name).add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        made = made.add_extension(signs, True)
        made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(self._key.public_key()), False)
        self.file, _key = _written(folder, name, made.sign(self._key, hashes.SHA256()), self._key)

    def issue(self, *hosts: str, days: tuple[int, int] = (-1, 1)) -> tuple[Path, Path]:
        """Return the files of a certificate for these names and addresses, and of its key.

        ``days`` are the first and the last of its validity, counted from today.
        """
        key = ec.generate_private_key(ec.SECP256R1())
        issuer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key())
        made = _builder(hosts[0], key, self._name, days).add_extension(
            x509.SubjectAlternativeName([_general_name(host) for host in hosts]), False
        )
        made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), True).add_extension(issuer, False)
        file = f"{self._name}-{hosts[0].replace(':', '-')}-{days[0]}-{days[1]}"
        return _written(self._folder, file, made.sign(self._key, hashes.SHA256()), key)

    def directory(self, folder: Path) -> Path:
        """Return a new folder that holds the certificate under the name by which OpenSSL looks for it."""
        folder.mkdir()
        command = ["openssl", "x509", "-noout", "-subject_hash", "-in", str(self.file)]
        name = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
        (folder / f"{name}.0").write_bytes(self.file.read_bytes())
        return folder


def _builder(
    subject: str, key: ec.EllipticCurvePrivateKey, issuer: str, days: tuple[int, int] = (-1, 1)
) -> x509.CertificateBuilder:
    now = datetime.datetime.now(datetime.timezone.utc)
    subject_name, issuer_name = (
        x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, name)]) for name in (subject, issuer)
    )
    return (
        x509.CertificateBuilder()
        .subject_name(subject_name)
        .issuer_name(issuer_name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + datetime.timedelta(days=days[0]))
        .not_valid_after(now + datetime.timedelta(days=days[1]))
    )


def _general_name(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _written(folder: Path, name: str, made: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> tuple[Path, Path]:
    certificate, key_file = folder / f"{name}.pem", folder / f"{name}-key.pem"
    certificate.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    return certificate, key_file
