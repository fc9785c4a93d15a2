"""Many updates at once are those that torch makes one by one, and are made only where they are."""

import sys

import numpy as np
import pytest
import torch
from remembered import Memory
from torch import nn

from hw1lib.data import functions
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import fused, losses, optimizers, regression
from hw1lib.training.loop import Probe, fit
from hw1lib.training.minibatches import Minibatches
from hw1lib.training.run import Run
from hw1lib.training.stopping import Plateau
from hw1lib.training.watching import gradient_norm

needs_numba = pytest.mark.skipif(not fused.kernels(), reason="numba is not installed")
pytestmark = pytest.mark.usefixtures("_one_thread")

SEEDS = (0, 1, 2)
MAKERS = (optimizers.sgd, optimizers.rmsprop, optimizers.adam)
AT_ONCE_RUN = Run(prepare=fused.prepare)


@pytest.fixture
def _one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def network(widths, activation=builders.leaky_relu, dtype=torch.float64):
    return builders.mlp(Streams(SEEDS), *widths, activation=activation).to(dtype)


def trained(
    widths, make, run, *, activation=builders.leaky_relu, dtype=torch.float64, points=37, **how
):
    """Train on sinc; return weights, history and the optimizer's memory."""
    model = network(widths, activation, dtype)
    task = regression.task(functions.sinc, points, device="cpu", dtype=dtype)
    how = {"epochs": 250, "watch": gradient_norm, "rate": 3e-3, **how}
    optimizer = make(model, learning_rate=how.pop("rate"), weight_decay=1e-3)
    history = fit(model, task.batches, losses.mean_squared_error, optimizer, run=run, **how)
    memory = [
        value.clone() for state in optimizer.state.values() for value in state.values()
        if torch.is_tensor(value)
    ]  # fmt: skip
    return replicas.weights(model).detach(), history, memory


@pytest.fixture
def counted():
    """A run that notes how many updates were made at once."""
    made = []

    class Counted(fused.OnAllPoints):
        def make(self, count, running):
            made.append(count)
            return super().make(count, running)

    def prepare(*training):
        found = fused.prepare(*training)
        return found and Counted(**vars(found))

    return Run(prepare=prepare), made


@needs_numba
@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize(
    "widths", [(1, 3, 1), (1, 4, 5, 1), (1, 7, 2, 6, 1), builders.DEEP], ids=str
)
@pytest.mark.parametrize("activation", [builders.relu, builders.leaky_relu])
def test_updates_at_once_are_those_of_torch(widths, make, activation, counted):
    run, made = counted
    ours = trained(widths, make, run, activation=activation)
    theirs = trained(widths, make, Run(), activation=activation)
    assert sum(made) == 250
    torch.testing.assert_close(ours[0], theirs[0], rtol=1e-7, atol=1e-7)
    for name in ("losses", "watched"):
        found, expected = getattr(ours[1], name), getattr(theirs[1], name)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9)
    for mine, its in zip(ours[2], theirs[2], strict=True):
        torch.testing.assert_close(mine, its, rtol=1e-6, atol=1e-9)


@needs_numba
@pytest.mark.parametrize("points", [2, 31, 32, 33, 300])
def test_any_number_of_points_is_learned(points):
    shape = (1, 6, 5, 1), optimizers.adam
    ours, theirs = (trained(*shape, run, points=points)[0] for run in (AT_ONCE_RUN, Run()))
    torch.testing.assert_close(ours, theirs, rtol=1e-8, atol=1e-10)


@needs_numba
@pytest.mark.parametrize("widths", [builders.DEEP, builders.MEDIUM, builders.SHALLOW], ids=str)
def test_in_single_precision_they_stay_together_for_a_hundred_updates(widths):
    """Later, round-off decides: then trainings differ as from one order of sums to another."""
    how = {"dtype": torch.float32, "points": 300, "epochs": 100, "rate": 1e-3}
    ours, theirs = (trained(widths, optimizers.adam, run, **how)[1] for run in (AT_ONCE_RUN, Run()))
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-4)


