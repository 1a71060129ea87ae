"""A running target as the tests see it: where it is, who may log in, logging in, its hooks."""

from __future__ import annotations

import json
import re
import subprocess
from http.client import HTTPConnection, HTTPMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

__all__ = ["TARGETS", "Answer", "RunningTarget"]

TARGETS = Path(__file__).parents[2] / "conformance" / "targets"


class Answer:
    """One HTTP answer, read to its end."""

    def __init__(self, status: int, headers: HTTPMessage, body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.text = body.decode("utf-8", "replace")

    @property
    def cookies(self) -> dict[str, str]:
        """The cookies it sets, without their attributes."""
        lines = self.headers.get_all("Set-Cookie") or []
        pairs = (line.strip().partition(";")[0].partition("=") for line in lines)
        return {name: value for name, _, value in pairs}

    @property
    def token(self) -> str:
        """The token hidden in the form."""
        found = re.search("""name=['"]csrfmiddlewaretoken['"] value=['"]([^'"]+)""", self.text)
        assert found is not None
        return found[1]


class RunningTarget:
    """
    A running target.

    Attributes:
        name: Its folder's name.
        ready: Its ready line.
        process: The process of ``run.py``.
        url: The address of its pages, with a slash at the end.
        websocket: The address of the stream.
        passwords: By user name.

    """

    def __init__(self, name: str, ready: dict[str, Any], process: subprocess.Popen[str]) -> None:
        self.name = name
        self.ready = ready
        self.process = process
        self.url: str = ready["url"]
        self.websocket: str = ready["websocket"]
        self.passwords: dict[str, str] = {
            account["username"]: account["password"] for account in ready["accounts"]
        }
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        assert parts.port is not None
        self.host: str = parts.hostname
        self.port: int = parts.port
        self._sessions: dict[str, str] = {}

    def request(
        self,
        method: str,
        path: str,
        *,
        form: dict[str, str] | None = None,
        cookies: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one HTTP request on a connection of its own, following no redirect."""
        sent = dict(headers or {})
        if cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in cookies.items())
        body = None
        if form is not None:
            body = urlencode(form)
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        connection = HTTPConnection(self.host, self.port, timeout=60)
        try:
            connection.request(method, path, body, sent)
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def submit(
        self, path: str, form: dict[str, str], cookies: dict[str, str] | None = None
    ) -> Answer:
        """Fetch a page, fill in its form and post it to ``path``."""
        page = self.request("GET", path, cookies=cookies)
        both = {**(cookies or {}), **page.cookies}
        return self.request(
            "POST", path, form={**form, "csrfmiddlewaretoken": page.token}, cookies=both
        )

    def try_log_in(self, username: str, password: str) -> Answer:
        """Log in by the form and return what it answers: 302 if it was right."""
        return self.submit("/accounts/login/", {"username": username, "password": password})

    def log_in(self, username: str) -> str:
        """Log in by the form and return the new session's key."""
        answer = self.try_log_in(username, self.passwords[username])
        assert answer.status == 302
        return answer.cookies["sessionid"]

    def log_out(self, key: str) -> None:
        """Log a session out by its page."""
        answer = self.request("GET", "/accounts/logout/", cookies={"sessionid": key})
        assert answer.status == 302

    def session(self, username: str) -> str:
        """Return the key of a session that is shared by the tests."""
        if username not in self._sessions:
            self._sessions[username] = self.log_in(username)
        return self._sessions[username]

    def post(self, hook: str, body: bytes, headers: dict[str, str] | None = None) -> Answer:
        """Send something to where the hooks are."""
        where = urlsplit(self.ready["hooks"])
        connection = HTTPConnection(where.netloc, timeout=60)
        try:
            connection.request("POST", where.path + hook, body, headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def pull(self, hook: str, **arguments: str | int) -> dict[str, Any]:
        """Pull a hook that does what it says."""
        answer = self.post(hook, json.dumps(arguments).encode())
        assert answer.status == 200, answer.text
        result: dict[str, Any] = json.loads(answer.text)
        return result
