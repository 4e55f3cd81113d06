"""Checks of a store as a whole: the way to it, its speed, the secret, what it holds. Pure."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from functools import partial

from streamlit_redis_session.cli._facts import LARGE_BYTES, Facts
from streamlit_redis_session.cli._server_checks import (
    check_clients,
    check_clock,
    check_eviction,
    check_memory,
    check_persistence,
    check_role,
    check_version,
)
from streamlit_redis_session.cli._text import bytes_text
from streamlit_redis_session.cli._verdicts import Data, Finding, Node, Verdict, worst
from streamlit_redis_session.storage import Address

SLOW_S, VERY_SLOW_S = 0.02, 0.2
LEAST_SECRET_BYTES = 16
LEAST_FREE_BYTES = 2**30
SLOW_PROBE_S = 2.0


def examine(facts: Facts) -> list[Finding]:
    """Judge all that is known of a store."""
    return [
        *(_latency(facts), _writes(facts)),
        *(_servers(facts) if facts.kind != "memory" else [_memory_only()]),
        *(_transport(facts.address), _secret(facts), _index(facts)),
        *([_disk(facts)] if facts.folder is not None else []),
    ]


def _servers(facts: Facts) -> list[Finding]:
    checks: tuple[Callable[[Node], Finding], ...] = (
        check_version,
        check_role,
        partial(check_persistence, now_s=facts.now_s),
        check_eviction,
        check_memory,
        check_clients,
        partial(check_clock, now_s=facts.now_s),
    )
    nodes = facts.nodes or ({},)
    return [worst([check(node) for node in nodes]) for check in checks]


def _memory_only() -> Finding:
    advice = "For tests alone. Use embedded:// or a server."
    return Finding("persistence", "in this process only", "problem", advice)


def _latency(facts: Facts) -> Finding:
    pings = facts.pings_s
    median, high = pings[len(pings) // 2], pings[int(0.95 * len(pings)) - 1]
    found = f"median {_ms(median)}, 95 % within {_ms(high)}"
    data = {"median_ms": round(median * 1000, 3), "p95_ms": round(high * 1000, 3)}
    if median < SLOW_S:
        return Finding("latency", found, data=data)
    verdict: Verdict = "problem" if median >= VERY_SLOW_S else "warning"
    advice = "Run app and store in the same network or region."
    return Finding("latency", found, verdict, advice, data)


def _writes(facts: Facts) -> Finding:
    probe = facts.probe
    name = "write and read"
    if probe.error:
        return Finding(name, "failed", "problem", probe.error)
    found = f"{bytes_text(LARGE_BYTES)} in {_ms(probe.write_s)}, {_ms(probe.read_s)}"
    data = {"write_ms": round(probe.write_s * 1000, 3), "read_ms": round(probe.read_s * 1000, 3)}
    if probe.write_s + probe.read_s < SLOW_PROBE_S:
        return Finding(name, found, data=data)
    advice = "Saving large frames takes long on this connection."
    return Finding(name, found, "warning", advice, data)


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.2f} ms" if seconds < 0.1 else f"{seconds * 1000:,.0f} ms"


def _transport(address: Address) -> Finding:
    if address.scheme in ("memory", "embedded", "unix"):
        return Finding("transport", "does not leave this machine")
    if address.is_tls:
        if str(address.options.get("ssl_cert_reqs", "")).lower() in ("none", "false", "0"):
            advice = "Anyone on the way can pose as the server: remove ssl_cert_reqs=none."
            return Finding("transport", "TLS, certificates not checked", "warning", advice)
        return Finding("transport", "TLS")
    if is_local(address):
        return Finding("transport", "plain, to this machine")
    advice = "Password and values can be read on the way: use rediss://, or a network you trust."
    return Finding("transport", "plain, to another machine", "warning", advice)


def is_local(address: Address) -> bool:
    """Say whether all hosts are this machine, by their names alone."""
    hosts = [host for host, _ in address.hosts] or [address.host]
    return all(host in ("", "localhost") or _is_loopback(host) for host in hosts)


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _secret(facts: Facts) -> Finding:
    secret = facts.secret
    if facts.refused and facts.refused == facts.opened:
        advice = "Give the secret of the app: --secret-file or STREAMLIT_REDIS_SESSION_SECRET."
        found = f"opens none of {facts.opened} sessions tried"
        return Finding("secret", found, "problem", advice)
    if secret is None:
        local = facts.address.scheme in ("memory", "embedded", "unix") or is_local(facts.address)
        advice = "Whoever can write to the store can forge values: connect(secret=...) in the app."
        return Finding("secret", "none", "ok" if local else "warning", "" if local else advice)
    found, data = f"{len(secret)} bytes", {"bytes": len(secret)}
    if len(secret) < LEAST_SECRET_BYTES or len(set(secret)) < LEAST_SECRET_BYTES // 2:
        advice = "Can be guessed: use 32 random bytes. Sessions of the old secret do not open then."
        return Finding("secret", found, "warning", advice, data)
    return Finding("secret", found, data=data)


def _index(facts: Facts) -> Finding:
    gone = facts.indexed - facts.living
    found = f"{facts.living:,} living" + (f", {gone:,} only in the index" if gone else "")
    data = {"living": facts.living, "indexed": facts.indexed}
    if gone > 0:
        advice = "Evicted or deleted by hand: see what `verify` says of them."
        return Finding("sessions", found, "warning", advice, data)
    return Finding("sessions", found, data=data)


def _disk(facts: Facts) -> Finding:
    found = f"{bytes_text(facts.free_bytes)} free for {facts.folder}"
    if facts.free_bytes is None:
        return Finding("disk", found, "unknown")
    data: Data = {"folder": str(facts.folder), "free_bytes": facts.free_bytes}
    used = max((n for n in (_used(node) for node in facts.nodes)), default=0)
    if facts.free_bytes >= max(LEAST_FREE_BYTES, 2 * used):
        return Finding("disk", found, data=data)
    verdict: Verdict = "problem" if facts.free_bytes < LEAST_FREE_BYTES // 8 else "warning"
    advice = "Free space: the server writes its data anew beside the old now and then."
    return Finding("disk", found, verdict, advice, data)


def _used(node: Node) -> int:
    used = node.get("used_memory")
    return used if isinstance(used, int) else 0
