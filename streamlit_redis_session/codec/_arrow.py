"""Arrow arrays, taken apart into their buffers, so that no Arrow parser ever sees stored bytes.

What stands under a null is zeroed, offsets are stored as lengths, and a chunked array comes back
as one chunk: it is equal to the one stored.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa

from streamlit_redis_session.codec._objects import var_buffers
from streamlit_redis_session.codec._tree import Array, Reader, Writer, count, damaged, part
from streamlit_redis_session.codec.columns import SegmentedColumn, VarColumn
from streamlit_redis_session.objects import JSON

_INT32_MOST = 2**31 - 1

# --- taking apart ----------------------------------------------------------------------------


def encode_arrow(writer: Writer, array: Any, *, held: bool) -> JSON:
    """Describe an Arrow array whose type is described elsewhere.

    ``held`` says that the source keeps these very buffers alive. Buffers made while encoding are
    not: another array may get their address, and with it their token, once they are dropped.
    """
    kind, types = array.type, pa.types
    if types.is_dictionary(kind):
        return {
            "indices": encode_arrow(writer, array.indices, held=held),
            "dictionary": encode_arrow(writer, array.dictionary, held=held),
        }
    valid = np.asarray(array.is_valid()) if array.null_count else None
    node: dict[str, JSON] = {"n": len(array)}
    if valid is not None or _needs_rows(kind):
        bits = np.ones(len(array), dtype=np.bool_) if valid is None else valid
        node["valid"] = writer.fresh(np.ascontiguousarray(bits))
    if types.is_null(kind):
        return node
    if types.is_nested(kind):
        return node | _encode_nested(writer, array, valid)
    if _is_var(kind):
        return node | {"c": _encode_var(writer, array, valid, held=held)}
    return node | {"c": _encode_fixed(writer, array, valid, held=held)}


def _needs_rows(kind: Any) -> bool:
    """Tell arrays without other buffers: bytes must back their number of rows all the same."""
    return bool(
        pa.types.is_null(kind) or pa.types.is_struct(kind) or pa.types.is_fixed_size_list(kind)
    )


def _is_var(kind: Any) -> bool:
    types = pa.types
    return bool(
        types.is_string(kind)
        or types.is_binary(kind)
        or types.is_large_string(kind)
        or types.is_large_binary(kind)
    )


def _fixed_dtype(kind: Any) -> np.dtype[Any]:
    """Give the NumPy dtype of a value's bytes: integers and floats by name, others as integers."""
    types = pa.types
    if types.is_boolean(kind):
        return np.dtype("?")
    if types.is_integer(kind) or types.is_floating(kind):
        named: np.dtype[Any] = np.dtype(kind.to_pandas_dtype())
        return named
    width = kind.bit_width // 8
    is_temporal = types.is_temporal(kind) and not types.is_interval(kind)
    return np.dtype(f"<i{width}" if is_temporal else f"V{width}")


def _encode_fixed(writer: Writer, array: Any, valid: Array | None, *, held: bool) -> int:
    if pa.types.is_boolean(array.type):
        filled = array.fill_null(False) if valid is not None else array
        return writer.fresh(np.array(filled.to_numpy(zero_copy_only=False), dtype=np.bool_))
    dtype = _fixed_dtype(array.type)
    buffer = array.buffers()[1]
    at = array.offset * dtype.itemsize
    if buffer is None or not len(array):
        return writer.fresh(np.empty(0, dtype=dtype))
    values = np.frombuffer(buffer, dtype=dtype, count=len(array), offset=at)
    if valid is None or _is_zero(values, ~valid):
        return writer.fixed(values, frozen=held)
    return writer.fresh(zeroed(values, ~valid))


def _is_zero(values: Array, hidden: Array) -> bool:
    return not values[hidden].view(np.uint8).any()


def zeroed(values: Array, hidden: Array) -> Array:
    """Copy an array with zero bytes in place of what is hidden."""
    clean = np.array(values, copy=True, order="C")
    clean[hidden] = np.zeros((), dtype=values.dtype)
    return clean


def _encode_var(writer: Writer, array: Any, valid: Array | None, *, held: bool) -> int:
    is_large = pa.types.is_large_string(array.type) or pa.types.is_large_binary(array.type)
    if not is_large:
        wide = pa.large_string() if pa.types.is_string(array.type) else pa.large_binary()
        array = array.cast(wide)
    offsets, data = var_buffers(array)
    if valid is None or not np.diff(offsets)[~valid].any():
        return writer.var(offsets, data, frozen=is_large and held)
    # take() leaves nothing under a null
    return writer.var(*var_buffers(array.take(pa.array(np.arange(len(array)), mask=~valid))))


