"""Kill examples/streaming.py at random moments, and start it again, until all kills are spent.

    python tests/attack/killer.py FOLDER KILLS SCALER SEED

Prints, as JSON, how often the stream was killed, how often in the middle of a checkpoint, how often
it ended (and began again), and whether its last checkpoint always had the bytes of an
uninterrupted run. It is a process of its own: where the system can fork, a child costs a few
milliseconds, and nothing here has started a thread.
"""

from __future__ import annotations

import contextlib
import importlib.util
import io
import json
import os
import random
import subprocess
import sys
import time
from pathlib import Path

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "streaming.py"
SIZES = ("--batches", "400", "--rows", "5", "--every", "4")
FORKS = hasattr(os, "fork")


def example():
    spec = importlib.util.spec_from_file_location("streaming", EXAMPLE)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Forked:
    """The example in a fork of this process."""

    streaming = example() if FORKS else None

    def __init__(self, arguments):
        self.child = os.fork()
        if self.child == 0:
            code = 1
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    self.streaming.main(arguments)
                code = 0
            finally:
                os._exit(code)

    def kill_after(self, seconds):
        """Return whether it was killed before it ended; an error of its own is raised."""
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            done, status = os.waitpid(self.child, os.WNOHANG)
            if done:
                assert status == 0, f"the example failed: {status}"
                return False
            time.sleep(1e-4)
        os.kill(self.child, 9)
        _, status = os.waitpid(self.child, 0)
        return os.WIFSIGNALED(status)


class Spawned:
    """The example as a new process, where the system cannot fork."""

    def __init__(self, arguments):
        self.child = subprocess.Popen([sys.executable, EXAMPLE, *arguments])

    def kill_after(self, seconds):
        try:
            assert self.child.wait(seconds + 2.0 * random.random()) == 0, "the example failed"
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
            return True
        return False


def main():
    folder, kills, scaler, seed = Path(sys.argv[1]), int(sys.argv[2]), sys.argv[3], sys.argv[4]
    random.seed(seed)
    start = Forked if FORKS else Spawned
    whole, broken = folder / "whole.json", folder / "broken.json"
    options = ["--scaler", scaler, *SIZES]
    begun = time.perf_counter()
    assert not start([str(whole), *options]).kill_after(600.0)
    seconds = time.perf_counter() - begun
    killed = in_checkpoint = ended = 0
    same = True
    while killed < kills:
        broken.unlink(missing_ok=True)
        while start([str(broken), *options]).kill_after(
            random.uniform(0.0, 3.0 * seconds / kills) if killed < kills else 600.0
        ):
            killed += 1
            left = set(folder.glob(".sklearn_norm-*.tmp"))
            in_checkpoint += bool(left)
            for path in left:  # what a checkpoint was killed in
                path.unlink()
        ended += 1
        same = same and broken.read_bytes() == whole.read_bytes()
    told = {
        "killed": killed,
        "in_checkpoint": in_checkpoint,
        "ended": ended,
        "same": same,
        "left": sorted(path.name for path in folder.iterdir()),
    }
    print(json.dumps(told))


if __name__ == "__main__":
    main()
