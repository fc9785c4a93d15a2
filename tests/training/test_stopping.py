"""Rules that end replicas: by the losses, or by what a probe measures."""

import numpy as np
import torch

from hw1lib.training.stopping import MeanBelow, Plateau, Until

NAN = float("nan")


def test_the_plateau_rule_wants_a_low_loss_that_has_stopped_moving():
    rule = Plateau(below=1.0, change=0.1)
    low_and_still, low_but_moving, high_and_still = [0.5, 0.45, 0.44], [0.9, 0.5, 0.4], [2.0] * 3
    losses = torch.tensor([low_and_still, low_but_moving, high_and_still]).T
    assert rule(losses).tolist() == [True, False, False]
    assert rule(losses[:2]).tolist() == [False] * 3


def test_the_plateau_rule_finds_afterwards_where_it_would_have_ended():
    rule = Plateau(below=1.0, change=0.1)
    curves = np.array([[2.0, 0.9, 0.85, 0.84, 0.2], [2.0, 1.5, 1.2, 1.1, 1.05]]).T
    assert rule.first(curves).tolist() == [3, np.inf]
    online = [rule(torch.tensor(curves[: n + 1])).tolist() for n in range(2, 5)]
    assert online == [[False, False], [True, False], [False, False]]


def test_the_mean_of_the_last_pass_must_be_low():
    rule = MeanBelow(1.0, steps=3)
    losses = torch.tensor([[9.0, 0.5], [0.9, 1.5], [0.5, 0.9], [1.5, 1.2]])
    assert rule(losses[:2]).tolist() == [False, False]  # no pass yet
    assert rule(losses[:3]).tolist() == [False, True]
    assert rule(losses).tolist() == [True, False]


def test_a_mean_just_at_the_limit_is_not_below_it():
    assert MeanBelow(1.0, steps=2)(torch.ones(5, 1)).tolist() == [False]


def test_a_replica_that_has_ended_is_not_called_done_by_its_missing_losses():
    losses = torch.tensor([[0.5], [NAN], [NAN]])
    assert MeanBelow(1.0, steps=2)(losses).tolist() == [False]
    assert Plateau()(losses).tolist() == [False]


def test_a_probe_that_has_measured_nothing_ends_nothing():
    rule = Until(lambda model: torch.tensor([1.0, 3.0]), lambda seen: seen < 2, every=4)
    assert rule(torch.zeros(5, 2)).tolist() == [False, False]
    assert rule.probe.every == 4
    assert rule.probe.measure(None).tolist() == [1.0, 3.0]
    assert rule(torch.zeros(6, 2)).tolist() == [True, False]
