"""Files that were sent: kept in memory, known by file_id, with the size of a picture read from its header."""

from __future__ import annotations

import hashlib
import struct
import zlib
from dataclasses import dataclass, field

from .refusals import Json, bad_request

MAX_PHOTO_BYTES = 10 * 1024 * 1024
MAX_UPLOAD_BYTES = 50 * 1024 * 1024
MAX_DOWNLOAD_BYTES = 20 * 1024 * 1024
_MIME = {"image/png": "png", "image/jpeg": "jpg", "image/webp": "webp", "image/gif": "gif"}


@dataclass(frozen=True)
class StoredFile:
    """One file as Telegram keeps it."""

    file_id: str
    unique_id: str
    path: str
    name: str
    content_type: str
    data: bytes = field(repr=False)
    width: int = 0
    height: int = 0

    @property
    def is_photo(self) -> bool:
        return self.width > 0

    def photo_size(self) -> Json:
        """Return the file as a PhotoSize."""
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "width": self.width,
            "height": self.height,
            "file_size": len(self.data),
        }

    def document(self) -> Json:
        """Return the file as a Document."""
        return {
            "file_id": self.file_id,
            "file_unique_id": self.unique_id,
            "file_name": self.name,
            "mime_type": self.content_type,
            "file_size": len(self.data),
        }


class FileStore:
    """All files of one bot."""

    def __init__(self) -> None:
        self._files: dict[str, StoredFile] = {}
        self._by_path: dict[str, StoredFile] = {}
        self._by_unique_id: dict[str, StoredFile] = {}

    def add_photo(self, data: bytes) -> StoredFile:
        """Keep a picture; raises Refusal for what Telegram would not take for a photo."""
        if not data:
            raise bad_request("file must be non-empty")
        if len(data) > MAX_PHOTO_BYTES:
            raise bad_request(
                f"file of size {len(data)} bytes is too big for a photo; the maximum size is {MAX_PHOTO_BYTES} bytes"
            )
        size = picture_size(data)
        if size is None:
            raise bad_request("IMAGE_PROCESS_FAILED")
        kind, width, height = size
        if min(width, height) < 1 or width + height > 10_000 or max(width, height) > 20 * min(width, height):
            raise bad_request("PHOTO_INVALID_DIMENSIONS")
        return self._keep("photos", f"photo.{_MIME[kind]}", kind, data, width, height)

    def add_document(self, name: str, content_type: str, data: bytes) -> StoredFile:
        """Keep any file; raises Refusal when it is empty or too big."""
        if not data:
            raise bad_request("file must be non-empty")
        if len(data) > MAX_UPLOAD_BYTES:
            raise bad_request("file is too big")
        return self._keep("documents", name or "file", content_type or "application/octet-stream", data)

    def _keep(
        self, folder: str, name: str, content_type: str, data: bytes, width: int = 0, height: int = 0
    ) -> StoredFile:
        number = len(self._files)
        unique = hashlib.sha256(data + str(number).encode()).hexdigest()[:16]
        suffix = name.rpartition(".")[2] if "." in name else "bin"
        prefix = "AgACAgUAAxkBAAI" if width else "BQACAgUAAxkBAAI"
        file = StoredFile(
            file_id=f"{prefix}{unique}{number}",
            unique_id=f"AQAD{unique}",
            path=f"{folder}/file_{number}.{suffix}",
            name=name,
            content_type=content_type,
            data=data,
            width=width,
            height=height,
        )
        self._files[file.file_id] = self._by_path[file.path] = self._by_unique_id[file.unique_id] = file
        return file

    def by_id(self, file_id: str) -> StoredFile | None:
        """Return the file of that id, if there is one."""
        return self._files.get(file_id)

    def by_path(self, path: str) -> StoredFile | None:
        """Return the file behind a download path, if there is one."""
        return self._by_path.get(path)

    def by_unique_id(self, unique_id: str) -> StoredFile | None:
        """Return the file behind an address of the page, if there is one."""
        return self._by_unique_id.get(unique_id)


def picture_size(data: bytes) -> tuple[str, int, int] | None:
    """Return MIME type, width and height of a PNG, JPEG, GIF or WebP; None for anything else."""
    if data[:8] == b"\x89PNG\r\n\x1a\n" and len(data) >= 24:
        width, height = struct.unpack(">II", data[16:24])
        return "image/png", width, height
    if data[:6] in (b"GIF87a", b"GIF89a") and len(data) >= 10:
        width, height = struct.unpack("<HH", data[6:10])
        return "image/gif", width, height
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30:
        return _webp_size(data)
    return _jpeg_size(data) if data[:2] == b"\xff\xd8" else None


def _webp_size(data: bytes) -> tuple[str, int, int] | None:
    kind = data[12:16]
    if kind == b"VP8 ":
        width, height = struct.unpack("<HH", data[26:30])
        return "image/webp", width & 0x3FFF, height & 0x3FFF
    if kind == b"VP8L":
        bits = struct.unpack("<I", data[21:25])[0]
        return "image/webp", (bits & 0x3FFF) + 1, ((bits >> 14) & 0x3FFF) + 1
    if kind == b"VP8X":
        width = int.from_bytes(data[24:27], "little") + 1
        return "image/webp", width, int.from_bytes(data[27:30], "little") + 1
    return None


def _jpeg_size(data: bytes) -> tuple[str, int, int] | None:
    at = 2
    while at + 9 <= len(data) and data[at] == 0xFF:
        marker = data[at + 1]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            height, width = struct.unpack(">HH", data[at + 5 : at + 9])
            return "image/jpeg", width, height
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
    return None


def draw_portrait(seed: int, side: int = 320) -> bytes:
    """Draw a plain portrait (a head and shoulders on a coloured ground) as PNG, the same one for the same seed."""
    ground = bytes(90 + (seed * step) % 130 for step in (37, 59, 83))
    skin = bytes((244, 214, 190))
    middle, head = side / 2, side * 0.19
    rows = []
    for y in range(side):
        row = bytearray(ground * side)
        for centre, wide, tall in ((side * 0.4, head, head), (side * 1.02, side * 0.36, side * 0.4)):
            part = 1 - ((y - centre) / tall) ** 2
            if part > 0:
                reach = int(wide * part**0.5)
                left, right = max(int(middle) - reach, 0), min(int(middle) + reach, side)
                row[3 * left : 3 * right] = skin * (right - left)
        rows.append(b"\0" + bytes(row))
    return _png(side, side, b"".join(rows))


def _png(width: int, height: int, rows: bytes) -> bytes:
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
