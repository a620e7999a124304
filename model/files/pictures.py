"""PNG files that carry a checksum of their own bytes, by which a damaged or edited one is known."""

from __future__ import annotations

import hashlib
import struct
import zlib
from pathlib import Path
from typing import Final

#: Keyword of the text chunk that holds the checksum; no other chunk of a sealed file has it.
KEYWORD: Final = b"Checksum"
#: The last chunk of every PNG.
END: Final = b"\x00\x00\x00\x00IEND\xaeB`\x82"


def seal(path: Path) -> None:
    """Write the checksum of a PNG's bytes into it, as its last text.

    Raises
    ------
    ValueError
        If the file is no complete PNG.
    """
    content = path.read_bytes()
    if not content.endswith(END):
        message = f"{path.name} is no complete PNG"
        raise ValueError(message)
    path.write_bytes(_sealed(content))


def is_whole(path: Path) -> bool:
    """Say whether a sealed PNG has exactly the bytes it was sealed with."""
    try:
        content = path.read_bytes()
    except OSError:
        return False
    size = len(_chunk(b""))
    return content == _sealed(content[: -size - len(END)] + END)


def _sealed(content: bytes) -> bytes:
    return content[: -len(END)] + _chunk(content) + END


def _chunk(content: bytes) -> bytes:
    body = b"tEXt" + KEYWORD + b"\x00" + hashlib.sha256(content).hexdigest().encode()
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))
