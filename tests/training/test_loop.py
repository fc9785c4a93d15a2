"""The training loop: the same numbers as plain torch, replica by replica, and as promised."""

import numpy as np
import pytest
import torch
from remembered import Memory
from torch import nn

from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import losses, optimizers
from hw1lib.training.loop import IN_SILENCE, Probe, fit
from hw1lib.training.minibatches import Minibatches
from hw1lib.training.run import Run
from hw1lib.training.stopping import Until

SEEDS = [3, 4, 5]


@pytest.fixture
def regression():
    """Eleven points of a cosine, float64, a count that three does not divide."""
    x = torch.linspace(-1, 1, 11, dtype=torch.float64)[:, None]
    return x, torch.cos(3 * x)


def small(seeds):
    return builders.mlp(Streams(seeds), 1, 5, 1, activation=nn.Tanh).double()


def train_once(regression, **settings):
    streams, model = Streams(SEEDS), small(SEEDS)
    optimizer = optimizers.adam(model, learning_rate=0.01)
    batches = Minibatches(*regression, 4, streams.order)
    settings = {"epochs": 7, "streams": [*streams], **settings}
    history = fit(model, batches, losses.mean_squared_error, optimizer, **settings)
    return replicas.weights(model).detach(), history


def test_the_same_seeds_give_the_same_bits(regression):
    first, history = train_once(regression)
    second, again = train_once(regression)
    assert torch.equal(first, second)
    assert np.array_equal(history.losses, again.losses)


def test_a_probe_is_read_before_the_first_update_and_every_k_epochs_and_at_the_end(regression):
    start = replicas.weights(small(SEEDS)).detach()
    probe = Probe(replicas.weights, every=3)
    final, history = train_once(regression, probes={"weights": probe})
    assert history.epochs["weights"].tolist() == [0, 3, 6, 7]
    assert torch.equal(torch.from_numpy(history.series["weights"][0]), start)
    assert torch.equal(torch.from_numpy(history.series["weights"][-1]), final)


def test_a_probe_does_not_change_the_training(regression):
    probes = {"loss": Probe(lambda m: losses.mean_squared_error(m(regression[0]), regression[1]))}
    assert torch.equal(train_once(regression)[0], train_once(regression, probes=probes)[0])


def test_a_snapshot_does_not_follow_the_live_weights(regression):
    probe = Probe(lambda model: model.head[0].weight)
    _, history = train_once(regression, probes={"layer": probe})
    assert not np.array_equal(history.series["layer"][0], history.series["layer"][-1])


class StopAt:
    """Ends replica r after so many losses of its own."""

    def __init__(self, *steps):
        self.steps = torch.tensor(steps)

    def __call__(self, losses):
        return len(losses) > self.steps


def test_a_stopped_replica_keeps_its_weights_while_the_others_go_on(regression):
    full, _ = train_once(regression)
    weights, history = train_once(regression, stop=StopAt(0, 6, 1000))
    assert history.steps.tolist() == [0, 6, 21]
    assert torch.equal(weights[0], replicas.weights(small(SEEDS))[0].detach())
    after_two_epochs, _ = train_once(regression, epochs=2)
    assert torch.equal(weights[1], after_two_epochs[1])
    assert torch.equal(weights[2], full[2])
    assert np.isnan(history.losses[7:, 1]).all()
    assert np.isfinite(history.losses[:7, 1]).all()
    assert history.sound.all()


def test_training_ends_when_all_replicas_have_stopped(regression):
    _, history = train_once(regression, stop=StopAt(2, 1, 2), epochs=1000)
    assert len(history.losses) == 3


def test_a_loss_that_is_not_finite_stops_its_replica_alone(regression):
    x, y = regression
    model, alone = small(SEEDS), small(SEEDS)
    with torch.no_grad():
        model.head[2].bias[1] = 1e200  # squared, it overflows
    for network in (model, alone):
        optimizer = optimizers.adam(network, learning_rate=0.01)
        history = fit(network, [(x, y)], losses.mean_squared_error, optimizer, epochs=5)
        if network is model:
            assert history.sound.tolist() == [True, False, True]
            assert history.steps.tolist() == [5, 0, 5]
            assert model.head[2].bias[1].item() == 1e200
    for r in (0, 2):
        assert torch.equal(replicas.weights(model)[r], replicas.weights(alone)[r])


