"""Certificates, created at runtime: self-signed ones for gateways, and a certificate authority for the cloud."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
import ssl
import tempfile
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

# Clients verify certificates of the cloud at the time of the test, which may be frozen.
CLOUD_VALIDITY: Final = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC))
GATEWAY_VALIDITY: Final = timedelta(days=365)


@dataclass(frozen=True, kw_only=True)
class Certificate:
    """A certificate with its private key."""

    certificate: x509.Certificate
    private_key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """Return the certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def fingerprint(self) -> bytes:
        """Return the SHA-256 hash of the DER certificate, 32 bytes."""
        return sha256(self.certificate.public_bytes(Encoding.DER)).digest()

    def create_ssl_context(self) -> ssl.SSLContext:
        """Return a server context with this certificate, for TLS 1.2 and later."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        private_key = self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        # The ssl module reads certificates only from files.
        with tempfile.TemporaryDirectory() as folder:
            chain = Path(folder, "chain.pem")
            chain.write_bytes(private_key + self.pem)
            context.load_cert_chain(chain)
        return context


def create_gateway_certificate(*, now: float, expired: bool = False) -> Certificate:
    """Return a self-signed certificate, valid for 365 days from the day before now (s), or expired."""
    start = datetime.fromtimestamp(now, UTC) - timedelta(days=400 if expired else 1)
    return _create_certificate("envoy.invalid", (start, start + GATEWAY_VALIDITY))


def create_ca_certificate() -> Certificate:
    """Return the certificate of a certificate authority."""
    return _create_certificate("Emulated authority", CLOUD_VALIDITY, is_ca=True)


def create_server_certificate(issuer: Certificate, *host_names: str) -> Certificate:
    """Return a certificate for the host names, signed by the issuer."""
    return _create_certificate(host_names[0], CLOUD_VALIDITY, host_names=host_names, issuer=issuer)


def _create_certificate(
    common_name: str,
    validity: tuple[datetime, datetime],
    *,
    host_names: tuple[str, ...] = (),
    issuer: Certificate | None = None,
    is_ca: bool = False,
) -> Certificate:
    private_key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])
    issuer_key = issuer.private_key if issuer else private_key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(private_key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(validity[0])
        .not_valid_after(validity[1])
        .add_extension(x509.BasicConstraints(is_ca, None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in host_names or (common_name,)]),
            critical=False,
        )
    )
    # The strict mode of OpenSSL, which Python uses by default since 3.13, requires these.
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(private_key.public_key()), critical=False
    ).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()),
        critical=False,
    )
    if is_ca:
        builder = builder.add_extension(_ca_key_usage(), critical=True)
    return Certificate(certificate=builder.sign(issuer_key, SHA256()), private_key=private_key)


def _ca_key_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=False,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=True,
        crl_sign=True,
        encipher_only=False,
        decipher_only=False,
    )