@needs_numba
def test_squares_of_large_gradients_are_as_finite_as_those_of_torch():
    """In another order they overflow: a small share of a square, or a share of a large one."""
    how = {"dtype": torch.float32, "points": 7, "epochs": 2, "rate": 1e6}
    ours, theirs = (
        trained(builders.SHALLOW, optimizers.adam, run, **how)[2] for run in (AT_ONCE_RUN, Run())
    )
    # a thousandth of the squares is remembered
    assert max(value.max() for value in theirs) > torch.finfo(torch.float32).max / 1000
    for mine, its in zip(ours, theirs, strict=True):
        assert its.isfinite().all()
        assert mine.isfinite().all()
        # of one weight the sign of a gradient of nothing but round-off decides
        torch.testing.assert_close(mine.max(), its.max(), rtol=1e-4, atol=0)


@needs_numba
def test_the_gradient_is_that_of_central_differences():
    """Not of torch either: plain descent moves by the rate times the gradient."""
    widths, rate = (1, 4, 3, 1), 1e-3
    model = network(widths)
    task = regression.task(functions.sinc, 20, device="cpu", dtype=torch.float64)
    optimizer = optimizers.sgd(model, learning_rate=rate)
    before = replicas.weights(model).detach().clone()
    training = model, task.batches, losses.mean_squared_error, optimizer, None
    fused.prepare(*training).make(1, torch.ones(3, dtype=torch.bool))
    found = (before - replicas.weights(model).detach()) / rate
    step = 1e-6
    for k in range(before.shape[1]):
        moved = [before.clone(), before.clone()]
        moved[0][:, k] += step
        moved[1][:, k] -= step
        above, below = (task.loss(replicas.with_weights(model, to)).detach() for to in moved)
        torch.testing.assert_close(found[:, k], (above - below) / (2 * step), rtol=1e-5, atol=1e-8)


@needs_numba
@pytest.mark.parametrize("lost", [(1,), (0, 2), (0, 1, 2)])
def test_a_replica_that_diverges_ends_as_it_does_one_by_one(lost):
    def one(run):
        model = network((1, 5, 1))
        with torch.no_grad():
            for r in lost:
                model.head[0].weight[r] *= 60.0
        task = regression.task(functions.sinc, 20, device="cpu", dtype=torch.float64)
        optimizer = optimizers.sgd(model, learning_rate=0.05)
        how = {"epochs": 230, "watch": gradient_norm, "run": run}
        return fit(model, task.batches, losses.mean_squared_error, optimizer, **how), model

    (ours, model), (theirs, its) = one(AT_ONCE_RUN), one(Run())
    assert ours.sound.tolist() == [r not in lost for r in range(3)] == theirs.sound.tolist()
    assert ours.steps.tolist() == theirs.steps.tolist()
    assert ours.losses.shape == theirs.losses.shape
    finite = np.isfinite(theirs.losses)
    assert np.array_equal(np.isfinite(ours.losses), finite)
    np.testing.assert_allclose(ours.losses[finite], theirs.losses[finite], rtol=1e-6)
    torch.testing.assert_close(replicas.weights(model), replicas.weights(its), rtol=1e-6, atol=0)


@needs_numba
def test_probes_are_read_when_they_are_due(counted):
    run, made = counted
    probes = {"seven": Probe(replicas.weights, 7), "all": Probe(replicas.weights, 1000)}
    shape = (1, 4, 1), optimizers.adam
    ours, theirs = (trained(*shape, r, probes=probes, epochs=30)[1] for r in (run, Run()))
    for name in probes:
        assert ours.epochs[name].tolist() == theirs.epochs[name].tolist()
        np.testing.assert_allclose(ours.series[name], theirs.series[name], rtol=1e-9)
    assert made == [7, 7, 7, 7, 2]


