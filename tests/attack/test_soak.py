"""The soak test of soak.py in small: the same code with few rows."""

from __future__ import annotations

import itertools

import pytest
import soak
from budget import times

ROWS = times(120, 800)
PROCESSES = times(2, 4)


@pytest.mark.full
def test_processes_and_threads_give_the_answers_of_one_thread_in_flat_memory():
    reports = soak.soak(ROWS, n_processes=PROCESSES, n_threads=8)
    assert [report.rows for report in reports] == [2 * ROWS // PROCESSES] * PROCESSES
    for report in reports:
        assert report.growth is None or report.growth < soak.ALLOWED


def test_an_answer_of_other_bits_is_noticed(monkeypatch, tmp_path):
    """If a thread saw another's data, the soak test would report it."""
    soak.write(tmp_path)
    true, calls = soak.answered, itertools.count()

    def answered(pipelines, data, place):
        said = true(pipelines, data, place)
        return said[::-1] if next(calls) > 300 else said

    monkeypatch.setattr(soak, "answered", answered)
    with pytest.raises(AssertionError, match=r"slice\(\d+, \d+, None\)"):
        soak.process(str(tmp_path), 200, 1)


def test_a_stream_that_another_disturbs_is_noticed(monkeypatch, tmp_path):
    soak.write(tmp_path)
    calls = itertools.count()
    monkeypatch.setattr(soak, "streamed", lambda data, seed: [bytes([next(calls) > 2])])
    with pytest.raises(AssertionError):
        soak.process(str(tmp_path), 20, 1)


def test_growing_memory_is_noticed(monkeypatch, capsys):
    grown = soak.Report(rows=10, growth=soak.ALLOWED + 1, seconds=1.0)
    monkeypatch.setattr(soak, "soak", lambda *given: [grown])
    monkeypatch.setattr("sys.argv", ["soak.py", "--rows", "10"])
    with pytest.raises(SystemExit, match="memory is not flat"):
        soak.main()
    assert "10 rows, memory +8.0 MiB" in capsys.readouterr().out
