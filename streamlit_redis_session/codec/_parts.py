"""Parts: pieces of a value that are described, stored and known each by itself.

An array or an index of a frame is a part. An edit replaces some parts of a value and leaves the
memory of the others where it is: what names that memory names all that was stored of it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeAlias, TypeVar

from streamlit_redis_session.codec._snapshot import nbytes
from streamlit_redis_session.codec._tree import Reader, Writer, damaged
from streamlit_redis_session.codec.columns import Column
from streamlit_redis_session.objects import JSON

T = TypeVar("T")

Make = Callable[[Writer], JSON]
"""Describes a part, adding its columns to the writer."""


class Part:
    """A self-contained piece of a value, taken apart when its content is asked for.

    It keeps its source alive, and so what its token says stays true.
    """

    __slots__ = ("_content", "_depth", "_make", "_nbytes", "known_as", "lend", "source", "token")

    def __init__(
        self,
        token: Hashable | None,
        source: object,
        make: Make,
        *,
        depth: int = 0,
        known_as: object = None,
        own_nbytes: int | None = None,
        lend: Callable[[], object] | None = None,
    ) -> None:
        self.token = token
        """Names the source's memory; ``None``: only the content can tell."""
        self.source = source
        self.known_as = known_as
        """What the encoder was told to be known of the token."""
        self.lend = lend
        """Gives the source in a form that another value may take in, as its memory is protected
        from writes; ``None``: it must be made anew."""
        self._make = make
        self._depth = depth
        self._nbytes = own_nbytes
        self._content: tuple[JSON, tuple[Column, ...]] | None = None

    @property
    def description(self) -> JSON:
        """Refers to the part's own columns, counted from 0."""
        return self.content()[0]

    @property
    def columns(self) -> tuple[Column, ...]:
        """The part's columns, in the order of their ordinals."""
        return self.content()[1]

    @property
    def nbytes(self) -> int:
        """The memory of the source, estimated."""
        if self._nbytes is None:
            self._nbytes = nbytes(self.source)
        return self._nbytes

    def content(self) -> tuple[JSON, tuple[Column, ...]]:
        """Take the source apart, the first time that it is asked for.

        Raises
        ------
        UnsupportedValueError
            Something in it cannot be stored exactly.
        """
        content = self._content
        if content is None:
            writer = Writer(self._depth)
            description = self._make(writer)
            content = self._content = (description, tuple(writer.columns))
        return content

    def release(self) -> None:
        """Let go of columns that were made while encoding; they are made anew when asked for."""
        self._content = None


@dataclass(frozen=True)
class Encoded:
    """A value taken apart: parts, the first of which refers to the others by their number.

    Examples
    --------
    >>> encoded = encode([1, 2.5], path="numbers")
    >>> decode(encoded.description, encoded.columns)
    [1, 2.5]
    """

    parts: tuple[Part, ...]

    @classmethod
    def of(cls, description: JSON, columns: Sequence[Column]) -> Encoded:
        """Make a value of a root alone."""

        def make(writer: Writer) -> JSON:
            writer.columns += columns
            return description

        return cls((Part(None, columns, make),))

    @cached_property
    def description(self) -> JSON:
        """All descriptions as one: what :func:`decode` takes."""
        return join_descriptions([(part.description, len(part.columns)) for part in self.parts])

    @cached_property
    def columns(self) -> tuple[Column, ...]:
        """The columns of all parts, one behind the other."""
        return tuple(column for part in self.parts for column in part.columns)


