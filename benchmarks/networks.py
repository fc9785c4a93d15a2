"""Training networks: the regressors of chapter 11 and the CNNs of chapter 12."""

from collections.abc import Callable
from itertools import pairwise
from math import nan

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import peers, reference
from benchmarks.timing import best, one_core, peak
from hw1lib.data import functions, image_sets
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.training import classification, fused, loop, losses, minibatches, optimizers
from hw1lib.training.run import Run

REPLICAS = 20
REGRESSORS = {"deep": builders.DEEP, "medium": builders.MEDIUM, "shallow": builders.SHALLOW}
PERCEPTRONS = ((784, 500, 100, 50, 10), (784, 10, 20, 10), (784, 100, 200, 10))
BATCH_SIZE = 64


def regressors(rounds: int, epochs: int = 500, points: int = 300) -> None:
    """Compare the regressors of chapter 11 with the loop of homework solutions, and with JAX."""
    x = functions.grid(points)[:, None]
    y = functions.sinc(x)

    def ours(widths: tuple[int, ...], run: Run) -> Callable[[], object]:
        stack = builders.mlp(Streams(range(REPLICAS)), *widths, activation=builders.leaky_relu)
        optimizer = optimizers.rmsprop(stack, learning_rate=1e-3, weight_decay=1e-4)
        objective = losses.mean_squared_error
        return lambda: loop.fit(stack, [(x, y)], objective, optimizer, epochs=epochs, run=run)

    print(
        f"regressors of 571 parameters, {points} points, RMSprop, every loss recorded, one thread, "
        f"{REPLICAS} side by side: microseconds per network and update"
    )
    print(f"{'':9}{'homework':>9}{'torch':>8}{'compiled':>9}{'JAX':>7}{'faster':>8}{'of peak':>9}")
    rate = peak()
    for name, widths in REGRESSORS.items():
        plain = reference.regressor(widths)
        sides = {
            "homework": lambda plain=plain: reference.fit_function(plain, x, y, epochs),
            "torch": ours(widths, Run()),
            "compiled": ours(widths, Run(prepare=fused.prepare)),
        }
        if peers.jax:
            sides["JAX"] = peers.regressors(widths, x.numpy(), y.numpy(), REPLICAS, epochs)
        with one_core():
            times = best(rounds, warm=True, **sides)
        each = {
            side: 1e6 * seconds / epochs / (1 if side == "homework" else REPLICAS)
            for side, seconds in times.items()
        }
        # forward, and back to the weights and to the values before: three products each
        operations = 3 * 2 * points * sum(a * b for a, b in pairwise(widths))
        print(
            f"{name:9}{each['homework']:9.0f}{each['torch']:8.0f}{each['compiled']:9.1f}"
            f"{each.get('JAX', nan):7.0f}{each['homework'] / each['compiled']:7.0f}x"
            f"{operations / each['compiled'] * 1e6 / rate:9.0%}"
        )
    print(f"wanted: 40x, and not slower than JAX; peak {rate / 1e9:.0f} GFLOP/s of one core")


