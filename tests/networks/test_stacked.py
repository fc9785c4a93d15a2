"""Any module as a stack is as many separate networks, or is refused."""

import copy
import io

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from hw1lib.data import image_sets
from hw1lib.measuring import curvature, generalization
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.networks.stacked import Stacked
from hw1lib.training import classification, losses, optimizers
from hw1lib.training.loop import Probe, fit
from hw1lib.training.minibatches import Minibatches

SEEDS = [3, 4, 5]


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def perceptron():
    return nn.Sequential(nn.Linear(2, 5), nn.Tanh(), nn.Linear(5, 1))


def convolutional():
    return nn.Sequential(
        nn.Conv2d(1, 3, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(), nn.Linear(27, 4)
    )


def normalized():
    return nn.Sequential(
        nn.Linear(2, 5), nn.BatchNorm1d(5, track_running_stats=False), nn.Linear(5, 1)
    )


class Tied(nn.Module):
    """Two layers of the same weights."""

    def __init__(self):
        super().__init__()
        self.first, self.second = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.second(self.first(x).tanh())


class Layered(nn.Module):
    """Layer norm, and a skip connection, as no builder has them."""

    def __init__(self):
        super().__init__()
        self.norm, self.inner = nn.LayerNorm(2), nn.Linear(2, 2)

    def forward(self, x):
        return x + self.inner(self.norm(x))


NETWORKS = {
    "perceptron": (perceptron, 1, (2,)),
    "convolutional": (convolutional, 3, (1, 8, 8)),
    "batch norm of each batch": (normalized, 1, (2,)),
    "the same weights twice": (Tied, 1, (2,)),
    "layer norm": (Layered, 1, (2,)),
    "attention": (
        lambda: nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True),
        *(2, (3, 4)),
    ),
}


SLOW = pytest.mark.filterwarnings("ignore:There is a performance drop because we have not yet")


@pytest.fixture(params=NETWORKS)
def problem(request):
    """How a network is built, axes of an example, and seven inputs for each of three replicas."""
    build, axes, shape = NETWORKS[request.param]
    return build, axes, draw(len(SEEDS), 7, *shape)


def alone(build, seed):
    """Build one network of plain torch, as it is drawn by that seed."""
    with torch.random.fork_rng():
        torch.manual_seed(seed)
        return build().double()


@SLOW
def test_a_stack_computes_what_separate_networks_do(problem):
    build, axes, x = problem
    stack = Stacked(build, SEEDS, axes).double()
    for inputs in (x, x[0]):  # of each replica its own, and shared by all
        outputs = stack(inputs)
        for r, seed in enumerate(SEEDS):
            its = x[r] if inputs is x else x[0]
            expected = alone(build, seed)(its)
            torch.testing.assert_close(outputs[r], expected, rtol=1e-12, atol=1e-13)


# The keys' bias of attention has no gradient, and Adam makes whole steps of its round-off.
PLAIN = {optimizers.sgd: torch.optim.SGD, optimizers.adam: torch.optim.Adam}
TRAINED = [(network, ours) for network in NETWORKS for ours in PLAIN]
TRAINED.remove(("attention", optimizers.adam))


@SLOW
@pytest.mark.parametrize(("problem", "ours"), TRAINED, indirect=["problem"])
def test_a_stack_trains_as_separate_networks_do(problem, ours):
    build, axes, x = problem
    stack = Stacked(build, SEEDS, axes).double()
    y = draw(*stack(x[0]).shape[1:], seed=1)
    batches = Minibatches(x[0], y, 4, Streams(SEEDS).order)
    optimizer = ours(stack, learning_rate=0.01, weight_decay=1e-3)
    probes = {"weights": Probe(replicas.weights)}
    history = fit(stack, batches, losses.mean_squared_error, optimizer, epochs=3, probes=probes)
    assert history.sound.all()
    for r, seed in enumerate(SEEDS):
        model, order, seen = alone(build, seed), Streams([seed]).order[0], []
        optimizer, courses = PLAIN[ours](model.parameters(), lr=0.01, weight_decay=1e-3), []
        for _ in range(3):
            courses.append(nn.utils.parameters_to_vector(model.parameters()).detach())
            for chosen in torch.randperm(7, generator=order).split(4):
                optimizer.zero_grad()
                loss = F.mse_loss(model(x[0][chosen]), y[chosen])
                loss.backward()
                optimizer.step()
                seen.append(loss.item())
        courses.append(nn.utils.parameters_to_vector(model.parameters()).detach())
        np.testing.assert_allclose(history.losses[:, r], seen, rtol=1e-9)
        np.testing.assert_allclose(
            history.series["weights"][:, r], torch.stack(courses), rtol=1e-9, atol=1e-11
        )


# Against the stacks of the builders


