"""Checks of each server, by what INFO tells: managed services tell little. Pure."""

from __future__ import annotations

import re

from streamlit_redis_session.cli._text import bytes_text, counted, span_text
from streamlit_redis_session.cli._verdicts import (
    NOT_TOLD,
    Data,
    Finding,
    Node,
    Verdict,
    number,
    word,
)

LEAST_VERSION = (7, 0)
# CVE-2025-49844 and its kin: Lua scripts that reach beyond the interpreter
_LUA_FIXED: dict[tuple[str, tuple[int, int]], int | None] = {
    ("redis", (7, 0)): None,  # no fixed release of its own
    ("redis", (7, 2)): 11,
    ("redis", (7, 4)): 6,
    ("redis", (8, 0)): 4,
    ("redis", (8, 2)): 2,
    ("valkey", (7, 2)): 11,
    ("valkey", (8, 0)): 6,
    ("valkey", (8, 1)): 4,
}
_OTHERS = ("upstash_version", "dragonfly_version")
"""Servers that name a version of Redis which they only resemble."""
_NUMBERS = re.compile(r"(\d+)\.(\d+)(?:\.(\d+))?")
_FULL, _NEARLY_FULL = 0.95, 0.80


def check_version(node: Node) -> Finding:
    """See that the server is not too old, for us or for safety."""
    kind = "valkey" if "valkey_version" in node else "redis"
    text = word(node, f"{kind}_version")
    match = _NUMBERS.match(text or "")
    if match is None or any(name in node for name in _OTHERS):
        return Finding("version", text or NOT_TOLD, "unknown", "Redis or Valkey 7.0 is needed.")
    series, patch = (int(match[1]), int(match[2])), int(match[3] or 0)
    found, data = f"{kind.capitalize()} {text}", {"kind": kind, "version": text}
    if series < LEAST_VERSION:
        advice = "Too old: use Redis or Valkey 7.0 or later."
        return Finding("version", found, "problem", advice, data)
    fixed = _LUA_FIXED.get((kind, series), 0)
    if fixed is None or patch < fixed:
        to = "a later series" if fixed is None else f"{series[0]}.{series[1]}.{fixed}"
        advice = (
            f"CVE-2025-49844: users who may run scripts can take over the server. Update to {to} "
            "or later, unless your distribution has mended this one."
        )
        return Finding("version", found, "warning", advice, data)
    return Finding("version", found, data=data)


def check_role(node: Node) -> Finding:
    """See that this server takes writes."""
    role = word(node, "role")
    if role is None:
        return Finding("role", NOT_TOLD, "unknown")
    if role == "master":
        replicas = number(node, "connected_slaves")
        return Finding(
            "role", f"primary, {counted(replicas, 'replica')}" if replicas else "primary"
        )
    link = word(node, "master_link_status") or NOT_TOLD
    advice = "Connect to the primary, or with redis+sentinel://, which finds it."
    return Finding("role", f"replica (link to its primary: {link})", "problem", advice)


def check_persistence(node: Node, *, now_s: float) -> Finding:
    """See what a restart of the server would lose."""
    name = "persistence"
    if number(node, "loading"):
        advice = "Wait until the server has read its data, then ask again."
        return Finding(name, "loading its data", "warning", advice)
    has_aof, saved_s = number(node, "aof_enabled"), number(node, "rdb_last_save_time")
    if has_aof is None and saved_s is None:
        return Finding(name, NOT_TOLD, "unknown", "See the service's own pages: is it durable?")
    failed = [f for f in ("aof_last_write_status", "rdb_last_bgsave_status") if _failed(node, f)]
    if failed:
        advice = "Free the server's disk and see its log: nothing new survives a restart."
        return Finding(name, f"failing ({', '.join(failed)})", "problem", advice)
    if has_aof:
        return Finding(name, "append-only file")
    return _snapshots(node, now_s, saved_s or 0)


def _failed(node: Node, name: str) -> bool:
    return word(node, name) not in (None, "ok")


