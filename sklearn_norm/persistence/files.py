"""Files: written whole or not at all, and read up to a limit."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from typing import Any

from ..exceptions import FormatError

BINARY = getattr(os, "O_BINARY", 0)  # exists on Windows only
PART = 1 << 16  # bytes to read at a time beyond the reported file size
NO_SYNC = {errno.EINVAL, errno.ENOTSUP, errno.EBADF}  # the file system cannot sync folders


def write(path: Any, data: bytes) -> None:
    """Replace a file atomically: a crash leaves the old file or the new one.

    A temporary file in the same folder is written, flushed to the disk and renamed. If the
    path is a link, the file it points to is replaced. Permissions are kept.
    """
    target = Path(os.path.realpath(_named(path)))
    mode = _mode_of(target)
    temporary = target.with_name(f".sklearn_norm-{token_hex(8)}.tmp")
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY
    descriptor = os.open(temporary, flags, 0o666 if mode is None else 0o600)
    try:
        try:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        if mode is not None:
            os.chmod(temporary, mode)
        os.replace(temporary, target)
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    _sync_folder(target.parent)


def _named(path: Any) -> str:
    """Return a path as a string; refuse an integer, which would be an open file descriptor."""
    return os.fsdecode(os.fspath(path))


def _mode_of(target: Path) -> int | None:
    """Return the permissions of a file, None where there is none."""
    if not target.parent.is_dir():
        message = "There is no such folder to save in: make it first"
        raise FileNotFoundError(errno.ENOENT, message, str(target.parent))
    try:
        found = os.stat(target).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISDIR(found):
        message = "This is a folder: give the name of a file in it"
        raise IsADirectoryError(errno.EISDIR, message, str(target))
    if not stat.S_ISREG(found):
        raise OSError(errno.EINVAL, "This is no regular file, and cannot be replaced", str(target))
    return stat.S_IMODE(found)


def _write_all(descriptor: int, data: bytes) -> None:
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]


def _sync_folder(folder: Path) -> None:
    """Flush a rename to the disk, if the system can."""
    if os.name == "nt":
        return
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:
        return  # a folder that may be written to, but not read
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in NO_SYNC:
            raise
    finally:
        os.close(descriptor)


def read(path: Any, max_bytes: int) -> bytes:
    """Return the content of a file of at most so many bytes."""
    name = _named(path)
    if os.path.isdir(name):
        raise IsADirectoryError(errno.EISDIR, "This is a folder: name a file in it", name)
    with open(name, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        data = bytearray()
        while size <= max_bytes and len(data) <= max_bytes:  # a pipe reports no size
            part = file.read(max(size - len(data), PART))
            if not part:
                return bytes(data)
            data += part
    raise FormatError(
        f"byte {max_bytes}: the file is larger than {max_bytes} bytes. If that is right, load it "
        f"with max_bytes={max(size, len(data))} or more."
    )