def perceptrons(rounds: int, count: int = 6400, epochs: int = 3) -> None:
    """Compare perceptrons on digits with JAX, of which order and pixels are ready before."""
    images = image_sets.load("mnist")
    task = classification.task(
        images, flat=True, train_examples=count, test_examples=1, device="cpu"
    )
    pixels, labels = task.prepare(task.train[0]).numpy(), task.train[1].numpy()

    def ours(widths: tuple[int, ...], replicas: int) -> Callable[[], object]:
        streams = Streams(range(replicas))
        model = builders.mlp(streams, *widths)
        batches = task.minibatches(BATCH_SIZE, streams.order)
        optimizer = optimizers.adam(model, learning_rate=1e-3)
        run = Run(prepare=fused.prepare)
        objective = losses.cross_entropy
        return lambda: loop.fit(model, batches, objective, optimizer, epochs=epochs, run=run)

    print(
        f"perceptrons on {len(labels)} images of {images.description}, batches of {BATCH_SIZE}, "
        "Adam, one thread: microseconds per network and update"
    )
    print(
        f"{'':22}{f'{REPLICAS} side by side':>20}{'JAX':>8}{'one alone':>11}{'JAX':>8}"
        f"{'of peak':>9}"
    )
    rate = peak()
    for widths in PERCEPTRONS:
        sides = {f"ours {replicas}": ours(widths, replicas) for replicas in (REPLICAS, 1)}
        if peers.jax:
            for replicas in (REPLICAS, 1):
                data = pixels, labels, replicas, BATCH_SIZE
                sides[f"JAX {replicas}"] = peers.perceptrons(widths, *data)
        with one_core():
            times = best(rounds, warm=True, **sides)
        for replicas in (REPLICAS, 1):
            times[f"ours {replicas}"] /= epochs  # JAX makes one
        each = {
            side: 1e6 * seconds / (count / BATCH_SIZE) / int(side.split()[1])
            for side, seconds in times.items()
        }
        operations = 2 * BATCH_SIZE * (3 * sum(a * b for a, b in pairwise(widths)))
        operations -= 2 * BATCH_SIZE * widths[0] * widths[1]  # nothing goes back to the pixels
        print(
            f"{'-'.join(map(str, widths)):22}{each[f'ours {REPLICAS}']:20.0f}"
            f"{each.get(f'JAX {REPLICAS}', nan):8.0f}{each['ours 1']:11.0f}"
            f"{each.get('JAX 1', nan):8.0f}"
            f"{operations / each[f'ours {REPLICAS}'] * 1e6 / rate:9.0%}"
        )


def convolutions(rounds: int, count: int = 1280, batch_size: int = 64) -> None:
    """Compare an epoch of the 44-channel CNN with a matrix product, and with a DataLoader loop."""
    images = image_sets.load("cifar10")
    streams = Streams([0])
    model = builders.wide_cnn(streams, 44)
    batches = minibatches.Minibatches(
        images.normalized(images.train.images[:count]),
        images.train.labels[:count],
        batch_size,
        streams.order,
    )
    optimizer = optimizers.sgd(model, learning_rate=0.01)
    plain, pictures = reference.convolutional(44), reference.Pictures(images, count)

    inputs, targets = next(iter(batches))
    with FlopCounterMode(display=False) as counter:
        losses.cross_entropy(model(inputs), targets).sum().backward()
    operations = counter.get_total_flops() / len(targets[0]) * count
    size = 2048
    a, b = (torch.randn(size, size, generator=torch.Generator().manual_seed(0)) for _ in "ab")

    def kernels() -> None:
        """The network's convolutions of one batch by torch's own kernels, and nothing else."""
        for layer, maps in zip(layers, shapes, strict=True):
            layer(maps).sum().backward()

    layers = [torch.nn.Conv2d(3, 44, 5), torch.nn.Conv2d(44, 32, 5)]
    shapes = [torch.rand(batch_size, 3, 32, 32), torch.rand(batch_size, 44, 28, 28)]
    shapes[1].requires_grad_()
    layers, shapes = (
        [each.to(memory_format=torch.channels_last) for each in group] for group in (layers, shapes)
    )
    with FlopCounterMode(display=False) as counter:
        kernels()
    in_kernels = counter.get_total_flops()

    times = best(
        rounds,
        product=lambda: [a @ b for _ in range(10)],
        kernels=kernels,
        ours=lambda: loop.fit(model, batches, losses.cross_entropy, optimizer, epochs=1),
        loader=lambda: reference.train_on_pictures(plain, pictures, batch_size),
    )
    peak, rate = 10 * 2 * size**3 / times["product"], operations / times["ours"]
    print(f"CNN with 44 channels, {count} images of {images.description}, batches of {batch_size}")
    print(f"  matrix product {peak / 1e9:.0f} GFLOP/s, training {rate / 1e9:.0f} GFLOP/s")
    print(f"  {rate / peak:.0%} of the matrix product's rate (wanted: 80 %)")
    bare = in_kernels / times["kernels"] / peak
    print(f"  {bare:.0%} is what its two convolutions alone reach with torch's kernels")
    print(f"  {times['loader'] / times['ours']:.2f} times as fast as the DataLoader loop")
