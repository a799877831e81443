"""Exceptions: one for each action that the user can take."""

from typing import ClassVar


class SecctrlError(Exception):
    """Base class: a translation key, and placeholders that never contain text from a server.

    The key is the same in forms, in Home Assistant's exceptions, and in repairs.
    """

    translation_key: ClassVar[str]

    def __init__(self, **placeholders: str) -> None:
        """Store the placeholders of the translated text."""
        super().__init__(self.translation_key)
        self.placeholders = placeholders


class InvalidHost(SecctrlError):
    """The text is neither a hostname nor an IP address."""

    translation_key = "invalid_host"


class CannotConnect(SecctrlError):
    """No response: refused, lost, timed out, or the gateway is busy."""

    translation_key = "cannot_connect"

    def __init__(self, retry_after: float | None = None) -> None:
        """Store the gateway's Retry-After header in seconds, if there was one."""
        super().__init__()
        self.retry_after = retry_after


class CertificateChanged(SecctrlError):
    """The certificate differs from the pinned one; nothing was sent."""

    translation_key = "certificate_changed"

    def __init__(self, fingerprint: bytes) -> None:
        """Store the SHA-256 fingerprint of the certificate that the server presented."""
        super().__init__()
        self.fingerprint = fingerprint


class UnexpectedResponse(SecctrlError):
    """The response isn't one of an IQ Gateway; `answer` describes it in our own words."""

    translation_key = "unexpected_answer"

    def __init__(self, answer: str) -> None:
        """Store the description."""
        super().__init__(answer=answer)


class UnsupportedFirmware(SecctrlError):
    """The gateway's firmware is older than version 7."""

    translation_key = "unsupported_firmware"


class NoSecctrl(SecctrlError):
    """The gateway doesn't provide secctrl (HTTP 404)."""

    translation_key = "no_secctrl"


class WrongGateway(SecctrlError):
    """The address or the token belongs to a different gateway."""

    translation_key = "wrong_gateway"


class InvalidAuth(SecctrlError):
    """The gateway rejects the access token, or the cloud rejects the email address and password."""

    translation_key = "invalid_auth"


class NotAToken(SecctrlError):
    """The text isn't an access token of a gateway."""

    translation_key = "not_a_token"


class TokenIncomplete(SecctrlError):
    """The end of the access token is missing."""

    translation_key = "token_incomplete"


class TokenExpired(SecctrlError):
    """The access token has expired."""

    translation_key = "token_expired"


class MfaRequired(SecctrlError):
    """The password is right, but the account uses multi-factor authentication."""

    translation_key = "mfa_required"


class InvalidCode(SecctrlError):
    """The cloud rejects the verification code."""

    translation_key = "invalid_code"


class SignInLost(SecctrlError):
    """The cloud no longer knows the sign-in that the verification code belongs to."""

    translation_key = "sign_in_lost"


class AccountBlocked(SecctrlError):
    """The cloud has blocked sign-ins for this account, for 15 minutes to a day."""

    translation_key = "account_blocked"


class TooManySessions(SecctrlError):
    """The account has too many open sessions."""

    translation_key = "too_many_sessions"


class CloudUnavailable(SecctrlError):
    """The cloud couldn't be reached, or responded as in an outage."""

    translation_key = "cloud_unavailable"
