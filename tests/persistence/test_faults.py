"""Disks that fill, folders that may not be written to, files cut short, bits that flip."""

from __future__ import annotations

import errno
import os
import stat
import sys
from concurrent.futures import ThreadPoolExecutor

import laws
import numpy as np
import pytest
from budget import times
from documents import X
from sklearn.compose import ColumnTransformer

import sklearn_norm
from sklearn_norm.exceptions import FormatError

OLD, NEW = sklearn_norm.MinMaxScaler().fit(X), sklearn_norm.ZScoreScaler().fit(X)
CALLS = ("open", "write", "fsync", "close", "chmod", "replace")
posix = pytest.mark.skipif(os.name == "nt", reason="permissions, links and pipes of POSIX")


class Crash(BaseException):
    """Stands for a crash: no handler may catch it or clean up."""


@pytest.fixture
def path(tmp_path):
    """Return a file that holds the old estimator."""
    path = tmp_path / "estimator.json"
    sklearn_norm.save(OLD, path)
    return path


def failing_at(monkeypatch, at, error):
    """Let the call of the operating system with that number fail; return the names of all."""
    made = []

    def wrap(name, real):
        def call(*args, **kwargs):
            made.append(name)
            if len(made) - 1 != at:
                return real(*args, **kwargs)
            if name == "close":
                real(*args, **kwargs)
            if name == "write":  # half of it went through
                real(args[0], args[1][: len(args[1]) // 2])
            raise error

        return call

    for name in CALLS:
        monkeypatch.setattr(os, name, wrap(name, getattr(os, name)))
    return made


def calls_of_a_save(path, monkeypatch):
    with monkeypatch.context() as patch:
        made = failing_at(patch, -1, None)
        sklearn_norm.save(NEW, path)
    sklearn_norm.save(OLD, path)
    return made


def test_a_save_writes_flushes_renames_and_flushes_the_folder(path, monkeypatch):
    expected = ["open", "write", "fsync", "close", "chmod", "replace", "open", "fsync", "close"]
    assert calls_of_a_save(path, monkeypatch) == expected[: 6 if os.name == "nt" else 9]


@pytest.mark.parametrize(
    "error",
    [
        OSError(errno.ENOSPC, "No space left on device"),
        OSError(errno.EIO, "Input/output error"),
        PermissionError(errno.EACCES, "Permission denied"),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__ + str(getattr(error, "errno", "")),
)
def test_an_error_at_any_call_leaves_the_old_file_and_nothing_else(error, path, monkeypatch):
    """Once the file has its name, the new one is there, whole; the error comes out as it is."""
    made = calls_of_a_save(path, monkeypatch)
    renamed = made.index("replace")
    for at in range(len(made)):
        with monkeypatch.context() as patch:
            failing_at(patch, at, error)
            if at == renamed + 1 and isinstance(error, PermissionError):
                sklearn_norm.save(NEW, path)  # a folder that cannot be read is not flushed
            else:
                with pytest.raises(type(error)) as raised:
                    sklearn_norm.save(NEW, path)
                assert raised.value is error
        laws.assert_same_state(sklearn_norm.load(path), OLD if at <= renamed else NEW)
        assert os.listdir(path.parent) == [path.name]
        sklearn_norm.save(OLD, path)


def test_a_crash_at_any_call_leaves_the_old_file_or_the_new_one(path, monkeypatch):
    made = calls_of_a_save(path, monkeypatch)
    for at in range(len(made)):
        with monkeypatch.context() as patch:
            failing_at(patch, at, Crash())
            patch.setattr(os, "unlink", lambda name: None)
            with pytest.raises(Crash):
                sklearn_norm.save(NEW, path)
        expected = OLD if at <= made.index("replace") else NEW
        laws.assert_same_state(sklearn_norm.load(path), expected)
        sklearn_norm.save(OLD, path)


def test_an_error_at_the_first_save_leaves_no_file(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        failing_at(patch, 2, OSError(errno.ENOSPC, "No space left on device"))
        with pytest.raises(OSError, match="No space left"):
            sklearn_norm.save(NEW, tmp_path / "new.json")
    assert os.listdir(tmp_path) == []


def test_a_file_system_that_cannot_flush_folders_is_no_error(path, monkeypatch):
    with monkeypatch.context() as patch:
        failing_at(patch, 7, OSError(errno.EINVAL, "Invalid argument"))
        sklearn_norm.save(NEW, path)
    laws.assert_same_state(sklearn_norm.load(path), NEW)


def test_a_disk_that_takes_a_byte_at_a_time_gets_them_all(path, monkeypatch):
    write = os.write
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:1]))
        sklearn_norm.save(NEW, path)
    laws.assert_same_state(sklearn_norm.load(path), NEW)


def test_an_estimator_that_cannot_be_saved_leaves_the_old_file(path):
    with pytest.raises(FormatError, match="a set cannot be saved"):
        sklearn_norm.save(sklearn_norm.LayerNorm(gamma={1}), path)
    laws.assert_same_state(sklearn_norm.load(path), OLD)


# Folders, links, permissions


def test_a_folder_or_a_missing_folder_is_named(tmp_path):
    with pytest.raises(IsADirectoryError, match="give the name of a file in it"):
        sklearn_norm.save(NEW, tmp_path)
    with pytest.raises(IsADirectoryError, match="name a file in it"):
        sklearn_norm.load(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"no such folder to save in: make it first.*gone"):
        sklearn_norm.save(NEW, tmp_path / "gone" / "file.json")
    with pytest.raises(FileNotFoundError):
        sklearn_norm.load(tmp_path / "gone.json")
    assert os.listdir(tmp_path) == []


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="only who is not root is denied anything"
)
def test_a_folder_that_is_read_only_is_an_error_and_the_old_file_stays(path):
    path.parent.chmod(0o500)
    try:
        with pytest.raises(PermissionError):
            sklearn_norm.save(NEW, path)
    finally:
        path.parent.chmod(0o700)
    laws.assert_same_state(sklearn_norm.load(path), OLD)
    path.chmod(0)
    with pytest.raises(PermissionError):
        sklearn_norm.load(path)