@pytest.fixture
def both():
    """The same perceptron twice: by its builder, and as any module."""
    stack = Stacked(perceptron, SEEDS).double()
    built = builders.mlp(Streams(SEEDS), 2, 5, 1, activation=nn.Tanh).double()
    return stack, replicas.with_weights(built, replicas.weights(stack).detach())


def test_weights_lie_as_those_of_a_built_network(both):
    stack, built = both
    assert replicas.count(stack) == 3
    assert replicas.parameter_count(stack) == replicas.parameter_count(built) == 21
    assert torch.equal(replicas.weights(stack), replicas.weights(built))
    x = draw(7, 2)
    torch.testing.assert_close(stack(x), built(x), rtol=1e-12, atol=1e-14)


def test_a_stack_with_other_weights_is_as_large_as_there_are_points(both):
    stack, built = both
    before, points, x = replicas.weights(stack).detach().clone(), draw(8, 21), draw(7, 2)
    moved = replicas.with_weights(stack, points)
    assert replicas.count(moved) == 8
    expected = replicas.with_weights(built, points)(x)
    torch.testing.assert_close(moved(x), expected, rtol=1e-12, atol=1e-14)
    assert torch.equal(replicas.weights(stack), before)


def test_curvature_is_that_of_a_built_network(both):
    x, y = draw(7, 2), draw(7, 1, seed=1)

    def loss(model):
        return losses.mean_squared_error(model(x), y)

    measures = (
        curvature.gradients,
        curvature.hessians,
        lambda model, loss: curvature.top_eigenvalues(
            model, loss, steps=21, generator=torch.Generator().manual_seed(0)
        ),
    )
    for measure in measures:
        of_stack, of_built = (measure(model, loss) for model in both)
        np.testing.assert_allclose(of_stack, of_built, rtol=1e-8, atol=1e-11)


def test_curvature_with_constants_is_that_of_plain_torch():
    stack = Stacked(Scaled, SEEDS).double()
    x, y = draw(7, 2), draw(7, 3, seed=1)
    hessians = curvature.hessians(stack, lambda m: losses.mean_squared_error(m(x), y))
    for r, weights in enumerate(replicas.weights(stack).detach()):
        model = alone(Scaled, SEEDS[r])

        def loss(flat, model=model):
            shapes = [p.shape for p in model.parameters()]
            parts = flat.split([s.numel() for s in shapes])
            named = zip(dict(model.named_parameters()), parts, shapes, strict=True)
            state = {name: part.view(shape) for name, part, shape in named}
            return F.mse_loss(torch.func.functional_call(model, state, (x,)), y)

        expected = torch.autograd.functional.hessian(loss, weights)
        torch.testing.assert_close(hessians[r], expected, rtol=1e-9, atol=1e-12)


# Buffers


