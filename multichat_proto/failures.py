"""Why the network failed, in a few words for the person who waits for it."""

import errno
import os
import socket
import ssl

__all__ = ["failure_reason"]


def failure_reason(exc: BaseException) -> str:
    """
    Return the words for an exception of Trio, httpx2 or the system.

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