@needs_numba
@pytest.mark.parametrize("make", MAKERS)
@pytest.mark.parametrize("killed_after", [1, 2, 3])
def test_a_killed_training_goes_on_to_the_same_bits(make, killed_after):
    whole = trained((1, 4, 3, 1), make, AT_ONCE_RUN)
    memory = Memory(killed_after)
    with pytest.raises(KeyboardInterrupt):
        trained((1, 4, 3, 1), make, Run(checkpoint=memory, prepare=fused.prepare))
    again = trained((1, 4, 3, 1), make, Run(checkpoint=memory, prepare=fused.prepare))
    assert torch.equal(whole[0], again[0])
    assert np.array_equal(whole[1].losses, again[1].losses)
    assert np.array_equal(whole[1].watched, again[1].watched)


@needs_numba
def test_progress_is_told_about_every_hundred_updates():
    told = []
    run = Run(progress=lambda epochs, losses: told.append(epochs), prepare=fused.prepare)
    trained((1, 4, 1), optimizers.adam, run, epochs=205)
    assert told == [100, 200, 205]


# Where torch makes them


def training(**changes):
    """What `fit` hands over, all as it must be but for the changes."""
    model = changes.pop("model", network((1, 4, 1)))
    task = regression.task(functions.sinc, 8, device="cpu", dtype=torch.float64)
    optimizer = changes.pop("make", optimizers.adam)(model, learning_rate=1e-3)
    given = {
        "model": model, "batches": task.batches, "objective": losses.mean_squared_error,
        "optimizer": optimizer, "watch": None, **changes,
    }  # fmt: skip
    return given.values()


@needs_numba
def test_a_training_as_it_must_be_is_taken():
    for make in MAKERS:
        assert fused.prepare(*training(make=make)) is not None
    assert fused.prepare(*training(watch=gradient_norm)) is not None


def momentum(model, learning_rate):
    return optimizers.sgd(model, learning_rate=learning_rate, momentum=0.9)


def decoupled(model, learning_rate):
    return torch.optim.AdamW(model.parameters(), lr=learning_rate)


def centered(model, learning_rate):
    return torch.optim.RMSprop(model.parameters(), lr=learning_rate, centered=True)


def two_groups(model, learning_rate):
    weights = [*model.parameters()]
    return torch.optim.SGD([{"params": weights[:1]}, {"params": weights[1:]}], lr=learning_rate)


@pytest.mark.parametrize(
    "change",
    [
        {"make": momentum},
        {"make": optimizers.nesterov},
        {"make": decoupled},
        {"make": centered},
        {"make": two_groups},
        {"objective": losses.one_hot_squared_error},
        {"watch": lambda model: torch.zeros(3)},
        {"model": network((1, 4, 1), nn.Tanh)},
        {"model": network((1, 4, 2))},
        {"model": network((2, 4, 1))},
        {"model": network((1, 1))},
        {"model": network((1, 4, 1), dtype=torch.float32)},  # on points in double precision
        {"batches": []},
    ],
    ids=lambda change: str(next(iter(change))),
)
def test_any_other_training_is_left_to_torch(change):
    assert fused.prepare(*training(**change)) is None


def test_minibatches_of_points_are_left_to_torch():
    x = torch.zeros(8, 1, dtype=torch.float64)
    batches = Minibatches(x, x, 4, Streams(SEEDS).order)
    assert fused.prepare(*training(batches=batches)) is None


def test_a_training_with_a_stopping_rule_is_left_to_torch(counted):
    run, made = counted
    trained((1, 4, 1), optimizers.adam, run, stop=Plateau(), epochs=5)
    assert not made


def test_without_numba_torch_makes_them(monkeypatch):
    fused.kernels.cache_clear()
    monkeypatch.setitem(sys.modules, "hw1lib.training.kernels", None)
    try:
        assert fused.prepare(*training()) is None
        assert trained((1, 3, 1), optimizers.adam, AT_ONCE_RUN, epochs=3)[1].sound.all()
    finally:
        fused.kernels.cache_clear()