def below(limit, every=1):
    """End a replica once its loss on the whole of `regression` was measured under a limit."""
    x = torch.linspace(-1, 1, 11, dtype=torch.float64)[:, None]

    def loss(model):
        return losses.mean_squared_error(model(x), torch.cos(3 * x)).detach()

    return Until(loss, lambda losses: losses < limit, every)


@pytest.mark.parametrize("every", [1, 3])
def test_a_replica_keeps_the_weights_that_were_measured_as_done(regression, every):
    x, y = regression
    model, free = small(SEEDS), small(SEEDS)
    rule = below(0.46, every)
    probes = {"loss": rule.probe, "weights": Probe(replicas.weights, every)}
    histories = [
        fit(
            network,
            Minibatches(x, y, 3, Streams(SEEDS).order),
            losses.mean_squared_error,
            optimizers.adam(network, learning_rate=0.01),
            epochs=30,
            probes=probes,
            stop=stop,
        )
        for network, stop in ((model, rule), (free, None))
    ]
    course = histories[1].series  # of the training that is not stopped
    assert course["loss"].min(axis=0).max() < 0.46 < course["loss"][0].min()
    ended = (course["loss"] < 0.46).argmax(axis=0)
    assert len(set(ended)) > 1
    expected = [course["weights"][k, r] for r, k in enumerate(ended)]
    np.testing.assert_array_equal(replicas.weights(model).detach(), expected)
    assert histories[0].steps.tolist() == (4 * every * ended).tolist()  # 11 by threes: 4 steps


@pytest.mark.parametrize("killed_after", [1, 2, 4, 6])
@pytest.mark.parametrize("rule", [lambda: StopAt(0, 7, 1000), lambda: below(0.51, every=2)])
def test_a_killed_training_continues_to_the_same_bits(regression, killed_after, rule):
    def settings():  # a rule that probes starts anew with its process
        stop = rule()
        probes = {"weights": Probe(replicas.weights, every=2)}
        if isinstance(stop, Until):
            probes["loss"] = stop.probe
        return {"probes": probes, "stop": stop}

    whole, history = train_once(regression, **settings())
    memory = Memory(killed_after)
    with pytest.raises(KeyboardInterrupt):
        train_once(regression, run=Run(checkpoint=memory), **settings())
    resumed, again = train_once(regression, run=Run(checkpoint=memory), **settings())
    assert torch.equal(resumed, whole)
    assert np.array_equal(again.losses, history.losses, equal_nan=True)
    assert np.array_equal(again.series["weights"], history.series["weights"])
    assert again.steps.tolist() == history.steps.tolist()
    assert again.epochs["weights"].tolist() == history.epochs["weights"].tolist()
    assert again.sound.all()


def test_a_state_is_saved_only_where_one_is_due(regression):
    memory = Memory()
    memory.due = False
    train_once(regression, run=Run(checkpoint=memory))
    assert not memory.states
    memory.due = True
    train_once(regression, run=Run(checkpoint=memory))
    assert len(memory.states) == 7


def test_progress_is_told_after_every_epoch_and_on_a_resume(regression):
    memory, told = Memory(3), []

    def tell(epochs, losses):
        told.append(epochs)

    with pytest.raises(KeyboardInterrupt):
        train_once(regression, run=Run(checkpoint=memory))
    train_once(regression, run=Run(checkpoint=memory, progress=tell))
    assert told == [3, 4, 5, 6, 7]


def test_what_is_watched_is_the_gradient_of_each_step(regression):
    # plain gradient descent moves by the step size times the gradient that was read
    x, y = regression
    model = small(SEEDS)
    before = replicas.weights(model).detach().clone()
    sgd = optimizers.sgd(model, learning_rate=0.1)
    batches = Minibatches(x, y, 4, Streams(SEEDS).order)

    def gradient(model):
        return torch.cat([p.grad.flatten(1) for p in model.parameters()], dim=1)

    history = fit(model, batches, losses.mean_squared_error, sgd, epochs=400, watch=gradient)
    assert history.watched.shape == (1200, 3, before.shape[1])
    moved = (replicas.weights(model).detach() - before).numpy()
    np.testing.assert_allclose(moved, -0.1 * history.watched.sum(axis=0), rtol=1e-8, atol=1e-12)