def _snapshots(node: Node, now_s: float, saved_s: int) -> Finding:
    up_s = number(node, "uptime_in_seconds") or 0
    saves = number(node, "rdb_saves")
    advice = "Turn on the append-only file: appendonly yes, appendfsync everysec."
    if saves or (saves is None and saved_s > now_s - up_s + 1):
        changes = number(node, "rdb_changes_since_last_save")
        since = "" if changes is None else f", {changes:,} changes since"
        found = f"snapshots only, the last {span_text(now_s - saved_s)} ago{since}"
        return Finding("persistence", found, "warning", advice)
    found = f"no append-only file, no snapshot since the start {span_text(up_s)} ago"
    return Finding("persistence", found, "problem", f"A restart loses everything. {advice}")


def check_eviction(node: Node) -> Finding:
    """See that the server never drops keys by itself: a session without one of them is broken."""
    policy, most = word(node, "maxmemory_policy"), number(node, "maxmemory")
    evicted = number(node, "evicted_keys") or 0
    if policy is None:
        verdict: Verdict = "problem" if evicted else "unknown"
        found = f"{NOT_TOLD}, {evicted:,} keys evicted"
        return Finding("eviction", found, verdict, "Set maxmemory-policy noeviction.")
    found = f"{policy}, {evicted:,} keys evicted"
    data: Data = {"policy": policy, "evicted": evicted}
    if policy == "noeviction":
        if not evicted:
            return Finding("eviction", found, data=data)
        advice = "Some were, before the policy was changed: see `verify` for what is lost."
        return Finding("eviction", found, "warning", advice, data)
    advice = "Parts of sessions will be lost when memory is full: set maxmemory-policy noeviction."
    can_happen = most != 0 or evicted
    return Finding("eviction", found, "problem" if can_happen else "warning", advice, data)


def check_memory(node: Node) -> Finding:
    """See how full the server is."""
    used, most = number(node, "used_memory"), number(node, "maxmemory")
    total = number(node, "total_system_memory")
    if used is None:
        return Finding("memory", NOT_TOLD, "unknown")
    limit = most or total
    if not limit:
        return Finding("memory", f"{bytes_text(used)} used, limit {NOT_TOLD}", "unknown")
    of = "" if most else " of the machine, no limit set"
    found = f"{bytes_text(used)} of {bytes_text(limit)} used{of} ({used / limit:.0%})"
    data = {"used_bytes": used, "limit_bytes": limit, "is_limit_set": int(bool(most))}
    if used < _NEARLY_FULL * limit:
        return Finding("memory", found, data=data)
    advice = "Raise maxmemory, or `prune` and `delete` sessions: a full store saves nothing."
    verdict: Verdict = "problem" if used >= _FULL * limit else "warning"
    return Finding("memory", found, verdict, advice, data)


def check_clients(node: Node) -> Finding:
    """See that there is room for connections."""
    clients, most = number(node, "connected_clients"), number(node, "maxclients")
    rejected = number(node, "rejected_connections") or 0
    if clients is None:
        return Finding("clients", NOT_TOLD, "unknown")
    found = f"{clients:,}" + (f" of {most:,}" if most else "")
    found += f", {rejected:,} rejected" if rejected else ""
    if rejected or (most and clients >= _NEARLY_FULL * most):
        return Finding("clients", found, "warning", "Raise maxclients, or find who keeps so many.")
    return Finding("clients", found)


def check_clock(node: Node, *, now_s: float) -> Finding:
    """See that ages and expiry mean the same there and here."""
    server_us = number(node, "server_time_usec")
    if server_us is None:
        return Finding("clock", NOT_TOLD, "unknown")
    skew_s = server_us / 1e6 - now_s
    found, data = f"{skew_s:+.1f} s from here", {"skew_s": round(skew_s, 3)}
    if abs(skew_s) > 60:
        advice = "Set both clocks by NTP: ages are wrong."
        return Finding("clock", found, "warning", advice, data)
    return Finding("clock", found, data=data)
