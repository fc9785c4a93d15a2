"""Minibatches: every example once in each order, also where a pass ends sooner or later."""

from itertools import chain, islice

import pytest
import torch

from hw1lib.networks.replicas import Streams
from hw1lib.training.minibatches import Minibatches

SEEDS = [3, 4, 5]
NUMBERS = torch.arange(10)


def test_every_pass_reads_every_example_once_in_an_order_of_each_replica():
    numbers = torch.arange(10)
    batches = Minibatches(numbers, numbers, 4, Streams(SEEDS).order)
    steps = [inputs for inputs, _ in batches]
    assert [step.shape[1] for step in steps] == batches.sizes.tolist() == [4, 4, 2]
    orders = torch.cat(steps, dim=1)
    assert orders.sort(dim=1).values.equal(numbers.expand(3, -1))
    assert not torch.equal(orders[0], orders[1])


@pytest.mark.parametrize("batch_size", [0, -1, 11])
def test_a_batch_larger_than_the_data_or_empty_is_refused(batch_size):
    with pytest.raises(ValueError, match=f"batch size {batch_size} is not between 1 and 10"):
        Minibatches(torch.zeros(10), torch.zeros(10), batch_size, [])


def inputs(batches):
    return [step for step, _ in batches]


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 7, 9, 20])
def test_steps_are_those_of_one_pass_after_another(steps):
    chained = Minibatches(NUMBERS, NUMBERS, 4, Streams(SEEDS).order)
    expected = list(islice(chain.from_iterable(chained for _ in range(10)), steps))
    batches = Minibatches(NUMBERS, NUMBERS, 4, Streams(SEEDS).order, steps=steps)
    found = list(batches)
    assert len(found) == len(batches.sizes) == steps
    assert [x.shape[1] for x, _ in found] == batches.sizes.tolist()
    for (x, y), (its_x, its_y) in zip(found, expected, strict=True):
        assert torch.equal(x, its_x)
        assert torch.equal(y, its_y)


def test_all_examples_of_a_used_up_order_are_read_once():
    found = inputs(Minibatches(NUMBERS, NUMBERS, 4, Streams(SEEDS).order, steps=7))
    for first in (0, 3):
        order = torch.cat(found[first : first + 3], dim=1)
        assert order.sort(dim=1).values.equal(NUMBERS.expand(3, -1))
    assert not torch.equal(torch.cat(found[:3], dim=1), torch.cat(found[3:6], dim=1))
    assert found[6].shape == (3, 4)


def test_a_pass_of_fewer_steps_begins_with_a_new_order():
    batches = Minibatches(NUMBERS, NUMBERS, 4, Streams(SEEDS).order, steps=1)
    orders = Minibatches(NUMBERS, NUMBERS, 4, Streams(SEEDS).order)
    for _ in range(4):
        (first,) = inputs(batches)
        assert torch.equal(first, inputs(orders)[0])


def test_no_order_is_drawn_that_is_not_used():
    for steps, passes in ((3, 1), (4, 2), (6, 2), (7, 3)):
        streams, others = Streams(SEEDS).order, Streams(SEEDS).order
        list(Minibatches(NUMBERS, NUMBERS, 4, streams, steps=steps))
        for _ in range(passes):
            [torch.randperm(10, generator=other) for other in others]
        pairs = zip(streams, others, strict=True)
        assert all(torch.equal(a.get_state(), b.get_state()) for a, b in pairs), steps


def test_as_many_steps_as_a_pass_has_change_nothing():
    with_steps = Minibatches(NUMBERS, NUMBERS, 4, Streams(SEEDS).order, steps=3)
    without = Minibatches(NUMBERS, NUMBERS, 4, Streams(SEEDS).order)
    for _ in range(2):
        pairs = zip(inputs(with_steps), inputs(without), strict=True)
        assert all(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("steps", [0, -1])
def test_a_pass_without_a_step_is_refused(steps):
    with pytest.raises(ValueError, match=f"a pass has at least 1 step, got {steps}"):
        Minibatches(NUMBERS, NUMBERS, 4, [], steps=steps)
