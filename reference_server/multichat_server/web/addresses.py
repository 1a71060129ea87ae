"""
From which address a request comes, as far as that can be believed.

A proxy's requests all come from the proxy, which says in ``X-Forwarded-For`` for whom it asks.
Anybody can say so. It is believed of those proxies that the settings name, and what they add
stands at the end: so the header is read from there, up to the first address that is no proxy's.
"""

from collections.abc import Sequence
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Final

from starlette.requests import Request

__all__ = ["client_address", "network_of", "request_address"]

# More hops than any request has that means well.
_MOST_HOPS: Final = 20


def request_address(request: Request, *, trusted_proxies: Sequence[str]) -> str:
    """
    Return from which address a request comes; empty if that is not known.

    Args:
        request: The request.
        trusted_proxies: Addresses and networks of proxies, as in the settings.

    """
    client = request.client
    return client_address(
        client.host if client else None,
        request.headers.getlist("x-forwarded-for"),
        trusted_proxies=trusted_proxies,
    )


def client_address(
    peer: str | None, forwarded: Sequence[str], *, trusted_proxies: Sequence[str]
) -> str:
    """
    Return a request's address; empty if there is none.

    Args:
        peer: The other end of the connection; ``None`` if it has no address.
        forwarded: The request's headers ``X-Forwarded-For``.
        trusted_proxies: Addresses and networks of proxies, as in the settings.

    """
    address = _parse(peer or "")
    if address is None:
        return ""
    networks = [ip_network(each) for each in trusted_proxies]
    hops = [hop for header in forwarded for hop in header.split(",")]
    for hop in reversed(hops[-_MOST_HOPS:]):
        if not any(address in network for network in networks):
            break
        before = _parse(hop.strip())
        if before is None:
            break
        address = before
    return str(address)


def network_of(address: str) -> str:
    """
    Return what one customer of a provider has: an IPv4 address, or an IPv6 network of 64 bits.

    What is limited by address is limited by this: nobody gets a new one at will.
    """
    parsed = _parse(address)
    if isinstance(parsed, IPv6Address):
        return str(IPv6Network((parsed, 64), strict=False))
    return address


def _parse(text: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    # What an IPv4 client is called by a socket that takes both.
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return mapped or address
