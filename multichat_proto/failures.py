"""Why the network failed: in a few words for the person who waits for it, and as our errors."""

import errno
import os
import re
import socket
import ssl
from typing import Final

from websockets.exceptions import ConnectionClosed as WebSocketClosed
from websockets.exceptions import (
    InvalidHandshake,
    InvalidMessage,
    InvalidProxy,
    InvalidStatus,
    PayloadTooBig,
    ProtocolError,
    ProxyError,
    TooManyFragments,
    WebSocketException,
)
from websockets.proxy import parse_proxy

from multichat_proto.address import Address
from multichat_proto.exceptions import (
    CertificateInvalid,
    ConnectionClosed,
    ConnectionFailed,
    HandshakeRefused,
    LocalProtocolError,
    MultichatError,
    RemoteProtocolError,
)
from multichat_proto.messages import CloseCode

__all__ = [
    "OPENING_FAILURES",
    "check_proxy",
    "closing_error",
    "failure_reason",
    "login_error",
    "opening_error",
]

OPENING_FAILURES: Final = (OSError, WebSocketException, EOFError, UnicodeError, ImportError)
"""What websockets and the system raise where no connection comes about: for
:func:`opening_error`. A name that no host can have is a ``UnicodeError``; an ``ImportError`` says
that a SOCKS proxy needs one more package."""

# asyncio puts the failures of several addresses into the words of one error without a number.
_NUMBER: Final = re.compile(r"\[Errno (\d{1,6})\]")

_LONGEST_WAIT: Final = 86_400.0
"""A day, in seconds: a server that asks for more patience is as good as one that asks for it."""

# TLS was spoken, and the connection broke: another time it may go well.
_BROKEN_TLS: Final = (ssl.SSLEOFError, ssl.SSLSyscallError, ssl.SSLZeroReturnError)


def opening_error(exc: BaseException, address: Address) -> MultichatError:
    """
    Return our error for one that kept a connection from coming about.

    Args:
        exc: One of :data:`OPENING_FAILURES`.
        address: The server.

    """
    where = f"{address.host} port {address.port}"
    if isinstance(exc, InvalidStatus):
        return HandshakeRefused(exc.response.status_code, _retry_after(exc))
    if isinstance(exc, ProxyError):
        return ConnectionFailed(f"the proxy does not let us through: {exc}")
    if isinstance(exc, WebSocketClosed | EOFError) or _is_hang_up(exc):
        return ConnectionFailed("the server hung up during the WebSocket handshake")
    if isinstance(exc, InvalidHandshake):
        return RemoteProtocolError(f"what answers there does not speak WebSocket: {exc}")
    if isinstance(exc, ssl.SSLError):
        return _tls_error(exc)(f"no encrypted connection to {where}: {failure_reason(exc)}")
    if isinstance(exc, ImportError):
        return LocalProtocolError("a SOCKS proxy needs one more package: python-socks")
    if isinstance(exc, UnicodeError):
        return LocalProtocolError(f"{address.host!r} is no name that a host can have")
    return ConnectionFailed(f"cannot reach {where}: {failure_reason(exc)}")


def login_error(exc: BaseException, origin: str) -> ConnectionFailed:
    """
    Return our error for one that kept a login form from being asked for.

    It is not to be raised "from" that one: the request hangs on it, and with it the password.

    Args:
        exc: What httpx2 raised.
        origin: The server.

    """
    root = _root(exc)
    kind = _tls_error(root) if isinstance(root, ssl.SSLError) else ConnectionFailed
    return kind(f"cannot reach {origin} to log in: {failure_reason(exc)}")


def closing_error(
    exc: WebSocketClosed, violation: BaseException | None = None
) -> ConnectionClosed | RemoteProtocolError:
    """
    Return our error for how a connection of websockets has ended.

    Args:
        exc: What websockets says.
        violation: What its parser could not take, if anything; the network's error, which may
            come of it, would hide it otherwise.

    """
    cause = violation or exc.__cause__
    if isinstance(cause, ProtocolError | PayloadTooBig | TooManyFragments | UnicodeDecodeError):
        return RemoteProtocolError(f"the server broke the WebSocket protocol: {cause}")
    if exc.rcvd is None:
        return ConnectionClosed(CloseCode.ABNORMAL)
    return ConnectionClosed(exc.rcvd.code, exc.rcvd.reason)


def check_proxy(url: str) -> None:
    """
    Check the address of a proxy that websockets is to use.

    Raises:
        LocalProtocolError: It is none. The sentence does not repeat it: it may hold a password.

    """
    try:
        parse_proxy(url)
    except (InvalidProxy, ValueError):
        # Not "from exc": its words hold the address.
        pass
    else:
        return
    raise LocalProtocolError("the proxy has no address such as http://host:3128")


def _tls_error(exc: ssl.SSLError) -> type[ConnectionFailed]:
    return ConnectionFailed if isinstance(exc, _BROKEN_TLS) else CertificateInvalid


def _is_hang_up(exc: BaseException) -> bool:
    return isinstance(exc, InvalidMessage) and isinstance(exc.__cause__, EOFError)


def _retry_after(exc: InvalidStatus) -> float | None:
    # Seconds only: a date would need a clock that both sides agree on.
    values = exc.response.headers.get_all("Retry-After")
    if len(values) == 1 and re.fullmatch(r"[0-9]{1,9}", values[0].strip()):
        return min(float(values[0]), _LONGEST_WAIT)
    return None


def failure_reason(exc: BaseException) -> str:
    """
    Return the words for an exception of Trio, asyncio, httpx2 or the system.

    The cause is what counts: Trio puts several attempts to connect in a group, and httpx2
    wraps what it got twice.
    """
    exc = _root(exc)
    if isinstance(exc, ssl.SSLCertVerificationError):
        return f"its certificate is not trusted: {exc.verify_message}"
    if isinstance(exc, ssl.SSLError):
        words = str(exc.reason or exc).replace("_", " ").lower()
        return "it does not speak TLS" if words == "wrong version number" else words
    if isinstance(exc, socket.gaierror):
        return "no such host" if exc.errno == socket.EAI_NONAME else str(exc.strerror)
    if isinstance(exc, OSError) and exc.errno is not None and exc.errno in errno.errorcode:
        return os.strerror(exc.errno)
    if isinstance(exc, ConnectionResetError):
        return os.strerror(errno.ECONNRESET)  # asyncio's has no number
    if isinstance(exc, OSError) and (number := _NUMBER.search(str(exc))) is not None:
        return os.strerror(int(number[1]))
    return str(exc) or type(exc).__name__


def _root(exc: BaseException) -> BaseException:
    while True:
        if isinstance(exc, BaseExceptionGroup):
            exc = exc.exceptions[0]
        elif isinstance(exc, OSError) and exc.errno is not None:
            return exc
        elif (cause := exc.__cause__ or exc.__context__) is not None:
            exc = cause
        else:
            return exc
