"""
The way to a target, step by step: its name, its port, its certificate.

Each step says what it has found. It raises :exc:`~multichat_conformance.findings.NotTested` if
something is wrong, with what and what to do; so it does after ``patience`` seconds.
"""

import ssl

import trio

from multichat_conformance.actors.handshake import open_stream
from multichat_conformance.findings import NotTested, TargetGone
from multichat_conformance.target.model import Target

__all__ = ["connect", "resolve", "secure"]


async def resolve(host: str, port: int, patience: float) -> str:
    """Look the name of a host up."""
    with trio.move_on_after(patience):
        try:
            found = await trio.socket.getaddrinfo(host, port, type=trio.socket.SOCK_STREAM)
        except OSError as exc:
            raise NotTested(f"the name {host} is not known ({exc}): put url right") from exc
        return ", ".join(dict.fromkeys(str(one[4][0]) for one in found))
    raise NotTested(f"the name {host} was not resolved within {patience:.0f} s")


async def connect(host: str, port: int, patience: float) -> str:
    """Connect by TCP, and hang up."""
    with trio.move_on_after(patience):
        try:
            stream = await trio.open_tcp_stream(host, port)
        except OSError as exc:
            raise NotTested(
                f"nothing takes connections at {host} port {port} ({exc}): start the server, "
                "or put url right"
            ) from exc
        await stream.aclose()
        return f"port {port} is open"
    raise NotTested(
        f"{host} port {port} does not answer within {patience:.0f} s: is a firewall in between?"
    )


async def secure(target: Target, patience: float) -> str:
    """Connect by TLS, and hang up."""
    with trio.move_on_after(patience):
        try:
            stream = await open_stream(target)
        except TargetGone as exc:
            raise NotTested(_about_tls(exc)) from exc
        await trio.aclose_forcefully(stream)
        trusted = target.ca_file or "the system's certificates"
        return f"the certificate is good ({trusted})"
    raise NotTested("the TLS handshake does not end: is it a ws:// server?")


def _about_tls(exc: TargetGone) -> str:
    cause = exc.__cause__
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return (
            f"the certificate is not trusted ({cause.verify_message}): name the file of its "
            "authority with ca_file in the target file, or renew it"
        )
    return f"no TLS there ({exc}): check the url, or is it a ws:// server?"
