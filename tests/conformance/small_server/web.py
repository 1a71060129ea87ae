"""The pages of the small server: a login form as Django's is, and logout (section 2.4)."""

import hmac
import secrets
import urllib.parse
from http import HTTPStatus

from tests.conformance.small_server.handshake import Request, Response
from tests.conformance.small_server.store import Store

__all__ = ["Web", "encode"]

FORM = """<!doctype html><title>Log in</title><form method="post" action=".">
<input type="hidden" name="csrfmiddlewaretoken" value="{token}">
<input name="username"><input type="password" name="password"><button>Log in</button></form>
"""


class Web:
    """What is served to requests that are none for the chat."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def answer(self, request: Request) -> Response:
        """Answer a request."""
        match request.method, request.path:
            case "GET", "/accounts/login/":
                return self.form()
            case "POST", "/accounts/login/":
                return self.log_in(request)
            case _, "/accounts/logout/":
                return self.log_out(request)
            case _:
                return Response(404, "There is nothing here.")

    def form(self) -> Response:
        """Show the form, with a token in it and in a cookie."""
        token = secrets.token_hex(16)
        cookie = f"csrftoken={token}; Path=/; SameSite=Lax"
        return Response(200, FORM.format(token=token), (("Set-Cookie", cookie),))

    def log_in(self, request: Request) -> Response:
        """Take the form back: a redirect if all is right, the form again if not."""
        form = dict(urllib.parse.parse_qsl(request.body.decode("ascii", "replace")))
        token = request.cookie("csrftoken") or ""
        if not token or not hmac.compare_digest(token, form.get("csrfmiddlewaretoken", "")):
            return Response(403, "The token is missing.")
        session = self.store.log_in(form.get("username", ""), form.get("password", ""))
        if session is None:
            return self.form()
        cookie = f"sessionid={session.key}; HttpOnly; Path=/; SameSite=Lax"
        return Response(302, "", (("Set-Cookie", cookie), ("Location", "/")))

    def log_out(self, request: Request) -> Response:
        """End the session that the cookie names."""
        session = self.store.session(request.cookie("sessionid"))
        if session is not None:
            self.store.end_sessions([session])
        gone = "sessionid=; Max-Age=0; Path=/"
        return Response(302, "", (("Set-Cookie", gone), ("Location", "/")))


def encode(response: Response) -> bytes:
    """Return a response as bytes; the connection ends after it."""
    body = response.text.encode()
    lines = [
        f"HTTP/1.1 {response.status} {HTTPStatus(response.status).phrase}",
        "Content-Type: text/html; charset=utf-8",
        f"Content-Length: {len(body)}",
        "Connection: close",
        *(f"{name}: {value}" for name, value in response.headers),
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body
