"""The frames of BER: tag, length and contents one after another out of a stream, whatever they mean.

Source: ITU-T X.690 §8.1.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

MAX_FRAME_BYTES = 64 * 1024 * 1024
_END = b"\x00\x00"
_CONSTRUCTED = 0x20


class FrameError(ValueError):
    """The bytes are no frame, or end inside of one; what follows cannot be told apart any more."""


@dataclass(frozen=True)
class Header:
    """Tag and length of a frame; `offset` is where the tag stands, `length` is None when an end mark tells it."""

    tag: bytes
    length: int | None
    offset: int
    raw: bytes

    @property
    def is_constructed(self) -> bool:
        return bool(self.tag[0] & _CONSTRUCTED)


class FrameReader:
    """Reads frames and knows where it is; holds one frame at a time."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream, self.offset = stream, 0

    def header(self, *, padding: bytes = b"") -> Header | None:
        """Return the next header, after bytes of padding; None at the end of the stream.

        Raises:
            FrameError: when the stream ends inside of it.
        """
        first = self._stream.read(1)
        while first and first in padding:
            self.offset += 1
            first = self._stream.read(1)
        if not first:
            return None
        start, raw = self.offset, first
        if first[0] & 0x1F == 0x1F:
            while len(raw) == 1 or raw[-1] & 0x80:
                raw += self._exactly(1, start)
        tag = raw
        size = self._exactly(1, start)
        raw += size
        length: int | None = size[0]
        if size[0] == 0x80:
            length = None
        elif size[0] > 0x80:
            told = self._exactly(size[0] & 0x7F, start)
            raw += told
            length = int.from_bytes(told, "big")
        self.offset = start + len(raw)
        return Header(tag, length, start, raw)

    def contents(self, header: Header) -> bytes:
        """Return what the frame holds, with the end mark where one tells its length.

        Raises:
            FrameError: when the stream ends before, or the frame is larger than any record.
        """
        if header.length is not None:
            if header.length > MAX_FRAME_BYTES:
                raise FrameError(f"the frame at offset {header.offset} claims {header.length:,} bytes")
            data = self._exactly(header.length, header.offset)
            self.offset += len(data)
            return data
        return b"".join(self._until_end(header))

    def skip(self, header: Header) -> None:
        """Nothing of the frame is kept, however long it is.

        Raises:
            FrameError: when the stream ends before.
        """
        if header.length is None:
            for _ in self._until_end(header):
                """The parts are let go one by one."""
            return
        left = header.length
        while left:
            block = self._stream.read(min(left, 1024 * 1024))
            if not block:
                raise self._ends(header.offset, header.length)
            left -= len(block)
            self.offset += len(block)

    def children(self, header: Header) -> Iterator[Header]:
        """Yield the headers of the frames inside; the caller takes or skips each before the next.

        Raises:
            FrameError: when one of them is longer than what holds it.
        """
        end = None if header.length is None else self.offset + header.length
        while end is None or self.offset < end:
            child = self.header()
            if child is None:
                raise self._ends(header.offset, header.length)
            if end is None and child.raw == _END:
                return
            if end is not None and self.offset + (child.length or 0) > end:
                raise FrameError(f"the frame at offset {child.offset} is longer than what it stands in")
            yield child

    def _until_end(self, header: Header) -> Iterator[bytes]:
        for child in self.children(header):
            yield child.raw
            yield self.contents(child)
        yield _END

    def _exactly(self, size: int, start: int) -> bytes:
        data = self._stream.read(size)
        if len(data) < size:
            raise self._ends(start, size)
        return data

    def _ends(self, start: int, size: int | None) -> FrameError:
        claimed = "" if size is None else f", which claims {size:,} bytes"
        return FrameError(f"it is cut off inside of the frame at offset {start}{claimed}")
