"""Certificates made at start: the gateway signs its own, the cloud has an authority."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
import ssl
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)
from cryptography.x509.oid import NameOID

# Clients that do verify must accept these whatever (frozen) time their test runs at.
ALWAYS = (datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC))


@dataclass(frozen=True, kw_only=True)
class Identity:
    """A certificate, the key it is about, and both as PEM."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    @property
    def pem(self) -> bytes:
        """Return the certificate as PEM."""
        return self.certificate.public_bytes(Encoding.PEM)

    @property
    def fingerprint(self) -> bytes:
        """Return the sha256 of the DER certificate, 32 bytes."""
        return sha256(self.certificate.public_bytes(Encoding.DER)).digest()

    def context(self) -> ssl.SSLContext:
        """Return a server's TLS context (1.2 or newer) that shows this certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        key = self.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        # The ssl module reads a chain from files only.
        with tempfile.TemporaryDirectory() as folder:
            chain = Path(folder, "chain.pem")
            chain.write_bytes(key + self.pem)
            context.load_cert_chain(chain)
        return context


def gateway_identity(*, now: float, expired: bool = False) -> Identity:
    """Return a self-signed certificate for 365 days from now (s), for no real name."""
    start = datetime.fromtimestamp(now, UTC) - timedelta(days=400 if expired else 1)
    return _identity("envoy.invalid", (start, start + timedelta(days=365)))


def authority() -> Identity:
    """Return a certificate authority of our own."""
    return _identity("Emulated authority", ALWAYS, is_authority=True)


def signed_by(issuer: Identity, *names: str) -> Identity:
    """Return a certificate for the host names, signed by issuer."""
    return _identity(names[0], ALWAYS, names=names, issuer=issuer)


def _identity(
    common_name: str,
    valid: tuple[datetime, datetime],
    *,
    names: tuple[str, ...] = (),
    issuer: Identity | None = None,
    is_authority: bool = False,
) -> Identity:
    key = ec.generate_private_key(ec.SECP256R1())
    subject = _name(common_name)
    signer = issuer.key if issuer else key
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer.certificate.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(valid[0])
        .not_valid_after(valid[1])
        .add_extension(x509.BasicConstraints(is_authority, None), critical=True)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName(name) for name in names or (common_name,)]),
            critical=False,
        )
    )
    # OpenSSL's strict mode, Python's default since 3.13, asks for these.
    builder = builder.add_extension(
        x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False
    ).add_extension(
        x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()),
        critical=False,
    )
    if is_authority:
        builder = builder.add_extension(_may_sign(), critical=True)
    return Identity(certificate=builder.sign(signer, SHA256()), key=key)


def _name(common_name: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _may_sign() -> x509.KeyUsage:
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
