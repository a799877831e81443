"""The emulated Enphase cloud: login, optional verification code, and access tokens."""

import base64
import binascii
from collections.abc import Awaitable, Callable
import json
from typing import Final, Literal, override

from aiohttp import web

from . import tokens
from .accounts import NONCE_LIFETIME, Account, LoginSession, LoginSessions
from .certificates import create_ca_certificate, create_server_certificate
from .pages import error_page
from .payloads import Json
from .response import Response
from .server import Server

type LoginResponse = Literal["ok", "blocked", "too_many", "too_many_nested", "too_many_text", "login_form"]
type MfaResponse = Literal["requires_mfa", "success"]
type SuccessResponse = Literal["full", "sessionId", "message", "isValid", "object", "empty"]
type SessionCookie = Literal["_enlighten_4_session", "enlighten_session", "_enlighten_session"]
type SendCodeResponse = Literal["ok", "no_content", "empty", "refused", "429"]
type RouteAResponse = Literal["text", "json", "400", "403", "error_text"]

ENLIGHTEN: Final = "enlighten.enphaseenergy.com"
ENTREZ: Final = "entrez.enphaseenergy.com"
LOGIN_FORM: Final = b'<!DOCTYPE html><html><form><input name="user[password]" type="password"></form></html>\n'
LOGIN_PAGES: Final = (
    LOGIN_FORM,
    b"<!DOCTYPE html><html><form><input name='user[password]' type='password'></form></html>\n",
    b"<!DOCTYPE html><html><script>function OptanonWrapper() {} window.OptanonWrapper = null</script></html>\n",
    b"<!DOCTYPE html><html><script>var otLang = 'en';</script></html>\n",
    b'<!DOCTYPE html><html><a href="/login/login">Log in</a></html>\n',
)
"""The login page, with each of the marks that it was recognized by."""
ERROR_TEXT: Final = b"Error in generating Token"