def test_watching_continues_where_a_killed_training_stood(regression):
    x, y = regression

    def trained(epochs, run=IN_SILENCE):
        model = small(SEEDS)
        return fit(
            model,
            [(x, y)],
            losses.mean_squared_error,
            optimizers.sgd(model, learning_rate=0.1),
            epochs=epochs,
            watch=lambda model: next(model.parameters()).grad[:, 0, 0],
            run=run,
        )

    straight, memory = trained(9), Memory()
    trained(5, Run(checkpoint=memory))
    assert np.array_equal(trained(9, Run(checkpoint=memory)).watched, straight.watched)


# Probes


@pytest.mark.parametrize(
    ("every", "total", "epochs"),
    [
        (1, 3, [0, 1, 2, 3]),
        (3, 7, [0, 3, 6, 7]),
        (3, 6, [0, 3, 6]),
        (7, 7, [0, 7]),
        (100, 7, [0, 7]),
        (5, 0, [0]),
        (1, 0, [0]),
    ],
)
def test_a_probe_knows_when_it_will_be_read(regression, every, total, epochs):
    probe = Probe(replicas.weights, every)
    assert probe.epochs(total).tolist() == epochs
    _, history = train_once(regression, epochs=total, probes={"weights": probe})
    assert history.epochs["weights"].tolist() == epochs
    assert len(history.series["weights"]) == len(epochs)


def test_a_probe_of_a_training_that_ended_has_only_the_epochs_at_which_it_was_read(regression):
    probes = {"weights": Probe(replicas.weights, every=2)}
    _, history = train_once(regression, probes=probes, stop=StopAt(7, 7, 7), epochs=100)
    assert history.epochs["weights"].tolist() == [0, 2]
    assert len(history.series["weights"]) == 2


# Sound


def test_a_last_update_to_infinity_is_not_sound_though_no_recorded_loss_says_so(regression):
    x, y = regression
    model = small(SEEDS)
    with torch.no_grad():
        model.head[2].bias[1] = 1e120  # its loss is 1e240, and its gradient finite
    sgd = optimizers.sgd(model, learning_rate=1e200)
    with torch.no_grad():
        for r in (0, 2):  # the others rest where their gradient vanishes
            for p in model.parameters():
                p[r] = 0
    history = fit(model, [(x, 0 * y)], losses.mean_squared_error, sgd, epochs=1)
    assert np.isfinite(history.losses).all()
    assert history.steps.tolist() == [1, 1, 1]
    assert history.sound.tolist() == [True, False, True]


def test_a_last_update_to_weights_that_are_finite_but_whose_loss_is_not_is_not_sound(regression):
    x, y = regression
    model = small(SEEDS)
    with torch.no_grad():
        for r in (0, 2):
            for p in model.parameters():
                p[r] = 0
        model.head[2].bias[1] = 1e3
    sgd = optimizers.sgd(model, learning_rate=1e170)
    history = fit(model, [(x, 0 * y)], losses.mean_squared_error, sgd, epochs=1)
    assert np.isfinite(history.losses).all()
    assert replicas.weights(model).isfinite().all()  # but their square is not
    assert history.sound.tolist() == [True, False, True]


@pytest.mark.parametrize("steps", [None, 1, 5])
def test_a_last_minibatch_to_infinity_is_not_sound_and_the_streams_stay(regression, steps):
    x, y = regression
    model, streams, read = small(SEEDS), Streams(SEEDS), []
    with torch.no_grad():
        for r in (0, 2):
            for p in model.parameters():
                p[r] = 0

    class Counted(Minibatches):
        def __iter__(self):
            read.append([stream.get_state() for stream in streams])
            return super().__iter__()

    class LastOne(torch.optim.SGD):
        """Throws one replica off at its last step alone."""

        taken = 0

        def step(self):
            self.taken += 1
            if self.taken == len(batches.sizes):
                with torch.no_grad():
                    model.head[2].bias[1] = torch.inf

    batches = Counted(x, 0 * y, 4, streams.order, steps=steps)
    optimizer = LastOne(model.parameters(), lr=0.1)
    history = fit(
        model, batches, losses.mean_squared_error, optimizer, epochs=1, streams=[*streams]
    )
    assert np.isfinite(history.losses).all()
    assert history.sound.tolist() == [True, False, True]
    assert len(read) == 2  # one pass to train, and the first batch of another to look
    after = [stream.get_state() for stream in streams]
    assert all(torch.equal(a, b) for a, b in zip(after, read[1], strict=True))