def _encode_nested(writer: Writer, array: Any, valid: Array | None) -> dict[str, JSON]:
    types, kind = pa.types, array.type
    if types.is_struct(kind):
        return {"children": [encode_arrow(writer, each, held=False) for each in array.flatten()]}
    if types.is_fixed_size_list(kind):
        return {"children": [encode_arrow(writer, array.flatten(), held=False)]}
    lengths, places = _list_places(array, valid)
    children = [array.keys, array.items] if types.is_map(kind) else [array.values]
    return {
        "lengths": writer.fresh(lengths),
        "children": [encode_arrow(writer, _taken(each, places), held=False) for each in children],
    }


def _list_places(array: Any, valid: Array | None) -> tuple[Array, slice | Array]:
    """Give the lengths of lists, and where their elements stand among all child elements."""
    offsets = array.offsets.to_numpy(zero_copy_only=False).astype(np.int64)
    lengths = np.diff(offsets)
    if valid is None or not lengths[~valid].any():
        return lengths, slice(int(offsets[0]), int(offsets[-1]))
    keep = np.repeat(valid, lengths)
    lengths[~valid] = 0
    return lengths, int(offsets[0]) + np.flatnonzero(keep)


def _taken(child: Any, places: slice | Array) -> Any:
    if isinstance(places, slice):
        return child.slice(places.start, places.stop - places.start)
    return child.take(pa.array(places))


# --- putting together ------------------------------------------------------------------------


def decode_arrow(reader: Reader, kind: Any, node: JSON) -> Any:
    """Make the Arrow array of this type that :func:`encode_arrow` described."""
    reader.enter()
    array = _decode(reader, kind, node)
    reader.leave()
    return array


def _decode(reader: Reader, kind: Any, node: JSON) -> Any:
    types = pa.types
    if types.is_dictionary(kind):
        indices = decode_arrow(reader, kind.index_type, node["indices"])
        values = decode_arrow(reader, kind.value_type, node["dictionary"])
        return pa.DictionaryArray.from_arrays(indices, values, ordered=kind.ordered, safe=True)
    rows = count(node, "n")
    if ("valid" not in node) and _needs_rows(kind):
        raise damaged("rows of an Arrow array are backed by nothing")
    valid = reader.fixed(node["valid"], "?", rows) if "valid" in node else None
    if types.is_null(kind):
        if valid is not None and valid.any():
            raise damaged("an array of nothing but nulls holds values")
        return pa.nulls(rows)
    if types.is_nested(kind):
        return _decode_nested(reader, kind, node, valid)
    if _is_var(kind):
        return _decode_var(reader, kind, node, valid)
    values = reader.fixed(node["c"], _fixed_dtype(kind), rows)
    data = _bitmap(values) if types.is_boolean(kind) else pa.py_buffer(values.view(np.uint8))
    return pa.Array.from_buffers(kind, rows, [_bitmap(valid), data])


def _bitmap(bits: Array | None) -> Any:
    """Pack booleans as Arrow does; no nulls need no bitmap."""
    return None if bits is None else pa.py_buffer(np.packbits(bits, bitorder="little"))


def _decode_var(reader: Reader, kind: Any, node: JSON, valid: Array | None) -> Any:
    rows = count(node, "n")
    column = reader.var(node["c"], rows)
    is_large = pa.types.is_large_string(kind) or pa.types.is_large_binary(kind)
    if not is_large and int(column.offsets[-1]) > _INT32_MOST:
        raise damaged("texts are longer than their Arrow type can be")
    offsets = column.offsets if is_large else column.offsets.astype(np.int32)
    buffers = [_bitmap(valid), pa.py_buffer(offsets), pa.py_buffer(column.data)]
    return pa.Array.from_buffers(kind, rows, buffers)


def _decode_nested(reader: Reader, kind: Any, node: JSON, valid: Array | None) -> Any:
    types = pa.types
    rows = count(node, "n")
    if types.is_struct(kind):
        nodes = part(node, "children", list)
        children = [
            of_length(decode_arrow(reader, field.type, each), rows)
            for field, each in zip(kind, nodes, strict=True)
        ]
        return pa.Array.from_buffers(kind, rows, [_bitmap(valid)], children=children)
    if types.is_fixed_size_list(kind):
        return _decode_fixed_lists(reader, kind, node, valid)
    lengths = reader.fixed(node["lengths"], "<i8", rows)
    offsets = np.zeros(rows + 1, dtype=np.int64)
    np.cumsum(lengths, out=offsets[1:])
    is_large = types.is_large_list(kind)
    most = 2**62 if is_large else _INT32_MOST
    if rows and (int(lengths.min()) < 0 or not 0 <= int(offsets[-1]) <= most):
        raise damaged("the lengths of lists are no lengths")
    child = _decode_list_child(reader, kind, node, int(offsets[-1]))
    buffer = pa.py_buffer(offsets if is_large else offsets.astype(np.int32))
    return pa.Array.from_buffers(kind, rows, [_bitmap(valid), buffer], children=[child])


