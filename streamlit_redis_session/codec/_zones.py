"""Time zones, by name or by offset."""

from __future__ import annotations

import datetime as dt
import sys
import zoneinfo
from typing import Any

from streamlit_redis_session.codec._tree import damaged, type_name
from streamlit_redis_session.errors import UnsupportedValueError
from streamlit_redis_session.objects import JSON


def encode_zone(zone: dt.tzinfo | None, path: str) -> JSON:
    """Describe a time zone."""
    if zone is None:
        return None
    if type(zone) is dt.timezone:
        return _encode_offset(zone)
    if type(zone) is zoneinfo.ZoneInfo and zone.key is not None:
        return ["zoneinfo", zone.key]
    if type(zone).__module__.partition(".")[0] == "pytz":
        return _encode_pytz(zone, path)
    if _is_dateutil_utc(zone):
        return ["dateutil", "UTC"]
    raise UnsupportedValueError(path, f"its time zone is a {type_name(type(zone))}")


def decode_zone(node: JSON) -> dt.tzinfo | None:
    """Make the time zone that :func:`encode_zone` described."""
    if node is None:
        return None
    kind, *rest = node
    if kind == "offset":
        return _decode_offset(rest)
    if kind == "zoneinfo":
        return _named(rest[0])
    if kind == "pytz":
        return _decode_pytz(rest)
    if kind == "dateutil" and rest == ["UTC"]:
        from dateutil import tz  # type: ignore[import-untyped]  # noqa: PLC0415 - rarely needed

        return tz.UTC  # type: ignore[no-any-return]
    raise damaged(f"no time zone is called {kind!r}")


def _encode_offset(zone: dt.timezone) -> JSON:
    offset = zone.utcoffset(None)
    names = [] if zone == dt.timezone.utc and zone is dt.timezone.utc else _own_name(zone, offset)
    return ["offset", offset.days, offset.seconds, offset.microseconds, *names]


def _own_name(zone: dt.timezone, offset: dt.timedelta) -> list[str]:
    """Give the name that the zone was made with, which ``repr`` shows and ``==`` ignores."""
    return [] if repr(zone) == repr(dt.timezone(offset)) else [zone.tzname(None)]


def _decode_offset(rest: list[Any]) -> dt.timezone:
    days, seconds, microseconds, *names = rest
    return dt.timezone(dt.timedelta(days, seconds, microseconds), *names)


def _named(key: str) -> zoneinfo.ZoneInfo:
    try:
        return zoneinfo.ZoneInfo(key)
    except (zoneinfo.ZoneInfoNotFoundError, OSError) as error:
        raise damaged(f"its time zone {key!r} is not known on this machine") from error


def _encode_pytz(zone: Any, path: str) -> JSON:
    """pytz, which pandas 2 uses, keeps one object for each offset that a zone ever had."""
    if zone.zone is None:
        minutes = getattr(zone, "_minutes", None)
        if type(minutes) is not int:
            raise UnsupportedValueError(path, f"its time zone is a {type_name(type(zone))}")
        return ["pytz", "", minutes]
    base = sys.modules["pytz"].timezone(zone.zone)
    if base is zone:
        return ["pytz", zone.zone]
    keys = [key for key, each in getattr(base, "_tzinfos", {}).items() if each is zone]
    if len(keys) != 1:
        raise UnsupportedValueError(path, f"its time zone is a {type_name(type(zone))}")
    offset, dst, name = keys[0]
    return ["pytz", zone.zone, int(offset.total_seconds()), int(dst.total_seconds()), name]


def _decode_pytz(rest: list[Any]) -> dt.tzinfo:
    try:
        import pytz  # type: ignore[import-untyped]  # noqa: PLC0415 - an optional package since pandas 3
    except ImportError as error:
        raise damaged("its time zone needs the package pytz, which is not installed") from error
    name, *key = rest
    if not name:
        return pytz.FixedOffset(*key)  # type: ignore[no-any-return]
    zone: Any = pytz.timezone(name)
    if not key:
        return zone  # type: ignore[no-any-return]
    offset, dst, abbreviation = key
    parts = (dt.timedelta(seconds=offset), dt.timedelta(seconds=dst), abbreviation)
    return zone._tzinfos[parts]  # type: ignore[no-any-return]  # noqa: SLF001 - see _encode_pytz


def _is_dateutil_utc(zone: dt.tzinfo) -> bool:
    module = sys.modules.get("dateutil.tz")
    return module is not None and zone is module.UTC
