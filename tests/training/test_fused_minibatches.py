"""Minibatches learned in a compiled loop are learned as torch does, step by step."""

import numpy as np
import pytest
import torch
from remembered import Memory
from torch import nn

from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import fused, losses, optimizers
from hw1lib.training.classification import WithAccuracy
from hw1lib.training.loop import fit
from hw1lib.training.minibatches import Minibatches
from hw1lib.training.run import Run, threads
from hw1lib.training.watching import gradient_norm

needs_numba = pytest.mark.skipif(not fused.kernels(), reason="numba is not installed")

SEEDS = (0, 1, 2)
WIDTHS = (9, 7, 5, 4)
COMPILED = Run(prepare=fused.prepare)


def examples(count=50, dtype=torch.float64):
    """Rows of numbers in four classes, of which the first numbers tell something."""
    drawn = torch.Generator().manual_seed(5)
    rows = torch.randn(count, WIDTHS[0], generator=drawn, dtype=dtype)
    return rows, (rows[:, :4] + 0.3 * rows[:, 4:8]).argmax(dim=1)


def training(**changes):
    """What `fit` hands over, all as it must be but for the changes."""
    streams = Streams(SEEDS)
    dtype, rows = changes.pop("dtype", torch.float64), changes.pop("rows", None)
    model = builders.mlp(
        streams, *changes.pop("widths", WIDTHS), activation=changes.pop("activation", nn.ReLU)
    ).to(dtype)
    inputs, targets = rows or examples(dtype=dtype)
    size, steps = changes.pop("batch_size", 16), changes.pop("steps", None)
    given = {
        "model": model,
        "batches": Minibatches(inputs, targets, size, streams.order, steps),
        "objective": losses.cross_entropy,
        "optimizer": changes.pop("make", optimizers.adam)(
            model, learning_rate=changes.pop("rate", 1e-2), weight_decay=1e-3
        ),
        "watch": None,
    }
    return given | changes


def trained(run, epochs=12, **changes):
    """Return weights, history and the optimizer's memory."""
    given = training(**changes)
    watch, batches = given.pop("watch"), given["batches"]
    history = fit(**given, epochs=epochs, watch=watch, streams=batches.orders, run=run)
    memory = [
        value.clone() for state in given["optimizer"].state.values() for value in state.values()
        if torch.is_tensor(value)
    ]  # fmt: skip
    return replicas.weights(given["model"]).detach(), history, memory


def assert_same(ours, theirs, rtol=1e-7):
    torch.testing.assert_close(ours[0], theirs[0], rtol=rtol, atol=rtol)
    for name in ("losses", "watched"):
        found, expected = getattr(ours[1], name), getattr(theirs[1], name)
        np.testing.assert_allclose(found, expected, rtol=10 * rtol, atol=1e-9)
    for mine, its in zip(ours[2], theirs[2], strict=True):
        torch.testing.assert_close(mine, its, rtol=10 * rtol, atol=1e-9)


@pytest.fixture
def taken():
    """A run that is compiled or fails."""

    def prepare(*given):
        found = fused.prepare(*given)
        assert isinstance(found, fused.OnMinibatches)
        return found

    return Run(prepare=prepare)


@needs_numba
@pytest.mark.parametrize("make", [optimizers.sgd, optimizers.rmsprop, optimizers.adam])
@pytest.mark.parametrize("widths", [(9, 4, 4), WIDTHS, (9, 3, 8, 2, 6, 4)], ids=str)
@pytest.mark.parametrize("activation", [builders.relu, builders.leaky_relu])
def test_a_training_is_that_of_torch(widths, make, activation, taken):
    how = {"widths": widths, "make": make, "activation": activation, "watch": gradient_norm}
    assert_same(trained(taken, **how), trained(Run(), **how))


@needs_numba
@pytest.mark.parametrize(
    ("batch_size", "steps"), [(1, 7), (16, None), (49, None), (50, None), (16, 3), (16, 9)]
)
def test_batches_are_those_of_torch(batch_size, steps, taken):
    how = {"batch_size": batch_size, "steps": steps, "epochs": 5}
    assert_same(trained(taken, **how), trained(Run(), **how))


@needs_numba
def test_accuracy_is_watched(taken):
    def one(run):
        objective = WithAccuracy(losses.cross_entropy)
        return trained(run, objective=objective, watch=objective.read)

    ours, theirs = one(taken), one(Run())
    assert_same(ours, theirs)
    assert 0.25 < theirs[1].watched[-1].mean() < 1


@needs_numba
def test_in_single_precision_they_stay_together_for_a_hundred_updates(taken):
    """Later, round-off decides: then trainings differ as from one order of sums to another."""
    how = {"dtype": torch.float32, "rate": 1e-3, "epochs": 25}
    ours, theirs = (trained(run, **how)[1] for run in (taken, Run()))
    np.testing.assert_allclose(ours.losses, theirs.losses, rtol=1e-4)


