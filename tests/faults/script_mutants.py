"""Mistakes in the lines of the Lua scripts, put in on purpose; see ``mutants``."""

from __future__ import annotations

import hashlib

import pytest
from support import protocol_on_server

from streamlit_redis_session.storage import _redis
from streamlit_redis_session.storage._scripts import Script

from .mutants import Check, Mutant

SCRIPT_MUTANTS: list[Mutant] = []


def line(script: Script, before: str, after: str, check: Check) -> None:
    """Enter a mistake in a script's text."""

    def patch(monkeypatch: pytest.MonkeyPatch) -> None:
        source = script.source.decode()
        assert source.count(before) == 1, before
        changed = source.replace(before, after).encode()
        sha = hashlib.sha1(changed, usedforsecurity=False).hexdigest()
        monkeypatch.setitem(vars(script), "source", changed)
        monkeypatch.setitem(vars(script), "_sha", sha)

    SCRIPT_MUTANTS.append(Mutant(f"{script.name}.lua: {before.strip()[:50]}", patch, check))


_ANSWERS = protocol_on_server.the_server_answers_as_the_reference
_GONE = protocol_on_server.nothing_is_left_of_a_deleted_session

line(_redis._TRANSACT, "if known[1] ~= ARGV[2] then", "if not known[1] then", _ANSWERS)
line(
    _redis._TRANSACT,
    "if string.find(applied, token, 1, true) then",
    "if applied == token .. token then",
    _ANSWERS,
)
line(_redis._TRANSACT, "'applied', applied .. token)", "'applied', applied)", _ANSWERS)
line(_redis._TRANSACT, "for _ = 1, ARGV[7] do", "for _ = 2, ARGV[7] do", _ANSWERS)
line(
    _redis._TRANSACT,
    "(value and '1' or '0') ~= ARGV[at + 1] or (value and value ~= ARGV[at + 2])",
    "(value and '1' or '0') ~= ARGV[at + 1]",
    _ANSWERS,
)
line(_redis._TRANSACT, "'EX', ARGV[6], 'NX')", "'EX', 1, 'NX')", _ANSWERS)
line(_redis._TRANSACT, "data, 'EX', ARGV[6], 'NX')", "data, 'EX', ARGV[6])", _ANSWERS)
line(
    _redis._TRANSACT,
    "redis.call('EXPIRE', KEYS[chunk], ARGV[6], 'GT')",
    "redis.call('EXPIRE', KEYS[chunk], ARGV[6])",
    _ANSWERS,
)
line(_redis._TRANSACT, "known[3] + 1)", "known[3])", _ANSWERS)
line(_redis._TRANSACT, "write('HDEL', REFS, 12)", "", _ANSWERS)
line(_redis._TRANSACT, "write('HDEL', TABLES, 14)", "", _ANSWERS)
line(_redis._TRANSACT, "write('HSET', META, 11)", "", _ANSWERS)
line(_redis._TRANSACT, "for key = 1, 5 do", "for key = 1, 1 do", _ANSWERS)
line(
    _redis._EXTEND,
    "redis.call('EXPIRE', KEYS[at], ARGV[1], 'GT')",
    "redis.call('EXPIRE', KEYS[at], ARGV[1])",
    _ANSWERS,
)
line(_redis._DELETE, "KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5])", "KEYS[1], KEYS[2])", _GONE)
line(_redis._CREATE, "redis.call('DEL', KEYS[2], KEYS[3], KEYS[4], KEYS[5])", "", _GONE)
line(_redis._CREATE, "redis.call('ZADD', INDEX, expires_ms, ARGV[3])", "", _GONE)