class RootWriter(Writer):
    """Writes the root of a value, and sets its parts aside."""

    __slots__ = ("_is_lazy", "parts")

    def __init__(self, known: Mapping[Hashable, object], *, is_lazy: bool) -> None:
        super().__init__(known=known)
        self._is_lazy = is_lazy
        self.parts: list[Part] = []

    def part(
        self,
        token: Hashable | None,
        source: object,
        make: Make,
        lend: Callable[[], object] | None,
        nbytes: int | None = None,
    ) -> int:
        """Set a part aside and give its number. What is known is not taken apart."""
        known_as = None if token is None else self.known.get(token)
        lend = None if token is None else lend
        part = Part(
            token, source, make, depth=self.depth, known_as=known_as, own_nbytes=nbytes, lend=lend
        )
        if not self._is_lazy and known_as is None:
            part.content()
        self.parts.append(part)
        return len(self.parts)

    def encoded(self, source: object, description: JSON) -> Encoded:
        """Give the root, which is written by now, as a part, and the others behind it."""
        columns = tuple(self.columns)

        def make(writer: Writer) -> JSON:
            writer.columns += columns
            return description

        own_nbytes = sum(column.nbytes for column in columns) if self.parts else None
        root = Part(None, source, make, own_nbytes=own_nbytes)
        return Encoded((root, *self.parts))


Stored: TypeAlias = "tuple[JSON, Sequence[Column]]"
"""The description of a part, and its columns."""


class RootReader(Reader):
    """Reads the root of a value, and hands out its parts, each exactly once."""

    __slots__ = ("_parts", "root")

    def __init__(self, parts: Sequence[Stored | Part]) -> None:
        if not parts or isinstance(parts[0], Part):
            raise damaged("it has no root")
        self.root, columns = parts[0]
        super().__init__(columns)
        self._parts = dict(enumerate(parts[1:], start=1))

    def part(self, number: JSON, make: Callable[[Reader, JSON], T]) -> T | Part:
        """Make what the description of a part says; give a part of another value as it is."""
        if type(number) is not int or number not in self._parts:
            raise damaged(f"part {number!r} does not exist or is used twice")
        found = self._parts.pop(number)
        if isinstance(found, Part):
            return found
        description, columns = found
        reader = Reader(columns, self.depth)
        made = make(reader, description)
        reader.finish()
        return made

    def finish(self) -> None:
        """Check that everything was used."""
        super().finish()
        if self._parts:
            raise damaged(f"{len(self._parts)} part(s) belong to nothing")


def set_aside(
    writer: Writer,
    token: Hashable | None,
    source: object,
    make: Make,
    *,
    lend: Callable[[], object] | None = None,
    nbytes: int | None = None,
) -> JSON:
    """Describe something as a part and give its number; within a part, describe it in place.

    ``nbytes`` is the part's memory, where that is not the source's.
    """
    if isinstance(writer, RootWriter):
        return writer.part(token, source, make, lend, nbytes)
    return make(writer)


def hand_out(reader: Reader, node: JSON, make: Callable[[Reader, JSON], T]) -> T | Lent:
    """Make what :func:`set_aside` has described, or borrow it from another value."""
    if not isinstance(reader, RootReader):
        return make(reader, node)
    found = reader.part(node, make)
    if isinstance(found, Part):
        assert found.lend is not None
        return Lent(found.lend())
    return found


@dataclass(frozen=True, slots=True)
class Lent:
    """What another value lends: it shares memory, and knows that it does."""

    value: Any


def join_descriptions(parts: Sequence[tuple[JSON, int]]) -> JSON:
    """Make one description of those of all parts, each with its number of columns."""
    if len(parts) == 1:
        return parts[0][0]
    descriptions = [description for description, _ in parts]
    counts = [count for _, count in parts]
    return {"root": descriptions[0], "parts": descriptions[1:], "counts": counts}


def split(description: JSON, columns: Sequence[Column]) -> list[Stored | Part]:
    """Undo :func:`join_descriptions`, and share out the columns."""
    if type(description) is not dict or "root" not in description:
        return [(description, columns)]
    descriptions = [description["root"], *description["parts"]]
    counts: list[Any] = description["counts"]
    found: list[Stored | Part] = []
    at = 0
    for each, count in zip(descriptions, counts, strict=True):
        if type(count) is not int or count < 0:
            raise damaged(f"{count!r} is no number of columns")
        found.append((each, columns[at : at + count]))
        at += count
    if at != len(columns):
        raise damaged(f"its parts have {at} columns, not {len(columns)}")
    return found
