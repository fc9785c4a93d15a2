"""Training networks: the regressors of chapter 11 and the CNNs of chapter 12."""

import torch
from torch.utils.flop_counter import FlopCounterMode

from benchmarks import reference
from benchmarks.timing import best
from hw1lib.data import functions, image_sets
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.training import loop, losses, minibatches, optimizers
from hw1lib.training.run import threads


def regressors(rounds: int, replicas: int = 32, epochs: int = 300) -> None:
    """Compare 32 stacked seven-layer regressors with one plain network."""
    x = functions.grid(300)[:, None]
    y = functions.sinc(x)
    stack = builders.mlp(Streams(range(replicas)), *builders.DEEP, activation=builders.leaky_relu)
    optimizer = optimizers.rmsprop(stack, learning_rate=1e-3, weight_decay=1e-4)
    plain = reference.regressor(builders.DEEP)
    with threads(1):
        times = best(
            rounds,
            plain=lambda: reference.fit_function(plain, x, y, epochs),
            stacked=lambda: loop.fit(
                stack, [(x, y)], losses.mean_squared_error, optimizer, epochs=epochs
            ),
        )
    each, stacked = times["plain"] / epochs, times["stacked"] / epochs / replicas
    print(f"seven-layer regressor, RMSprop, loss recorded, one thread, {replicas} replicas")
    print(
        f"  plain loop {1e3 * each:.3f} ms, stacked {1e3 * stacked:.4f} ms per network and update"
    )
    print(f"  {each / stacked:.1f} times faster per network (wanted: 10, aim: 15)")


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
