"""How a training is carried out: threads are set and put back, and silence is the default."""

import pytest
import torch

from hw1lib.training.run import Run, threads


@pytest.mark.parametrize("count", [1, 2, 3])
def test_threads_are_set_and_put_back(count):
    before = torch.get_num_threads()
    with threads(count):
        assert torch.get_num_threads() == count
        with threads(None):
            assert torch.get_num_threads() == count
    assert torch.get_num_threads() == before


def test_threads_are_put_back_after_an_error():
    before = torch.get_num_threads()
    with pytest.raises(KeyError), threads(before + 1):
        raise KeyError
    assert torch.get_num_threads() == before


def test_a_run_is_silent_on_the_cpu_and_keeps_nothing_unless_told_otherwise():
    run = Run()
    assert (run.device, run.checkpoint) == ("cpu", None)
    assert run.progress(1, torch.zeros(3)) is None