@posix
def test_permissions_are_kept_and_new_files_get_those_of_the_mask(path, tmp_path):
    for mode in (0o600, 0o644, 0o640):
        path.chmod(mode)
        sklearn_norm.save(NEW, path)
        assert stat.S_IMODE(path.stat().st_mode) == mode
    before = os.umask(0o027)
    try:
        sklearn_norm.save(NEW, tmp_path / "new.json")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "new.json").stat().st_mode) == 0o640


@posix
def test_no_other_user_can_read_a_private_file_while_it_is_written(path, monkeypatch):
    seen = []
    write = os.write

    def watched(descriptor, data):
        seen.append(stat.S_IMODE(os.fstat(descriptor).st_mode))
        return write(descriptor, data)

    path.chmod(0o600)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", watched)
        sklearn_norm.save(NEW, path)
    assert seen == [0o600]


@posix
def test_of_a_link_the_file_that_it_leads_to_is_replaced(path, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    link, target = tmp_path / "link.json", tmp_path / "elsewhere" / "file.json"
    link.symlink_to(target)
    for estimator in (OLD, NEW):  # first, there is none
        sklearn_norm.save(estimator, link)
        assert link.is_symlink()
        laws.assert_same_state(sklearn_norm.load(target), estimator)
        assert os.listdir(target.parent) == ["file.json"]


@posix
def test_what_is_no_regular_file_is_not_replaced(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no regular file, and cannot be replaced"):
        sklearn_norm.save(NEW, tmp_path / "pipe")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows renames no file that is open")
def test_readers_never_see_half_a_file(path):
    """Four threads save, four load what is there at the moment: one of the two, whole."""

    def work(i):
        for _ in range(25):
            if i % 2:
                sklearn_norm.save(OLD if i % 4 == 1 else NEW, path)
            else:
                found = sklearn_norm.load(path)
                laws.assert_same_state(found, OLD if type(found) is type(OLD) else NEW)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert os.listdir(path.parent) == [path.name]


# Damaged files


DAMAGED = [
    sklearn_norm.MinMaxScaler(feature_range=(-1, 1.5)).fit([[1.0], [2.0]]),
    sklearn_norm.RobustScaler(rank_error=1e-3).fit([[1.0], [2.0]]),
    sklearn_norm.LayerNorm(gamma=[2.0, np.nan]),
    ColumnTransformer([("é", sklearn_norm.DecimalScaler(), [0])], remainder="passthrough").fit(X),
]
EACH = pytest.mark.parametrize("estimator", DAMAGED, ids=lambda e: type(e).__name__)


def assert_refused_or_equal(path, document, content):
    """A damaged file is an error, or it means the same."""
    path.write_bytes(content)
    try:
        found = sklearn_norm.load(path)
    except FormatError as error:
        assert str(error).startswith(f"{path}: ")  # noqa: PT017
        return 1
    assert sklearn_norm.to_dict(found) == document
    return 0


@EACH
def test_a_file_cut_short_at_any_byte_is_refused(estimator, tmp_path):
    path, document = tmp_path / "file.json", sklearn_norm.to_dict(estimator)
    sklearn_norm.save(estimator, path)
    content = path.read_bytes()
    sizes = range(len(content) - 1, -1, -times(4, 1))
    refused = [assert_refused_or_equal(path, document, content[:size]) for size in sizes]
    assert refused == [0] + [1] * (len(sizes) - 1)  # only the last line's end may be missing


@EACH
def test_any_bit_that_flips_is_noticed_or_means_nothing(estimator, tmp_path):
    path, document = tmp_path / "file.json", sklearn_norm.to_dict(estimator)
    sklearn_norm.save(estimator, path)
    content = path.read_bytes()
    refused = 0
    flips = range(0, 8 * len(content), times(13, 1))
    for flip in flips:
        damaged = bytearray(content)
        damaged[flip // 8] ^= 1 << flip % 8
        refused += assert_refused_or_equal(path, document, bytes(damaged))
    assert refused >= len(flips) - 8  # the spelling of a number, as 1E-3, means nothing


def test_bytes_that_are_lost_doubled_or_swapped_are_noticed(tmp_path):
    """Hundreds of them; and pages of zeros, as a crash of the machine leaves."""
    path = tmp_path / "file.json"
    estimator = DAMAGED[1]
    document = sklearn_norm.to_dict(estimator)
    sklearn_norm.save(estimator, path)
    content = path.read_bytes()
    rng = np.random.default_rng(5)
    for start, size in rng.integers(
        (0, 1), (len(content) - 64, 64), size=(times(100, 500), 2)
    ).tolist():
        end = start + size
        for damaged in (
            content[:start] + content[end:],
            content[:end] + content[start:],
            content[:start] + content[start:end][::-1] + content[end:],
            content[:start] + bytes(size) + content[end:],
        ):
            assert_refused_or_equal(path, document, damaged)
    assert assert_refused_or_equal(path, document, bytes(len(content))) == 1
