"""What can go wrong: one exception for each thing that a user can do about it.

Each has one key; where it reaches a user, its text stands under it in forms, exceptions and repairs.
"""

from typing import ClassVar


class Failure(Exception):
    """Base of all; `placeholders` fill the text of the key, and hold no words of a server."""

    key: ClassVar[str]

    def __init__(self, **placeholders: str) -> None:
        """Keep what the text names."""
        super().__init__(self.key)
        self.placeholders = placeholders


class InvalidHost(Failure):
    """That is no name or address of a host."""

    key = "invalid_host"


class CannotConnect(Failure):
    """Refused, lost, too slow or too busy; `retry_after` is in seconds, if the gateway said so."""

    key = "cannot_connect"

    def __init__(self, retry_after: float | None = None) -> None:
        """Keep how long the gateway wants to be left alone."""
        super().__init__()
        self.retry_after = retry_after


class CertificateChanged(Failure):
    """The gateway shows another certificate than the pinned one; nothing was sent to it."""

    key = "certificate_changed"

    def __init__(self, shown: bytes) -> None:
        """Keep the SHA-256 of the certificate that was shown."""
        super().__init__()
        self.shown = shown


class UnexpectedAnswer(Failure):
    """The answer is not what a gateway answers; `answer` says what it was, in our own words."""

    key = "unexpected_answer"

    def __init__(self, answer: str) -> None:
        """Take what was answered."""
        super().__init__(answer=answer)


class UnsupportedFirmware(Failure):
    """The firmware is older than 7."""

    key = "unsupported_firmware"


class NoSecctrl(Failure):
    """The gateway has no secctrl (404)."""

    key = "no_secctrl"


class WrongGateway(Failure):
    """Another gateway than the one that is meant: at this address, or in this token."""

    key = "wrong_gateway"


class InvalidAuth(Failure):
    """The gateway refuses the token, or the cloud the e-mail address and password."""

    key = "invalid_auth"


class NotAToken(Failure):
    """What was pasted, or what the cloud answered, is no access token of a gateway."""

    key = "not_a_token"


class TokenExpired(Failure):
    """The token's time is over."""

    key = "token_expired"


class MfaRequired(Failure):
    """The account signs in with a code; the password was right."""

    key = "mfa_required"


class InvalidCode(Failure):
    """The cloud refuses the code."""

    key = "invalid_code"


class SignInLost(Failure):
    """The cloud has forgotten the sign-in that the code belongs to."""

    key = "sign_in_lost"


class CodeTooSoon(Failure):
    """Another code was asked for less than 30 s after the last."""

    key = "code_too_soon"


class CoreNotReady(Failure):
    """The token is shared with core's entry, which has not finished its own start."""

    key = "core_not_ready"


class RenewalPaused(Failure):
    """The gateway refuses a token that was renewed, or tried to be, within the last hour."""

    key = "renewal_paused"


class AccountBlocked(Failure):
    """The cloud lets this account in no more, for a quarter of an hour to a day."""

    key = "account_blocked"


class TooManySessions(Failure):
    """The account has too many open sessions."""

    key = "too_many_sessions"


class CloudUnavailable(Failure):
    """The cloud could not be reached, or answered as it does in an outage."""

    key = "cloud_unavailable"