@needs_numba
def test_the_gradient_is_that_of_central_differences():
    """Not of torch either: plain descent moves by the rate times the gradient."""
    rate, rows = 1e-3, examples(20)
    given = training(make=optimizers.sgd, rate=rate, rows=rows, batch_size=20)
    given["optimizer"].param_groups[0]["weight_decay"] = 0.0
    model = given["model"]
    before = replicas.weights(model).detach().clone()
    fused.prepare(*given.values()).make(1, torch.ones(3, dtype=torch.bool))
    found = (before - replicas.weights(model).detach()) / rate

    def loss(weights):
        outputs = replicas.with_weights(model, weights)(rows[0]).detach()
        return losses.cross_entropy(outputs, rows[1].expand(3, -1))

    step = 1e-6
    for k in range(before.shape[1]):
        moved = [before.clone(), before.clone()]
        moved[0][:, k] += step
        moved[1][:, k] -= step
        above, below = map(loss, moved)
        torch.testing.assert_close(found[:, k], (above - below) / (2 * step), rtol=1e-5, atol=1e-8)


@needs_numba
@pytest.mark.parametrize("lost", [(1,), (0, 2), (0, 1, 2)])
def test_a_replica_that_diverges_ends_as_it_does_one_by_one(lost):
    def one(run):
        given = training(make=optimizers.sgd, rate=0.05)
        with torch.no_grad():
            for r in lost:
                given["model"].head[0].weight[r] *= 1e200  # an exponential of it has no number
        batches = given["batches"]
        return fit(**given, epochs=9, streams=batches.orders, run=run), given["model"]

    (ours, model), (theirs, its) = one(COMPILED), one(Run())
    assert ours.sound.tolist() == [r not in lost for r in range(3)] == theirs.sound.tolist()
    assert ours.steps.tolist() == theirs.steps.tolist()
    assert ours.losses.shape == theirs.losses.shape
    finite = np.isfinite(theirs.losses)
    assert np.array_equal(np.isfinite(ours.losses), finite)
    np.testing.assert_allclose(ours.losses[finite], theirs.losses[finite], rtol=1e-6)
    torch.testing.assert_close(replicas.weights(model), replicas.weights(its), rtol=1e-6, atol=0)


@needs_numba
@pytest.mark.parametrize("make", [optimizers.sgd, optimizers.adam])
def test_a_killed_training_goes_on_to_the_same_bits(make):
    whole, memory = trained(COMPILED, make=make), Memory(3)
    run = Run(checkpoint=memory, prepare=fused.prepare)
    with pytest.raises(KeyboardInterrupt):
        trained(run, make=make)
    again = trained(run, make=make)
    assert torch.equal(whole[0], again[0])
    assert np.array_equal(whole[1].losses, again[1].losses)


@needs_numba
def test_torch_goes_on_where_compiled_updates_ended(taken):
    """The memory that they give an optimizer is torch's own."""
    given = training()
    for run in (taken, Run()):
        fit(**given, epochs=3, streams=given["batches"].orders, run=run)
    plain = training()
    for _ in range(2):
        fit(**plain, epochs=3, streams=plain["batches"].orders)
    ours, theirs = (replicas.weights(its["model"]).detach() for its in (given, plain))
    torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-9)


@needs_numba
def test_threads_change_nothing(taken):
    with threads(1):
        one = trained(taken)
    with threads(2):
        two = trained(taken)
    assert torch.equal(one[0], two[0])


def momentum(model, learning_rate, weight_decay):
    return optimizers.sgd(model, learning_rate=learning_rate, momentum=0.9)


@pytest.mark.parametrize(
    "change",
    [
        {"make": momentum},
        {"objective": losses.softmax_squared_error},
        {"objective": WithAccuracy(losses.cross_entropy)},  # that nobody reads
        {"watch": lambda model: torch.zeros(3)},
        {"activation": nn.Tanh},
        {"rows": (examples()[0].float(), examples()[1])},  # for weights in double precision
        {"rows": (examples()[0][:, None], examples()[1])},
        {"rows": (examples()[0], examples()[1] + 1)},  # a class too many, which torch refuses
        {"rows": (examples()[0], examples()[1] - 1)},
        {"batches": []},
    ],
    ids=lambda change: str(next(iter(change))),
)
def test_any_other_training_is_left_to_torch(change):
    assert fused.prepare(*training(**change).values()) is None


@needs_numba
def test_a_network_with_convolutions_is_left_to_torch():
    given = training()
    given["model"] = builders.small_cnn(Streams(SEEDS), 1, 28, 28)
    assert fused.prepare(*given.values()) is None
