"""The faults of the cloud."""

from collections.abc import Callable
from dataclasses import KW_ONLY, dataclass
import json
from ssl import SSLContext
from typing import Final

from homeassistant.const import CONF_PASSWORD

from tests.emulator import Body, Cloud, EarlyClose, Fault, Garbage, Redirect, Reset, Status, Truncated
from tests.emulator.certificates import create_gateway_certificate
from tests.emulator.cloud import ERROR_TEXT, LOGIN_FORM
from tests.emulator.tokens import create_token
from tests.faults import Slow, SlowBody

from .entries import ACCOUNT, DAY
from .gateway_faults import HTML, OTHER_SERIAL, SERIAL, SIZE_LIMIT
from .outcomes import CHECK_CODE, LATER, LOGIN, REJECTED, ROUTE_A, ROUTE_B, SEND_CODE, Outcome

type InjectFault = Callable[[Cloud], None]


def on_path(path: str, *faults: Fault) -> InjectFault:
    """Inject faults into the responses of one path."""
    return lambda cloud: cloud.inject(path, *faults)


def with_json(path: str, status: int = 200, **fields: object) -> InjectFault:
    """Respond with a JSON object."""
    return on_path(path, Status(status, body=json.dumps(fields).encode(), content_type="application/json"))


def on_routes(fault_a: Fault, fault_b: Fault) -> InjectFault:
    """Inject a fault into the responses of each route to a token."""

    def inject(cloud: Cloud) -> None:
        cloud.inject(ROUTE_A, fault_a)
        cloud.inject(ROUTE_B, fault_b)

    return inject


def on_both_routes(fault: Fault) -> InjectFault:
    """Inject a fault into the responses of both routes to a token."""
    return on_routes(fault, fault)


def with_token(serial: str = SERIAL, lifetime: float = DAY) -> InjectFault:
    """Respond with a token for a different gateway, or with a different lifetime in seconds."""
    return lambda cloud: on_both_routes(
        Body(create_token(serial=serial, now=cloud.clock(), role="owner", lifetime=lifetime).encode())
    )(cloud)


def with_account(password: str = ACCOUNT[CONF_PASSWORD], serial: str = SERIAL, *, mfa: bool = False) -> InjectFault:
    """Replace the account."""
    return lambda cloud: cloud.add_account("owner@example.com", password, serials=(serial,), mfa=mfa)


def with_attributes(**attributes: object) -> InjectFault:
    """Set attributes of the cloud."""

    def inject(cloud: Cloud) -> None:
        for name, value in attributes.items():
            setattr(cloud, name, value)

    return inject


def refuse_connections(cloud: Cloud) -> None:
    """Refuse connections."""
    cloud.listener.close()


def use_untrusted_certificate(cloud: Cloud) -> None:
    """Use a certificate of an unknown authority."""
    cloud.listener.ssl_context = create_gateway_certificate(now=cloud.clock()).create_ssl_context()


def end_faults(cloud: Cloud, ssl_context: SSLContext, *, mfa: bool = False) -> None:
    """End all faults."""
    cloud.clear_faults()
    with_account(mfa=mfa)(cloud)
    with_attributes(login_response="ok", success_response="full", send_code_response="ok")(cloud)
    with_attributes(route_a_response="text", code_blocked=False, requires_csrf=False)(cloud)
    cloud.listener.ssl_context = ssl_context
    cloud.listener.open()


@dataclass(frozen=True)
class CloudFault:
    """A fault of the cloud, and what is expected."""

    name: str
    inject: InjectFault
    error: str | None
    """The error in a form, or None if there is none."""
    requests: str
    """To the cloud."""

    @property
    def outcome(self) -> Outcome:
        """The outcome if the gateway rejects the token: the renewal is paused, or the rejection is being judged."""
        if self.error in ("wrong_gateway", "token_expired"):  # what the cloud issues, or the clock, is wrong
            return LATER["cloud_unavailable"]
        return LATER.get(self.error or "", REJECTED)