def _decode_list_child(reader: Reader, kind: Any, node: JSON, length: int) -> Any:
    nodes = part(node, "children", list)
    if not pa.types.is_map(kind):
        (only,) = nodes
        return of_length(decode_arrow(reader, kind.value_type, only), length)
    fields = (kind.key_field, kind.item_field)
    entries = [
        of_length(decode_arrow(reader, field.type, each), length)
        for field, each in zip(fields, nodes, strict=True)
    ]
    entry = pa.struct(list(fields))
    return pa.Array.from_buffers(entry, length, [None], children=entries)


def _decode_fixed_lists(reader: Reader, kind: Any, node: JSON, valid: Array | None) -> Any:
    """Only lists that are not null are stored; the others get null elements."""
    rows = count(node, "n")
    (only,) = part(node, "children", list)
    child = decode_arrow(reader, kind.value_type, only)
    if valid is None:
        raise damaged("rows of an Arrow array are backed by nothing")
    size = kind.list_size
    of_length(child, int(valid.sum()) * size)
    if not valid.all():
        places = np.zeros((rows, size), dtype=np.int64)
        places[valid] = np.arange(len(child)).reshape(-1, size)
        hidden = np.repeat(~valid, size)
        child = child.take(pa.array(places.ravel(), mask=hidden))
    return pa.Array.from_buffers(kind, rows, [_bitmap(valid)], children=[child])


def of_length(array: Any, length: int) -> Any:
    if len(array) != length:
        raise damaged(f"a part of an Arrow array has {len(array)} elements, not {length}")
    return array


# --- what users hold -------------------------------------------------------------------------


def encode_chunked(writer: Writer, chunked: Any) -> JSON:
    """Describe a chunked array as one, or as several where one cannot hold or equal them."""
    segmented = _encode_segments(writer, chunked)
    if segmented is not None:
        return [segmented]
    few = _as_few(chunked)
    held = len(few) == chunked.num_chunks
    return [encode_arrow(writer, each, held=held) for each in few]


def _encode_segments(writer: Writer, chunked: Any) -> JSON:
    """Describe chunks of texts where they are; ``None`` where they have to be copied together."""
    kind = chunked.type
    is_large = pa.types.is_large_string(kind) or pa.types.is_large_binary(kind)
    if chunked.num_chunks < 2 or not is_large:
        return None
    segments, valid = [], np.ones(len(chunked), dtype=np.bool_)
    at = 0
    for chunk in chunked.chunks:
        segment = VarColumn(*var_buffers(chunk), frozen=True)
        if chunk.null_count:
            bits = valid[at : at + len(chunk)] = np.asarray(chunk.is_valid())
            if np.diff(segment.offsets)[~bits].any():
                return None
        at += len(chunk)
        if len(chunk):
            segments.append(segment)
    node: dict[str, JSON] = {"n": len(chunked)}
    if chunked.null_count:
        node["valid"] = writer.fresh(valid)
    return node | {"c": writer.add(SegmentedColumn(tuple(segments)))}


def _as_few(chunked: Any) -> list[Any]:
    if chunked.num_chunks == 1:
        return [chunked.chunk(0)]
    try:
        combined = chunked.combine_chunks()
    except pa.ArrowInvalid:
        # 32-bit offsets end at 2 GiB
        return list(chunked.chunks)
    if isinstance(combined, pa.ChunkedArray):
        return list(combined.chunks)
    has_dictionary = "dictionary<" in str(chunked.type)
    if has_dictionary and not pa.chunked_array([combined]).equals(chunked):
        return list(chunked.chunks)
    return [combined]


def decode_chunked(reader: Reader, kind: Any, node: JSON, rows: int | None = None) -> Any:
    """Make and fully validate the chunked array that :func:`encode_chunked` described."""
    if type(node) is not list:
        raise damaged("the chunks of an Arrow array are no list")
    chunked = pa.chunked_array([decode_arrow(reader, kind, each) for each in node], type=kind)
    if not all(_is_plain_text(each) for each in chunked.chunks):
        chunked.validate(full=True)
    if rows is not None:
        of_length(chunked, rows)
    return chunked


def _is_plain_text(array: Any) -> bool:
    """Tell texts of ASCII alone: what has offsets from lengths needs no other check then."""
    if not (pa.types.is_string(array.type) or pa.types.is_large_string(array.type)):
        return False
    array.validate()
    data = array.buffers()[2]
    return data.size == 0 or int(np.frombuffer(data, np.int8).min()) >= 0
