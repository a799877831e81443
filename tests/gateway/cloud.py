"""Enphase's cloud: from an account, perhaps with a code, to a gateway's token."""

import base64
import binascii
from collections.abc import Awaitable, Callable
import json
from typing import Final, Literal, override

from aiohttp import web

from . import tokens
from .accounts import NONCE_LIFETIME, Account, SignIn, SignIns
from .certificates import authority, signed_by
from .exchange import Reply
from .pages import error_page
from .payloads import Json
from .server import Server

type RouteA = Literal["text", "json", "400", "403", "error_text"]
type Login = Literal["ok", "blocked", "too_many", "wall"]

ENLIGHTEN: Final = "enlighten.enphaseenergy.com"
ENTREZ: Final = "entrez.enphaseenergy.com"
WALL: Final = b'<!DOCTYPE html><html><form><input name="user[password]" type="password"></form></html>\n'


class Cloud(Server):
    """Both of Enphase's hosts behind one port, signed by an authority of its own.

    What was never captured is assumed: the statuses of wrong and lost codes, and that
    the cloud answers 403 for a gateway that is not the account's.
    """

    def __init__(self) -> None:
        """Prepare a cloud without accounts."""
        issuer = authority()
        super().__init__(signed_by(issuer, ENLIGHTEN, ENTREZ))
        self.ca_pem: Final = issuer.pem
        self.route_a: RouteA = "text"
        self.login: Login = "ok"
        self.code_blocked = False
        self.csrf = False  # sets XSRF-TOKEN, and wants it back as X-CSRF-Token
        self._accounts: dict[str, Account] = {}
        self._codes: dict[str, str] = {}
        self._sign_ins = SignIns()
        self._routes: Final[dict[tuple[str, str], Callable[[web.Request], Awaitable[Reply]]]] = {
            ("POST", "/login/login.json"): self._sign_in,
            ("POST", "/app-api/generate_mfa_login_otp"): self._send_code,
            ("POST", "/app-api/validate_login_otp"): self._check_code,
            ("POST", "/tokens"): self._token_by_session,
            ("GET", "/entrez-auth-token"): self._token_by_cookie,
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
        """Let somebody sign in; mfa: with a code, see code."""
        self._accounts[email] = Account(
            email=email,
            password=password,
            role=role,
            serials=tuple(serials),
            mfa=mfa,
        )

    def code(self, email: str) -> str:
        """Return the last code sent; raises LookupError if none was."""
        if email not in self._codes:
            raise LookupError(f"no code was sent to {email}")
        return self._codes[email]

    def forget_sessions(self) -> None:
        """Lose every sign-in, as the cloud does when one takes too long."""
        self._sign_ins = SignIns()

    @override
    async def reply(self, request: web.Request) -> Reply:
        if "homeassistant" in request.headers.get("User-Agent", "").lower():
            return Reply(status=406, body=error_page(406), content_type="text/html")
        answer = self._routes.get((request.method, request.path))
        # Reached as 127.0.0.1 it is both hosts at once.
        right_host = ENTREZ if request.path == "/tokens" else ENLIGHTEN
        if answer is None or request.url.host not in (right_host, "127.0.0.1"):
            return Reply(status=404, body=error_page(404), content_type="text/html")
        return await answer(request)

    async def _sign_in(self, request: web.Request) -> Reply:
        match self.login:
            case "blocked":
                return _json({"success": False, "isBlocked": True})
            case "too_many":
                return _json({"message": "Too many active sessions.."})
            case "wall":
                return Reply(body=WALL, content_type="text/html; charset=utf-8")
        form = await request.post()
        account = self._accounts.get(str(form.get("user[email]")))
        if account is None or account.password != form.get("user[password]"):
            return _json({"message": "Invalid"}, status=401)
        sign_in = SignIn(account=account, authenticated=not account.mfa)
        if not account.mfa:
            return self._welcome(sign_in)
        cookies = [
            _cookie("_enlighten_4_session", self._sign_ins.open(sign_in)),
            self._nonce(sign_in),
        ]
        if self.csrf:
            cookies.append(("Set-Cookie", f"XSRF-TOKEN={sign_in.session_id}; path=/"))
        return _json({"success": True, "isBlocked": False}, *cookies)

    async def _send_code(self, request: web.Request) -> Reply:
        sign_in = self._under_way(request)
        if sign_in is None:
            return _json({"message": "Unauthorized"}, status=401)
        if (await request.post()).get("locale") != "en":
            return _json({"message": "Bad request"}, status=400)
        if self.code_blocked:
            return _json({"success": False, "isBlocked": True})
        self._codes[sign_in.account.email] = sign_in.new_code()
        return _json({"success": True, "isBlocked": False}, self._nonce(sign_in))

    async def _check_code(self, request: web.Request) -> Reply:
        sign_in = self._under_way(request)
        if sign_in is None:
            return _json({"message": "Unauthorized"}, status=401)
        form = await request.post()
        email, code = _decoded(form.get("email")), _decoded(form.get("otp"))
        if None in (email, code) or form.get("xhrFields[withCredentials]") != "true":
            return _json({"message": "Bad request"}, status=400)
        if self.code_blocked:
            return _json({"isValid": False, "isBlocked": True})
        if (email, code) != (sign_in.account.email, sign_in.code):
            return _json({"isValid": False, "isBlocked": False})
        sign_in.authenticated = True
        return self._welcome(sign_in, isValidMobileNumber=True)

    def _under_way(self, request: web.Request) -> SignIn | None:
        """Return the sign-in that waits for a code, by its newest cookies."""
        cookies = request.cookies
        sign_in = self._sign_ins.by_cookie(cookies.get("_enlighten_4_session", ""))
        if sign_in is None or sign_in.authenticated:
            return None
        fresh = self.clock() < sign_in.nonce_until
        if not fresh or cookies.get("login_otp_nonce") != sign_in.nonce:
            return None
        proof = request.headers.get("X-CSRF-Token")
        return None if self.csrf and proof != sign_in.session_id else sign_in

    async def _token_by_session(self, request: web.Request) -> Reply:
        """Answer POST /tokens: route A."""
        if self.route_a in ("400", "403"):
            status = int(self.route_a)
            return Reply(status=status, body=error_page(status), content_type="text/html")
        if self.route_a == "error_text":
            return Reply(body=b"Error in generating Token", content_type="text/plain")
        try:
            wanted = await request.json()
            session_id, serial = str(wanted["session_id"]), str(wanted["serial_num"])
            username = str(wanted["username"])
        except ValueError, LookupError, TypeError:
            return _json({"message": "Bad request"}, status=400)
        sign_in = self._sign_ins.by_session_id(session_id)
        if sign_in is None or sign_in.account.email != username:
            return _json({"message": "Unauthorized"}, status=401)
        return self._token(sign_in, serial, as_json=self.route_a == "json")

    async def _token_by_cookie(self, request: web.Request) -> Reply:
        """Answer GET /entrez-auth-token: route B."""
        cookie = request.cookies.get("_enlighten_4_session", "")
        sign_in = self._sign_ins.by_cookie(cookie)
        if sign_in is None or not sign_in.authenticated:
            return _json({"message": "Unauthorized"}, status=401)
        return self._token(sign_in, request.query.get("serial_num", ""), as_json=True)

    def _token(self, sign_in: SignIn, serial: str, *, as_json: bool) -> Reply:
        account = sign_in.account
        if serial not in account.serials:
            return _json({"message": "Forbidden"}, status=403)
        now = self.clock()
        lifetime = tokens.LIFETIMES[account.role]
        token = tokens.mint(
            serial=serial,
            now=now,
            role=account.role,
            lifetime=lifetime,
            username=account.email,
        )
        if not as_json:
            return Reply(body=token.encode(), content_type="text/plain")
        return _json(
            {
                "generation_time": int(now),
                "token": token,
                "expires_at": int(now + lifetime),
            }
        )

    def _welcome(self, sign_in: SignIn, **more: Json) -> Reply:
        """Answer a finished sign-in, with its session id and a new cookie."""
        return _json(
            {
                "message": "success",
                "session_id": sign_in.session_id,
                "manager_token": "emulated",
                "is_consumer": True,
                "system_id": "1234567",
                "redirect_url": "",
                **more,
            },
            _cookie("_enlighten_4_session", self._sign_ins.open(sign_in)),
        )

    def _nonce(self, sign_in: SignIn) -> tuple[str, str]:
        nonce = sign_in.new_nonce(self.clock())
        return _cookie("login_otp_nonce", f"{nonce}; Max-Age={NONCE_LIFETIME:.0f}")


def _cookie(name: str, value: str) -> tuple[str, str]:
    return ("Set-Cookie", f"{name}={value}; path=/; Secure; HttpOnly")


def _json(value: Json, *headers: tuple[str, str], status: int = 200) -> Reply:
    return Reply(
        status=status,
        body=json.dumps(value).encode(),
        content_type="application/json; charset=utf-8",
        headers=headers,
    )


def _decoded(text: object) -> str | None:
    """Return the text behind base64, or None."""
    try:
        return base64.b64decode(str(text), validate=True).decode()
    except binascii.Error, UnicodeDecodeError:
        return None
