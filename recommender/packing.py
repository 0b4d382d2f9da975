"""One file for a trained model: a header in JSON, plain arrays, a checksum; reading it can run no code.

Layout: 8 bytes magic, 32 bytes SHA-256 of all that follows, 8 bytes length of the header, the header, the arrays,
each starting at a multiple of 64 so that a mapped file can be used in place.
"""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

VERSION = 3
_MAGIC = b"TWO-REC\n"
_START = len(_MAGIC) + 32 + 8
_ALIGNED = 64
_ALLOWED = ("<f4", "<f8", "<i4", "<i8")


class SnapshotBroken(ValueError):
    """The bytes are no snapshot, are damaged, or come from another version."""


def pack(meta: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """Write meta and arrays into one checksummed block of bytes; equal input gives equal bytes."""
    described: list[dict[str, Any]] = []
    offset = 0
    for name, array in sorted(arrays.items()):
        kind = array.dtype.newbyteorder("<").str
        if kind not in _ALLOWED:
            raise TypeError(f"{name} is an array of {kind}")
        offset += -offset % _ALIGNED
        described.append({"name": name, "kind": kind, "shape": list(array.shape), "at": offset})
        offset += array.nbytes
    header = json.dumps({"version": VERSION, "meta": meta, "arrays": described}, ensure_ascii=False, sort_keys=True)
    head = header.encode()
    head += b" " * (-(_START + len(head)) % _ALIGNED)
    body = bytearray(len(head).to_bytes(8, "little") + head)
    begin = len(body)
    for entry in described:
        body.extend(bytes(begin + entry["at"] - len(body)))
        body.extend(np.ascontiguousarray(arrays[entry["name"]]).astype(entry["kind"], copy=False).tobytes())
    return _MAGIC + hashlib.sha256(body).digest() + bytes(body)


def unpack(data: bytes | memoryview) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """Check and read a packed block; the arrays are read-only windows into `data`.

    Raises `SnapshotBroken` for anything but an intact block of this version.
    """
    view = memoryview(data)
    if len(view) < _START or bytes(view[: len(_MAGIC)]) != _MAGIC:
        raise SnapshotBroken("this is no snapshot")
    digest, body = bytes(view[len(_MAGIC) : _START - 8]), view[_START - 8 :]
    if hashlib.sha256(body).digest() != digest:
        raise SnapshotBroken("the checksum does not match: cut short or damaged")
    try:
        length = int.from_bytes(body[:8], "little")
        header = json.loads(bytes(body[8 : 8 + length]))
        if header["version"] != VERSION:
            raise SnapshotBroken(f"version {header['version']}, not {VERSION}")
        begin = 8 + length
        arrays = {entry["name"]: _window(body, begin, entry) for entry in header["arrays"]}
        meta: dict[str, Any] = header["meta"]
    except (KeyError, TypeError, ValueError) as error:
        raise error if isinstance(error, SnapshotBroken) else SnapshotBroken(f"unreadable: {error}") from error
    return meta, arrays


def _window(body: memoryview, begin: int, entry: Mapping[str, Any]) -> NDArray[Any]:
    if entry["kind"] not in _ALLOWED:
        raise SnapshotBroken(f"an array of {entry['kind']}")
    shape = tuple(int(size) for size in entry["shape"])
    count = int(np.prod(shape, dtype=np.int64))
    window = np.frombuffer(body, dtype=entry["kind"], count=count, offset=begin + int(entry["at"])).reshape(shape)
    window.flags.writeable = False
    return window
