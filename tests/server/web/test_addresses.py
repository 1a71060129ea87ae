"""From which address a request comes, as far as that can be believed."""

import pytest

from multichat_server.web.addresses import client_address, network_of

PROXIES = ("10.0.0.0/8", "192.0.2.7", "fd00::/8")


@pytest.mark.parametrize(
    ("peer", "forwarded", "address"),
    [
        ("203.0.113.5", [], "203.0.113.5"),
        # A client that is no proxy can say what it likes.
        ("203.0.113.5", ["198.51.100.1"], "203.0.113.5"),
        ("10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
        # The client wrote the first, our proxy the second.
        ("10.1.2.3", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.1.2.3", ["1.1.1.1", "198.51.100.1"], "198.51.100.1"),
        # Two proxies of ours.
        ("10.1.2.3", ["1.1.1.1, 198.51.100.1, 192.0.2.7"], "198.51.100.1"),
        ("::ffff:10.1.2.3", ["198.51.100.1"], "198.51.100.1"),
        ("fd00::1", [" 2001:db8::9 "], "2001:db8::9"),
        ("fe80::1%eth0", [], "fe80::1"),
        # Nothing that is no address gets any further.
        ("10.1.2.3", ["unknown"], "10.1.2.3"),
        ("10.1.2.3", ["198.51.100.1, <script>"], "10.1.2.3"),
        ("10.1.2.3", [""], "10.1.2.3"),
        ("10.1.2.3", [], "10.1.2.3"),
        ("10.1.2.3", [", ".join(["10.9.9.9"] * 10_000)], "10.9.9.9"),
        (None, ["198.51.100.1"], ""),
        ("a socket's path", ["198.51.100.1"], ""),
    ],
    ids=range(16),
)
def test_a_proxy_of_ours_is_believed(peer: str | None, forwarded: list[str], address: str) -> None:
    assert client_address(peer, forwarded, trusted_proxies=PROXIES) == address


def test_no_proxy_is_believed_that_nobody_named() -> None:
    assert client_address("127.0.0.1", ["198.51.100.1"], trusted_proxies=()) == "127.0.0.1"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2::", "2001:db8:1:2::/64"),
        ("", ""),
    ],
    ids=["v4", "v6", "v6-first", "none"],
)
def test_a_customers_addresses_are_one(address: str, network: str) -> None:
    assert network_of(address) == network