CLOUD_FAULTS: Final = [
    CloudFault("wrong_password", with_account("changed"), "invalid_auth", "L"),
    CloudFault("too_many_sessions", with_attributes(login_response="too_many"), "too_many_sessions", "L"),
    CloudFault("too_many_429", with_json(LOGIN, 429, message="Too many active sessions.."), "too_many_sessions", "L"),
    CloudFault("too_many_nested", with_attributes(login_response="too_many_nested"), "too_many_sessions", "L"),
    CloudFault("too_many_text", with_attributes(login_response="too_many_text"), "too_many_sessions", "L"),
    CloudFault("blocked", with_attributes(login_response="blocked"), "account_blocked", "L"),
    CloudFault("login_form", with_attributes(login_response="login_form"), "account_blocked", "L"),
    CloudFault("login_form_403", on_path(LOGIN, Status(403, body=LOGIN_FORM)), "account_blocked", "L"),
    *(
        CloudFault(f"login_{code}", on_path(LOGIN, Status(code)), "cloud_unavailable", "L")
        for code in (400, 403, 404, 406, 429, 500, 502, 503, 504)
    ),
    CloudFault("login_html", on_path(LOGIN, Body(HTML, "text/html")), "cloud_unavailable", "L"),
    CloudFault("login_empty", on_path(LOGIN, Status(200, body=b"")), "cloud_unavailable", "L"),
    CloudFault("login_no_session", with_json(LOGIN, message="success"), "cloud_unavailable", "L"),
    CloudFault("login_list", on_path(LOGIN, Body(b"[]")), "cloud_unavailable", "L"),
    CloudFault("login_redirect", on_path(LOGIN, Redirect("/login")), "cloud_unavailable", "L"),
    CloudFault("login_too_long", on_path(LOGIN, Body(b" " * (SIZE_LIMIT + 1))), "cloud_unavailable", "L"),
    CloudFault("login_slow", on_path(LOGIN, Slow(21)), "cloud_unavailable", "L"),
    CloudFault("login_stall", on_path(LOGIN, SlowBody(21)), "cloud_unavailable", "L"),
    CloudFault("login_truncated", on_path(LOGIN, Truncated(20)), "cloud_unavailable", "L"),
    CloudFault("login_reset", on_path(LOGIN, Reset()), "cloud_unavailable", "L"),
    CloudFault("login_early_close", on_path(LOGIN, EarlyClose()), "cloud_unavailable", "L"),
    CloudFault("login_garbage", on_path(LOGIN, Garbage()), "cloud_unavailable", "L"),
    CloudFault("refused", refuse_connections, "cloud_unavailable", ""),
    CloudFault("untrusted", use_untrusted_certificate, "cloud_unavailable", ""),
    *(
        CloudFault(f"session_{success}", with_attributes(success_response=success), None, "LA")
        for success in ("sessionId", "message", "isValid", "object", "empty")
    ),
    CloudFault("a_json", with_attributes(route_a_response="json"), None, "LA"),
    CloudFault("a_400", with_attributes(route_a_response="400"), None, "LAB"),
    CloudFault("a_403", with_attributes(route_a_response="403"), None, "LAB"),
    CloudFault("a_503", on_path(ROUTE_A, Status(503)), None, "LAB"),
    CloudFault("a_error_text", with_attributes(route_a_response="error_text"), None, "LAB"),
    CloudFault("a_html", on_path(ROUTE_A, Body(HTML, "text/html")), None, "LAB"),
    CloudFault("a_login_form", on_path(ROUTE_A, Body(LOGIN_FORM, "text/html")), None, "LAB"),
    CloudFault("a_slow", on_path(ROUTE_A, Slow(21)), None, "LAB"),
    CloudFault("b_503", on_both_routes(Status(503)), "cloud_unavailable", "LAB"),
    CloudFault("b_redirect", on_both_routes(Redirect("/login")), "cloud_unavailable", "LAB"),
    CloudFault("b_401", on_both_routes(Status(401)), "not_a_token", "LAB"),
    CloudFault("b_403", on_both_routes(Status(403)), "not_a_token", "LAB"),
    CloudFault("b_404", on_both_routes(Status(404)), "not_a_token", "LAB"),
    *(
        CloudFault(f"b_{code}", on_both_routes(Status(code)), "cloud_unavailable", "LAB")
        for code in (400, 409, 422, 429)
    ),
    CloudFault("b_html", on_both_routes(Body(HTML, "text/html")), "cloud_unavailable", "LAB"),
    CloudFault("b_error_text", on_both_routes(Body(ERROR_TEXT)), "cloud_unavailable", "LAB"),
    CloudFault("b_login_form", on_both_routes(Body(LOGIN_FORM, "text/html")), "account_blocked", "LAB"),
    CloudFault("b_login_form_403", on_both_routes(Status(403, body=LOGIN_FORM)), "account_blocked", "LAB"),
    CloudFault("a_login_form_b_401", on_routes(Body(LOGIN_FORM, "text/html"), Status(401)), "account_blocked", "LAB"),
    CloudFault("b_too_many", on_both_routes(Status(429, body=b"Too many active sessions")), "too_many_sessions", "LAB"),
    CloudFault("gateway_of_other_account", with_account(serial=OTHER_SERIAL), "not_a_token", "LAB"),
    CloudFault("token_of_different_gateway", with_token(serial=OTHER_SERIAL), "wrong_gateway", "LAB"),
    CloudFault("token_expired", with_token(lifetime=-60), "token_expired", "LAB"),
]
MFA_REQUIRED: Final = CloudFault("mfa_required", with_account(mfa=True), "mfa_required", "L")
"""An error only for renewals, where there is no user to enter the code."""
FAILING: Final = [fault for fault in CLOUD_FAULTS if fault.error]
HARMLESS: Final = [fault for fault in CLOUD_FAULTS if not fault.error]


