"""One secret, several keys: digests and tags of different roles never mix."""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from blake3 import blake3

from streamlit_redis_session.objects import SessionKey

DIGEST_BYTES = 20
_CONTEXT = "streamlit-redis-session 2026 v1 "
_NO_SECRET = b"no secret configured"


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of one secret and namespace, one for each role.

    Without a secret the keys are public constants: digests still find damage, but not a forger.
    """

    session: bytes
    chunk: bytes
    record: bytes
    has_secret: bool

    @classmethod
    def derive(cls, secret: str | bytes | None, *, namespace: str) -> Keys:
        """Derive the keys with BLAKE3's key derivation, a context string for each role."""
        material = secret.encode() if isinstance(secret, str) else (secret or _NO_SECRET)
        material = len(material).to_bytes(8, "little") + material + namespace.encode()

        def key(role: str) -> bytes:
            return blake3(material, derive_key_context=_CONTEXT + role).digest()

        return cls(key("session"), key("chunk"), key("record"), has_secret=bool(secret))

    def session_key(self, session_id: str) -> SessionKey:
        """Hash a session id into the name that the store sees."""
        return SessionKey(blake3(session_id.encode(), key=self.session).hexdigest(length=16))


def mint_session_id() -> str:
    """Make a session id: 256 random bits, 43 URL-safe characters."""
    return secrets.token_urlsafe(32)


def digest(key: bytes, *parts: bytes | memoryview) -> str:
    """Name bytes: 40 hexadecimal characters of keyed BLAKE3."""
    hasher = blake3(key=key)
    for part in parts:
        hasher.update(part)
    return hasher.hexdigest(length=DIGEST_BYTES)