class Cloud(Server):
    """Both hosts of the Enphase cloud on one port, with a certificate of its own authority.

    These responses are assumed: the status 401 of a lost login session, and the status 403 for a gateway that doesn't
    belong to the account. docs/sign-in.md lists which of the others were captured, and which were only reported.
    """

    def __init__(self) -> None:
        """Initialize without accounts."""
        issuer = create_ca_certificate()
        super().__init__(create_server_certificate(issuer, ENLIGHTEN, ENTREZ))
        self.ca_pem: Final = issuer.pem
        self.login_response: LoginResponse = "ok"
        self.mfa_response: MfaResponse = "requires_mfa"
        """The response to the right password of an account that needs a verification code."""
        self.success_response: SuccessResponse = "full"
        """The body after a complete sign-in. The session ID is always in a cookie."""
        self.session_cookie: SessionCookie = "_enlighten_4_session"
        """The cookie with the session ID after a complete sign-in; before the verification code it is the default."""
        self.send_code_response: SendCodeResponse = "ok"
        self.wrong_code_status = 200
        """The status for a wrong verification code: 200, 400, 404, 409, or 422."""
        self.route_a_response: RouteAResponse = "text"
        self.code_blocked = False
        self.requires_csrf = False
        """Send an XSRF-TOKEN cookie, and require its value in the X-CSRF-Token header."""
        self._accounts: dict[str, Account] = {}
        self._codes: dict[str, str] = {}
        self._sessions = LoginSessions()
        self._routes: Final[dict[tuple[str, str], Callable[[web.Request], Awaitable[Response]]]] = {
            ("POST", "/login/login.json"): self._login,
            ("POST", "/app-api/generate_mfa_login_otp"): self._send_code,
            ("POST", "/app-api/validate_login_otp"): self._verify_code,
            ("POST", "/tokens"): self._route_a,
            ("GET", "/entrez-auth-token"): self._route_b,
        }

    def add_account(
        self,
        email: str,
        password: str,
        role: str = "owner",
        serials: tuple[str, ...] = ("122300000001",),
        *,
        mfa: bool = False,
    ) -> None:
        """Add an account. With mfa, a login requires a verification code: see last_code()."""
        self._accounts[email] = Account(
            email=email,
            password=password,
            role=role,
            serials=tuple(serials),
            mfa=mfa,
        )

    def last_code(self, email: str) -> str:
        """Return the last verification code sent; raises LookupError if there is none."""
        if email not in self._codes:
            raise LookupError(f"no code was sent to {email}")
        return self._codes[email]

    def clear_sessions(self) -> None:
        """Delete all login sessions, as the cloud does when a login takes too long."""
        self._sessions = LoginSessions()

    @override
    async def respond(self, request: web.Request) -> Response:
        if "homeassistant" in request.headers.get("User-Agent", "").lower():
            return Response(status=406, body=error_page(406), content_type="text/html")
        handler = self._routes.get((request.method, request.path))
        # With 127.0.0.1 as host, all paths are available.
        host = ENTREZ if request.path == "/tokens" else ENLIGHTEN
        if handler is None or request.url.host not in (host, "127.0.0.1"):
            return Response(status=404, body=error_page(404), content_type="text/html")
        return await handler(request)

    async def _login(self, request: web.Request) -> Response:
        if self.login_response != "ok":
            return _REJECTED_LOGINS[self.login_response]
        form = await request.post()
        account = self._accounts.get(str(form.get("user[email]")))
        if account is None or account.password != form.get("user[password]"):
            return _json({"message": "Invalid"}, status=401)
        session = LoginSession(account=account, authenticated=not account.mfa)
        if not account.mfa:
            return self._login_success(session)
        cookies = [
            _set_cookie("_enlighten_4_session", self._sessions.create_cookie(session)),
            self._set_nonce(session),
        ]
        if self.requires_csrf:
            cookies.append(("Set-Cookie", f"XSRF-TOKEN={session.csrf_token}; path=/"))
        return _json(_MFA_REQUIRED[self.mfa_response], *cookies)

    async def _send_code(self, request: web.Request) -> Response:
        session = self._pending_session(request)
        if session is None:
            return _json({"message": "Unauthorized"}, status=401)
        if (await request.post()).get("locale") != "en":
            return _json({"message": "Bad request"}, status=400)
        if self.code_blocked or self.send_code_response == "refused":
            return _json({"success": False, "isBlocked": self.code_blocked})
        if self.send_code_response == "429":
            return Response(status=429, body=error_page(429), content_type="text/html")
        self._codes[session.account.email] = session.renew_code()
        nonce = self._set_nonce(session)
        if self.send_code_response == "ok":
            return _json({"success": True, "isBlocked": False}, nonce)
        return Response(status=204 if self.send_code_response == "no_content" else 200, headers=(nonce,))

    async def _verify_code(self, request: web.Request) -> Response:
        session = self._pending_session(request)
        if session is None:
            return _json({"message": "Unauthorized"}, status=401)
        form = await request.post()
        email, code = _decode_base64(form.get("email")), _decode_base64(form.get("otp"))
        if None in (email, code) or form.get("xhrFields[withCredentials]") != "true":
            return _json({"message": "Bad request"}, status=400)
        if self.code_blocked:
            return _json({"isValid": False, "isBlocked": True})
        if (email, code) != (session.account.email, session.code):
            return _json({"isValid": False, "isBlocked": False}, status=self.wrong_code_status)
        session.authenticated = True
        return self._login_success(session, isValidMobileNumber=True)

    def _pending_session(self, request: web.Request) -> LoginSession | None:
        """Return the login session that waits for a code, or None unless both cookies and the CSRF token are valid."""
        cookies = request.cookies
        session = self._sessions.by_cookie(cookies.get("_enlighten_4_session", ""))
        if session is None or session.authenticated:
            return None
        expired = self.clock() >= session.nonce_expires
        if expired or cookies.get("login_otp_nonce") != session.nonce:
            return None
        csrf_token = request.headers.get("X-CSRF-Token")
        return None if self.requires_csrf and csrf_token != session.csrf_token else session

    async def _route_a(self, request: web.Request) -> Response:
        """Respond to POST /tokens: an access token for a session ID."""
        if self.route_a_response in ("400", "403"):
            status = int(self.route_a_response)
            return Response(status=status, body=error_page(status), content_type="text/html")
        if self.route_a_response == "error_text":
            return Response(body=ERROR_TEXT, content_type="text/plain")
        try:
            body = await request.json()
            session_id, serial = str(body["session_id"]), str(body["serial_num"])
            username = str(body["username"])
        except ValueError, LookupError, TypeError:
            return _json({"message": "Bad request"}, status=400)
        session = self._sessions.by_cookie(session_id)
        if session is None or not session.authenticated or session.account.email != username:
            return _json({"message": "Unauthorized"}, status=401)
        return self._issue_token(session, serial, as_json=self.route_a_response == "json")

    async def _route_b(self, request: web.Request) -> Response:
        """Respond to GET /entrez-auth-token: an access token for a session cookie."""
        cookie = request.cookies.get(self.session_cookie, "")
        session = self._sessions.by_cookie(cookie)
        if session is None or not session.authenticated:
            return _json({"message": "Unauthorized"}, status=401)
        return self._issue_token(session, request.query.get("serial_num", ""), as_json=True)

    def _issue_token(self, session: LoginSession, serial: str, *, as_json: bool) -> Response:
        account = session.account
        if serial not in account.serials:
            return _json({"message": "Forbidden"}, status=403)
        now = self.clock()
        lifetime = tokens.LIFETIMES[account.role]
        token = tokens.create_token(
            serial=serial,
            now=now,
            role=account.role,
            lifetime=lifetime,
            username=account.email,
        )
        if not as_json:
            return Response(body=token.encode(), content_type="text/plain")
        return _json(
            {
                "generation_time": int(now),
                "token": token,
                "expires_at": int(now + lifetime),
            }
        )

    def _login_success(self, session: LoginSession, **fields: Json) -> Response:
        """Return the response to a complete login, with a new cookie. Its value is the session ID."""
        cookie = self._sessions.create_cookie(session)
        header = _set_cookie(self.session_cookie, cookie)
        if self.success_response == "empty":
            return Response(headers=(header,))
        if self.success_response == "sessionId":
            return _json({"sessionId": cookie}, header)
        if self.success_response != "full":
            return _json(_SUCCESS[self.success_response], header)
        return _json(
            {
                "message": "success",
                "session_id": cookie,
                "manager_token": "emulated",
                "is_consumer": True,
                "system_id": "1234567",
                "redirect_url": "",
                **fields,
            },
            header,
        )

    def _set_nonce(self, session: LoginSession) -> tuple[str, str]:
        nonce = session.renew_nonce(self.clock())
        return _set_cookie("login_otp_nonce", f"{nonce}; Max-Age={NONCE_LIFETIME:.0f}")