def test_a_sound_training_leaves_its_streams_where_its_last_pass_did(regression):
    streams, alone = Streams(SEEDS), Streams(SEEDS)
    model = small(SEEDS)
    batches = Minibatches(*regression, 4, streams.order)
    optimizer = optimizers.adam(model, learning_rate=0.01)
    fit(model, batches, losses.mean_squared_error, optimizer, epochs=3, streams=[*streams])
    small(SEEDS)
    for _ in range(3):
        list(Minibatches(*regression, 4, alone.order))
    assert all(
        torch.equal(a.get_state(), b.get_state())
        for a, b in zip(streams.order, alone.order, strict=True)
    )


def test_a_training_of_no_epochs_is_sound_where_its_weights_are(regression):
    model = small(SEEDS)
    with torch.no_grad():
        model.head[2].bias[1] = torch.nan
    optimizer = optimizers.adam(model, learning_rate=0.01)
    history = fit(model, [regression], losses.mean_squared_error, optimizer, epochs=0)
    assert history.sound.tolist() == [True, False, True]


def test_weights_that_are_not_finite_are_not_sound_even_where_the_loss_is(regression):
    x = regression[0].abs() + 1
    model = builders.mlp(Streams(SEEDS), 1, 5, 1).double()
    with torch.no_grad():
        model.head[0].weight[1] = -torch.inf  # all of its rectified units are 0
    optimizer = optimizers.sgd(model, learning_rate=0.1)
    assert losses.mean_squared_error(model(x), x).isfinite().all()
    history = fit(model, [(x, x)], losses.mean_squared_error, optimizer, epochs=0)
    assert history.sound.tolist() == [True, False, True]


# What is no stack


@pytest.mark.parametrize("units", [20, 8])
def test_an_ordinary_network_is_refused_also_where_it_is_as_wide_as_it_has_examples(units):
    with torch.random.fork_rng():
        model = nn.Sequential(nn.Linear(1, units), nn.Tanh(), nn.Linear(units, 1))
    before = [p.detach().clone() for p in model.parameters()]
    x = torch.linspace(-1, 1, 20)[:, None]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    said = r"^only a stack of replicas can be trained, .* of shape \(20, 1\): .*stacked\.Stacked`$"
    with pytest.raises(ValueError, match=said):
        fit(model, [(x, x)], losses.mean_squared_error, optimizer, epochs=1)
    assert all(torch.equal(p, b) for p, b in zip(model.parameters(), before, strict=True))


def test_an_ordinary_network_is_refused_though_all_its_layers_are_as_wide_as_it_has_examples():
    with torch.random.fork_rng():
        model = nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 20))
    x = torch.linspace(-1, 1, 20)[:, None]
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    with pytest.raises(ValueError, match=r"of shape \(20, 20\): an ordinary network becomes"):
        fit(model, [(x, x.expand(20, 20))], losses.mean_squared_error, optimizer, epochs=1)


def test_an_ordinary_classifier_of_as_many_classes_as_examples_is_refused():
    with torch.random.fork_rng():
        model = nn.Sequential(nn.Linear(4, 10, bias=False), nn.Unflatten(1, (10, 1)))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    batch = torch.zeros(5, 4), torch.zeros(5, 10, dtype=torch.long)
    with pytest.raises(ValueError, match="only a stack of replicas can be trained"):
        fit(model, [batch], losses.cross_entropy, optimizer, epochs=1)


@pytest.mark.parametrize(
    ("objective", "shape"),
    [
        (lambda outputs, targets: (outputs - targets).square().mean(), r"\(\)"),
        (lambda outputs, targets: (outputs - targets).square().mean(dim=2), r"\(3, 11\)"),
        (lambda outputs, targets: (outputs - targets).square().mean(dim=(0, 2)), r"\(11,\)"),
        (lambda outputs, targets: (outputs - targets).square().mean(dim=(0, 1)), r"\(1,\)"),
    ],
    ids=["one for all", "one for each example", "one for each point", "one in a list"],
)
def test_an_objective_that_gives_not_one_loss_for_each_replica_is_refused(
    regression, objective, shape
):
    model = small(SEEDS)
    optimizer = optimizers.adam(model, learning_rate=0.01)
    said = rf"losses of shape {shape} for a stack of 3 replicas, expected \(3,\)$"
    with pytest.raises(ValueError, match=said):
        fit(model, [regression], objective, optimizer, epochs=1)