@dataclass(frozen=True)
class CodeFault:
    """A fault of the cloud during the sign-in with a verification code."""

    name: str
    form: str
    """The form that is submitted during the fault."""
    inject: InjectFault
    error: str | None
    next_form: str
    """The form that shows the error."""
    requests: str
    """To the cloud."""
    _: KW_ONLY
    cookies_lost: bool = False
    """Whether the cloud has sent or accepted the code, and only its response, with the next cookies, is lost."""


WRONG_CODE: Final = {"isValid": False, "isBlocked": False}
TOO_MANY: Final = {"errors": {"base": ["Too many active sessions"]}}

CODE_FAULTS: Final = [
    CodeFault("send_503", "cloud", on_path(SEND_CODE, Status(503)), "cloud_unavailable", "code", "LG"),
    CodeFault("send_html", "cloud", on_path(SEND_CODE, Status(200, body=HTML)), "cloud_unavailable", "code", "LG"),
    CodeFault("send_lost", "cloud", on_path(SEND_CODE, Status(401)), "sign_in_lost", "code", "LG"),
    CodeFault("send_429", "cloud", with_attributes(send_code_response="429"), "account_blocked", "code", "LG"),
    CodeFault(
        "send_refused", "cloud", with_attributes(send_code_response="refused"), "cloud_unavailable", "code", "LG"
    ),
    CodeFault("send_blocked", "cloud", with_attributes(code_blocked=True), "account_blocked", "code", "LG"),
    CodeFault("send_slow", "cloud", on_path(SEND_CODE, Slow(21)), "cloud_unavailable", "code", "LG", cookies_lost=True),
    CodeFault("send_204", "cloud", with_attributes(send_code_response="no_content"), None, "code", "LG"),
    CodeFault("send_empty", "cloud", with_attributes(send_code_response="empty"), None, "code", "LG"),
    CodeFault("wrong", "code", with_json(CHECK_CODE, **WRONG_CODE), "invalid_code", "code", "V"),
    CodeFault("wrong_401", "code", with_json(CHECK_CODE, 401, **WRONG_CODE), "invalid_code", "code", "V"),
    *(
        CodeFault(f"wrong_{code}", "code", on_path(CHECK_CODE, Status(code)), "invalid_code", "code", "V")
        for code in (400, 404, 409, 422)
    ),
    CodeFault("no_gateway", "code", on_both_routes(Status(403)), "not_a_token", "cloud", "VAB"),
    CodeFault("429", "code", on_path(CHECK_CODE, Status(429)), "account_blocked", "cloud", "V"),
    CodeFault("403", "code", on_path(CHECK_CODE, Status(403)), "sign_in_lost", "cloud", "V"),
    CodeFault("login_form", "code", on_path(CHECK_CODE, Status(200, body=LOGIN_FORM)), "account_blocked", "cloud", "V"),
    CodeFault("too_many", "code", with_json(CHECK_CODE, 422, **TOO_MANY), "too_many_sessions", "cloud", "V"),
    CodeFault("blocked", "code", with_attributes(code_blocked=True), "account_blocked", "cloud", "V"),
    CodeFault("lost", "code", Cloud.clear_sessions, "sign_in_lost", "cloud", "V"),
    CodeFault("503", "code", on_path(CHECK_CODE, Status(503)), "cloud_unavailable", "code", "V"),
    CodeFault("html", "code", on_path(CHECK_CODE, Status(200, body=HTML)), "cloud_unavailable", "code", "V"),
    CodeFault("slow", "code", on_path(CHECK_CODE, Slow(21)), "cloud_unavailable", "code", "V", cookies_lost=True),
    CodeFault("reset", "code", on_path(CHECK_CODE, Reset()), "cloud_unavailable", "code", "V", cookies_lost=True),
    CodeFault("refused", "code", refuse_connections, "cloud_unavailable", "code", ""),
]
