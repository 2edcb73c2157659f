import ipaddress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from .personal_data_finds import finds

# Ranges on which Python's releases differ: 192.0.0.0/24, 2001::/23 and 3fff::/20.
UNSETTLED4 = ipaddress.ip_network("192.0.0.0/24")
UNSETTLED6 = [ipaddress.ip_network(range_) for range_ in ("2001::/23", "3fff::/20", "2002::/16")]


def is_public(address) -> bool:
    return address.is_global and not address.is_multicast


@given(st.ip_addresses(v=4))
@example(ipaddress.ip_address("100.63.255.255"))
@example(ipaddress.ip_address("100.64.0.0"))
@example(ipaddress.ip_address("172.15.255.255"))
@example(ipaddress.ip_address("172.32.0.0"))
@example(ipaddress.ip_address("198.17.255.255"))
@example(ipaddress.ip_address("198.20.0.0"))
@example(ipaddress.ip_address("203.0.113.7"))
@example(ipaddress.ip_address("223.255.255.255"))
def test_public_ipv4_addresses_are_found_and_no_others(address):
    if address in UNSETTLED4:
        return
    expected = [("ipv4", str(address))] if is_public(address) else []
    assert finds(f"the server {address} answers") == expected


@given(st.ip_addresses(v=6) | st.ip_addresses(v=6, network="2000::/3"), st.booleans())
def test_public_ipv6_addresses_are_found_and_no_others(address, exploded):
    if any(address in network for network in UNSETTLED6) or address.ipv4_mapped:
        return
    text = address.exploded if exploded else str(address)
    groups = [group for group in text.split(":") if group]
    # Short ones of digits alone are slices of programs.
    telling = len(groups) > 2 or any(c in "abcdef" for c in text)
    public = is_public(address) and address in ipaddress.ip_network("2000::/3")
    assert finds(f"from {text} on") == ([("ipv6", text)] if public and telling else [])


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("http://81.2.69.142:8080/x", "81.2.69.142"),
        ("https://site.test/81.2.69.142", "81.2.69.142"),
        ("from 81.2.69.142, then", "81.2.69.142"),
        ("81.2.69.142.", "81.2.69.142"),
        ("81.2.69.142. Then", "81.2.69.142"),
        ("81.2.69.0/24", "81.2.69.0"),
        ("8.8.8.8", "8.8.8.8"),
        ("server 5.6.7.9", "5.6.7.9"),
        ("[2606:4700::1111]:443", "2606:4700::1111"),
        ("IPv6:2606:2800:220:1:248:1893:25c8:1946.", "2606:2800:220:1:248:1893:25c8:1946"),
        ("2606:4700::1111: up", "2606:4700::1111"),
        ("2a00:1450::/32", "2a00:1450::"),
    ],
)
def test_addresses_are_found_without_what_is_around_them(text, address):
    assert finds(text) == [("ipv6" if address.count(":") else "ipv4", address)]


@pytest.mark.parametrize(
    "text",
    [
        "v81.2.69.142", "version 81.2.69.142", "Chrome/81.2.69.142", "package-81.2.69.142", "package==81.2.69.142",
        "81.2.69.142-beta", "81.2.69.142.7", "1.2.3.4", "Section 81.2.69.142", "§81.2.69.142", "81.02.69.142",
        "256.2.69.142", "81.2.69", "x81.2.69.142", "81.2.69.142x", "find?q=Chrome/28.0.34.33",
        "std::vector", "12:30:45", "2023:11:02 10:20:30", "a[2000::2]", "00:1A:2b:3c:4d:5e", "fe80::1", "::1",
        "2606:4700::1111::1", "2606:47000::1", "2606:4700:1:2:3:4:5:6:7", "2606:4700:1", "2606:4700::/32", "2001:db8::8a2e:370:7334",
        "a2606:4700::1111", "2606:4700::1111x",
    ],
)  # fmt: skip
def test_versions_sections_times_and_slices_are_no_addresses(text):
    assert finds(text) == []
