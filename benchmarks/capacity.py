"""Print how much sooner report A's ten networks are trained than with plain loops.

A part of a pass stands for ten of them, which would take as many times as long on both sides.
"""

from itertools import pairwise

import torch
from torch import nn
from torch.utils.data import DataLoader

from benchmarks.timing import best
from benchmarks.trajectories import Digits
from hw1lib.chapters.capacity.spec import A_HIDDEN
from hw1lib.data import image_sets
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.training import classification, loop, losses, optimizers

BATCH_SIZE = 100
RATE = 1e-4


def train_from_loader(digits: Digits, widths: tuple[int, ...]) -> None:
    """Pass once over the digits with Adam and a DataLoader."""
    layers: list[nn.Module] = [nn.Flatten()]
    for n_in, n_out in pairwise(widths):
        layers += [nn.Linear(n_in, n_out), nn.ReLU()]
    model = nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    criterion = nn.CrossEntropyLoss()
    for inputs, targets in DataLoader(digits, batch_size=BATCH_SIZE, shuffle=True):
        optimizer.zero_grad()
        criterion(model(inputs), targets).backward()
        optimizer.step()


def capacity(rounds: int, count: int = 2000, replicas: int = 20) -> None:
    """Compare the sweep over ten sizes with ten loops, on a part of a pass."""
    images = image_sets.load("mnist")
    digits = Digits(images, count)
    networks = [(784, *hidden, 10) for hidden in A_HIDDEN]

    def ours(replicas: int) -> None:
        for widths in networks:
            streams = Streams(range(replicas))
            model = builders.mlp(streams, *widths)
            task = classification.task(
                images, flat=True, train_examples=count, test_examples=1, device="cpu"
            )
            loop.fit(
                model,
                task.minibatches(BATCH_SIZE, streams.order),
                losses.cross_entropy,
                optimizers.adam(model, learning_rate=RATE),
                epochs=1,
            )

    times = best(
        rounds,
        once=lambda: ours(1),
        stacked=lambda: ours(replicas),
        loader=lambda: [train_from_loader(digits, widths) for widths in networks],
    )
    each = times["stacked"] / replicas
    print(f"A's ten networks 784-h1-h2-10 on {images.description}, batches of {BATCH_SIZE}")
    print(
        f"  {count} images: ten DataLoader loops {times['loader']:.2f} s, ours {times['once']:.2f} "
        f"s, {each:.2f} s for each of {replicas} sweeps side by side"
    )
    print(f"  {times['loader'] / times['once']:.1f} times faster, once each (wanted: 3)")
    print(f"  {times['loader'] / each:.1f} times faster per sweep, {replicas} side by side")
