"""What is told of a change to those who listen, and whose change it was."""

from __future__ import annotations

from dataclasses import dataclass

from streamlit_redis_session.storage import Transaction

REMEMBERED = 64
"""Own transactions that are known again."""

_QUIET = b"quiet"
_GRAPH_ONLY = frozenset({b"refs", b"annotate", b"prune", b"aside", b"deleted"})
"""Events that leave the session's head where it is."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event, taken apart."""

    kind: bytes
    tx_id: bytes
    """Of the transaction that made the change; empty where the backend tells by itself."""
    is_quiet: bool
    """Whether nobody did it: a run made it that was itself caused by a change."""

    @property
    def moves_head(self) -> bool:
        """Whether what the session shows may be something else now."""
        return self.kind not in _GRAPH_ONLY


def read_event(event: bytes) -> Told:
    """Take an event apart: ``<kind>[ <version> <branch>] <tx_id>[ quiet]``. Never raises."""
    words = event.split(b" ")
    is_quiet = len(words) > 2 and words[-1] == _QUIET
    if is_quiet:
        words.pop()
    return Told(words[0], words[-1] if len(words) > 1 else b"", is_quiet)


class Hearing:
    """What one writer tells of its changes, and what it has to be told of others'."""

    def __init__(self) -> None:
        self.known_seq = 0
        """``seq`` when refs were last read; own changes since then do not count."""
        self.adopted_seq = 0
        """``known_seq`` when head was last brought to where the session's is, or moved it there."""
        self.is_quiet = False
        """Whether what is written now was not done by anybody, see ``Told.is_quiet``."""
        self._own: tuple[bytes, ...] = ()
        """Replaced, never written to: it is read by the thread that hears."""

    def sign(self, transaction: Transaction) -> bytes:
        """Give the event with a signature. Before it is sent: it may be heard before the answer."""
        own = transaction.tx_id.encode()
        self._own = (*self._own[1 - REMEMBERED :], own)
        words = (transaction.event or b"", own, _QUIET)
        return b" ".join(words if self.is_quiet else words[:2])

    def has_missed(self, seq: int, expected: int) -> bool:
        """Take what the store says; where it is what was expected, everything is known."""
        if seq == expected:
            self.known_seq = seq
        return seq != expected

    def adopt(self) -> None:
        """Note that head is where the session's is, as far as is known."""
        self.adopted_seq = self.known_seq

    def is_own(self, told: Told) -> bool:
        """Say whether this writer made the change."""
        return told.tx_id in self._own