def _set_cookie(name: str, value: str) -> tuple[str, str]:
    return ("Set-Cookie", f"{name}={value}; path=/; Secure; HttpOnly")


def _json(value: Json, *headers: tuple[str, str], status: int = 200) -> Response:
    return Response(
        status=status,
        body=json.dumps(value).encode(),
        content_type="application/json; charset=utf-8",
        headers=headers,
    )


def _decode_base64(text: object) -> str | None:
    """Return the decoded text, or None if it is invalid."""
    try:
        return base64.b64decode(str(text), validate=True).decode()
    except binascii.Error, UnicodeDecodeError:
        return None


_REJECTED_LOGINS: Final[dict[LoginResponse, Response]] = {
    "blocked": _json({"success": False, "isBlocked": True}),
    "too_many": _json({"message": "Too many active sessions.."}),
    "too_many_nested": _json({"errors": {"base": ["Too many active sessions"]}}, status=422),
    "too_many_text": Response(status=429, body=b"Too many active sessions", content_type="text/plain"),
    "login_form": Response(body=LOGIN_FORM, content_type="text/html; charset=utf-8"),
}
_MFA_REQUIRED: Final[dict[MfaResponse, Json]] = {
    "requires_mfa": {"requires_mfa": True},
    "success": {"success": True, "isBlocked": False},
}
_SUCCESS: Final[dict[SuccessResponse, Json]] = {
    "message": {"message": "success"},
    "isValid": {"isValid": True},
    "object": {},
}