class Scaled(nn.Module):
    """Multiplies its outputs by constants, and puts them in another order."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 3)
        self.register_buffer("scale", torch.tensor([1.0, 2.0, 3.0]))
        self.register_buffer("order", torch.tensor([2, 0, 1]))
        self.part = nn.Module()
        self.part.register_buffer("scale", torch.tensor([5.0, 7.0, 9.0]))
        self.register_buffer("part_scale", torch.tensor([1.0, 0.0, -1.0]))

    def forward(self, x):
        return (self.inner(x) * self.scale * self.part.scale + self.part_scale)[..., self.order]


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_constant_buffers_are_those_of_the_module_in_any_precision(dtype):
    stack, x = Stacked(Scaled, SEEDS).to(dtype), draw(7, 2).to(dtype)
    outputs = stack(x)
    assert outputs.dtype == dtype
    kinds = {buffer.dtype for buffer in stack.buffers()}
    assert kinds == {dtype, torch.int64}
    for r, seed in enumerate(SEEDS):
        torch.testing.assert_close(outputs[r], alone(Scaled, seed).to(dtype)(x))


class Changing(nn.Module):
    """Counts its calls, in one of several ways."""

    def __init__(self, how, always=True):
        super().__init__()
        self.inner, self.how, self.always = nn.Linear(2, 3), how, always
        self.register_buffer("calls", torch.zeros(()))

    def forward(self, x):
        if self.always or self.training:
            if self.how == "in place":
                self.calls += 1
            elif self.how == "a new one":
                self.calls = self.calls + 1
            elif self.how == "filled":
                self.calls.copy_(x.mean())
            else:
                self.calls = self.inner(x).detach().mean()
        return self.inner(x) + self.calls


@pytest.mark.parametrize("how", ["in place", "a new one", "filled", "one for each replica"])
@pytest.mark.parametrize("replicas_inputs", [(7, 2), (3, 7, 2)], ids=["shared", "own"])
def test_a_module_that_changes_a_buffer_of_its_own_is_refused(how, replicas_inputs):
    stack = Stacked(lambda: Changing(how), SEEDS).double()
    x = draw(*replicas_inputs)
    if how == "filled" and x.ndim == 3:  # torch itself sees that these differ
        with pytest.raises(RuntimeError, match="vmap"):
            stack(x)
        return
    with pytest.raises(ValueError, match=r"^Changing changes its buffer calls while it computes: "):
        stack(x)


@pytest.mark.parametrize("how", ["in place", "a new one"])
def test_a_buffer_that_changes_only_in_training_is_a_constant_in_eval_mode(how):
    stack = Stacked(lambda: Changing(how, always=False), SEEDS).eval()
    outputs = stack(torch.ones(4, 2))
    assert torch.equal(outputs, stack(torch.ones(4, 2)))
    with pytest.raises(ValueError, match="changes its buffer calls"):
        stack.train()(torch.ones(4, 2))


class RandomFeatures(nn.Module):
    """Has a buffer that is drawn like its weights."""

    def __init__(self):
        super().__init__()
        self.inner = nn.Linear(2, 3)
        self.register_buffer("features", torch.randn(2, 2))

    def forward(self, x):
        return self.inner(x @ self.features)


def test_a_buffer_that_differs_between_replicas_is_refused():
    with pytest.raises(ValueError, match=r"^the buffer features differs between replicas"):
        Stacked(RandomFeatures, SEEDS)
    assert replicas.count(Stacked(RandomFeatures, [3])) == 1


# Modes


class Mode(nn.Module):
    """Says in which mode it computes."""

    def __init__(self):
        super().__init__()
        self.inner, self.deep = nn.Linear(2, 1), nn.Sequential(nn.Tanh())

    def forward(self, x):
        assert self.training == self.deep[0].training
        return self.inner(x) * 0 + float(self.training)


def test_the_mode_reaches_the_module():
    stack, x = Stacked(Mode, SEEDS), torch.zeros(4, 2)
    assert stack(x).eq(1).all()
    assert stack.eval()(x).eq(0).all()
    assert stack.train()(x).eq(1).all()
    outer = nn.Sequential(stack).eval()
    assert outer(x).eq(0).all()


# Refused


class Wrapped(nn.Module):
    """Has its layer somewhere inside."""

    def __init__(self, layer):
        super().__init__()
        self.deep = nn.ModuleDict({"layer": layer})


REFUSED = {
    "batch norm": (
        lambda: nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3)),
        r"1 is a BatchNorm1d, which keeps running statistics while it computes",
    ),
    "instance norm that tracks": (
        lambda: nn.InstanceNorm2d(3, affine=True, track_running_stats=True),
        r"the module is a InstanceNorm2d, which keeps running statistics",
    ),
    "dropout": (
        lambda: nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.1)),
        r"1 is a Dropout, which draws at random while it computes",
    ),
    "dropout of channels": (
        lambda: nn.Sequential(nn.Conv2d(1, 3, 3), nn.Dropout2d()),
        r"1 is a Dropout2d, which draws at random",
    ),
    "dropout somewhere inside": (
        lambda: Wrapped(nn.Sequential(nn.Linear(2, 3), nn.Dropout())),
        r"deep\.layer\.1 is a Dropout, which draws at random",
    ),
    "an RNN with dropout": (
        lambda: nn.LSTM(2, 3, num_layers=2, dropout=0.2),
        r"the module is a LSTM, which draws at random",
    ),
    "attention with dropout": (
        lambda: nn.TransformerEncoderLayer(4, 2, 8),
        r"self_attn is a MultiheadAttention, which draws at random",
    ),
    "no parameters": (nn.Tanh, r"Tanh has no parameters to train"),
    "a parameter without an axis": (
        lambda: nn.ParameterDict({"scale": nn.Parameter(torch.ones(()))}),
        r"scale is a number without an axis: give it the shape \(1,\)",
    ),
}


@pytest.mark.parametrize(("build", "said"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_a_stack_is_refused_in_one_sentence(build, said):
    with pytest.raises(ValueError, match=f"^{said}") as refused:
        Stacked(build, SEEDS)
    assert "\n" not in str(refused.value)


def test_no_seeds_are_refused():
    with pytest.raises(
        ValueError, match=r"^a stack needs a seed for each of its replicas, got none"
    ):
        Stacked(perceptron, [])


def test_a_module_that_is_not_built_anew_is_refused_since_replicas_would_be_equal():
    with torch.random.fork_rng():
        module = perceptron()
    with pytest.raises(ValueError, match=r"^build returned the same module twice"):
        Stacked(lambda: module, SEEDS)


def test_a_function_that_draws_at_random_is_refused_by_torch():
    class Noisy(nn.Module):
        def __init__(self):
            super().__init__()
            self.inner = nn.Linear(2, 1)

        def forward(self, x):
            return F.dropout(self.inner(x), 0.5, self.training)

    stack = Stacked(Noisy, SEEDS)
    with pytest.raises(RuntimeError, match="random operation while in randomness error mode"):
        stack(torch.zeros(4, 2))
    assert stack.eval()(torch.zeros(4, 2)).shape == (3, 4, 1)


def test_dropout_that_drops_nothing_is_no_reason_to_refuse():
    build = lambda: nn.Sequential(nn.Linear(2, 3), nn.Dropout(0.0), nn.Linear(3, 1))  # noqa: E731
    stack, x = Stacked(build, SEEDS).double(), draw(7, 2)
    torch.testing.assert_close(stack(x)[1], alone(build, SEEDS[1])(x))


# As found


def test_the_global_random_state_is_left_as_found():
    with torch.random.fork_rng():
        torch.manual_seed(7)
        before = torch.random.get_rng_state()
        first = Stacked(perceptron, SEEDS)
        assert torch.equal(torch.random.get_rng_state(), before)
        torch.manual_seed(8)
        second = Stacked(perceptron, SEEDS)
    assert torch.equal(replicas.weights(first), replicas.weights(second))
    assert not torch.equal(*replicas.weights(first)[:2])


def test_no_other_device_is_seeded(monkeypatch):
    seeded = []
    monkeypatch.setattr(torch.cuda, "manual_seed_all", seeded.append)
    monkeypatch.setattr(torch, "manual_seed", seeded.append)
    Stacked(perceptron, SEEDS)
    assert not seeded


def test_a_parameter_that_is_not_to_be_trained_stays_so():
    stack = Stacked(
        lambda: nn.Sequential(nn.Linear(2, 3).requires_grad_(False), nn.Linear(3, 1)), SEEDS
    )
    assert [p.requires_grad for p in stack.parameters()] == [False, False, True, True]
    before = [p.detach().clone() for p in stack.parameters()]
    x, y = torch.ones(4, 2), torch.zeros(4, 1)
    optimizer = optimizers.sgd(stack, learning_rate=0.1)
    fit(stack, [(x, y)], losses.mean_squared_error, optimizer, epochs=2)
    same = [torch.equal(p, b) for p, b in zip(stack.parameters(), before, strict=True)]
    assert same == [True, True, False, False]


def test_a_stack_is_saved_and_copied_whole():
    stack, other, x = Stacked(Scaled, SEEDS), Stacked(Scaled, [6, 7, 8]), torch.ones(4, 2)
    buffer = io.BytesIO()
    torch.save(stack.state_dict(), buffer)
    buffer.seek(0)
    other.load_state_dict(torch.load(buffer, weights_only=True))
    assert torch.equal(other(x), stack(x))
    twin = copy.deepcopy(stack)
    with torch.no_grad():
        next(twin.parameters()).zero_()
    assert not torch.equal(twin(x), stack(x))
    assert torch.equal(other(x), stack(x))


# In the library


@pytest.fixture(scope="module")
def images():
    return image_sets.load("mnist", "standin", sizes=(60, 40))


def small_cnn():
    return nn.Sequential(nn.Conv2d(1, 2, 5, stride=3), nn.ReLU(), nn.Flatten(), nn.Linear(128, 10))


@pytest.mark.parametrize(
    ("build", "axes"),
    [(lambda: nn.Sequential(nn.Linear(784, 6), nn.ReLU(), nn.Linear(6, 10)), 1), (small_cnn, 3)],
    ids=["rows of pixels", "images"],
)
def test_a_classifier_is_trained_and_described_like_any_stack(images, build, axes):
    task = classification.task(
        images, flat=axes == 1, train_examples=50, test_examples=30, device="cpu"
    )
    stack = Stacked(build, SEEDS, axes)
    before = task.measure(stack, task.train)
    history = fit(
        stack,
        task.minibatches(20, Streams(SEEDS).order),
        losses.cross_entropy,
        optimizers.adam(stack, learning_rate=3e-3),
        epochs=8,
        probes=task.probes(every=4),
    )
    assert history.sound.all()
    assert history.series["train"].shape == (3, 3, 3)
    np.testing.assert_array_equal(history.series["train"][0], before)
    assert (history.series["train"][-1, :, 0] < before[:, 0].numpy()).all()
    found = generalization.describe(task, stack, examples=11, seeds=SEEDS)
    whole = task.measure(stack, task.test).numpy()
    np.testing.assert_array_equal(found["test_loss"], whole[:, 0])
    assert list(found) == list(generalization.MEASURES)
    assert all(np.isfinite(values).all() for values in found.values())
    alone = replicas.with_weights(stack, replicas.weights(stack).detach()[1:2])
    for name, values in generalization.describe(task, alone, examples=11, seeds=SEEDS[1:2]).items():
        np.testing.assert_allclose(values[0], found[name][1], rtol=1e-3, err_msg=name)
