"""Which addresses a receiver may have. Pure; the standard library alone, for the process that runs Apprise too."""

import ipaddress

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# They hand out the machine's credentials, and lie outside the link-local network (AWS, Alibaba, Oracle, Azure).
METADATA_ADDRESSES = frozenset(
    ipaddress.ip_address(text) for text in ("fd00:ec2::254", "100.100.100.200", "192.0.0.192", "168.63.129.16")
)
IPV4_CARRIERS = (  # networks whose last 32 bits are an IPv4 address that a gateway may reach for us
    ipaddress.ip_network("::/96"),
    ipaddress.ip_network("64:ff9b::/96"),
    ipaddress.ip_network("64:ff9b:1::/48"),
)


def refusal_reason(text: str, *, allow_private: bool) -> str | None:
    """Why an address may not be connected to; None where it may. Raises ValueError for what is no address."""
    for address in effective_addresses(ipaddress.ip_address(text.partition("%")[0])):
        if address in METADATA_ADDRESSES or address.is_link_local:
            return "a link-local or metadata address"
        if address.is_multicast or address.is_unspecified or is_reserved(address):
            return "a multicast, unspecified or reserved address"
        if not allow_private and not address.is_global:
            return "a private or loopback address, and allow_private is not set"
    return None


def is_reserved(address: Address) -> bool:
    """Whether no host can have it; for Python loopback is reserved in IPv6."""
    return address.is_reserved and not address.is_loopback


def effective_addresses(address: Address) -> list[Address]:
    """The address and, where it carries one of IPv4 within, that one alone (it is where the packets go)."""
    if isinstance(address, ipaddress.IPv4Address) or address.is_loopback or address.is_unspecified:
        return [address]
    if address.ipv4_mapped:
        return [address.ipv4_mapped]
    if address.sixtofour:
        return [address.sixtofour]
    if address.teredo:
        return list(address.teredo)
    if any(address in network for network in IPV4_CARRIERS):
        return [ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)]
    return [address]
