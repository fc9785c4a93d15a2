"""Print how long a plane of the loss takes, beside the loop that loads each point's weights."""

import torch
from torch import nn

from benchmarks.timing import best
from hw1lib.data import image_sets
from hw1lib.measuring import geometry
from hw1lib.networks import builders, replicas
from hw1lib.networks.replicas import Streams
from hw1lib.training import classification, losses

WIDTHS = (784, 10, 20, 10)


def point_by_point(
    points: torch.Tensor, images: torch.Tensor, labels: torch.Tensor, batch_size: int = 1000
) -> list[float]:
    """Load each point's weights (K, P) into one plain network and evaluate it in batches."""
    model = nn.Sequential(
        nn.Linear(784, 10), nn.ReLU(), nn.Linear(10, 20), nn.ReLU(), nn.Linear(20, 10)
    )
    criterion = nn.CrossEntropyLoss(reduction="sum")
    losses = []
    with torch.no_grad():
        for point in points:
            nn.utils.vector_to_parameters(point, model.parameters())
            total = 0.0
            for x, y in zip(images.split(batch_size), labels.split(batch_size), strict=True):
                total += criterion(model(x), y).item()
            losses.append(total / len(images))
    return losses


def plane(rounds: int, side: int = 41, examples: int = 10_000, plain_points: int = 40) -> None:
    """Time a square plane of the small MNIST network, and the plain loop on a few of its points."""
    images = image_sets.load("mnist")
    model = builders.mlp(Streams([0]), *WIDTHS)
    task = classification.task(
        images, flat=True, train_examples=examples, test_examples=1, device="cpu"
    )
    generator = torch.Generator().manual_seed(0)
    origin = replicas.weights(model).detach()
    drawn = torch.stack([geometry.random_direction(model, generator) for _ in range(2)])
    first, second = geometry.filter_normalized(model, drawn[:, None])[:, 0]
    steps = torch.linspace(-1, 1, side)
    points = geometry.plane(origin[0], first, second, steps, steps)
    few, pixels = points.flatten(0, 1)[:plain_points], task.prepare(task.train[0])

    def loss(at: nn.Module) -> torch.Tensor:
        wanted = [losses.cross_entropy]
        return losses.over_split(at, *task.train, wanted, prepare=task.prepare)

    times = best(
        rounds,
        ours=lambda: geometry.along(model, points, loss),
        plain=lambda: point_by_point(few, pixels, task.train[1]),
    )
    plain = times["plain"] / plain_points * side**2
    print(f"{side} x {side} plane, {WIDTHS} on {examples:,} images of {images.description}")
    print(f"  {times['ours']:.1f} s (wanted: under 60 s)")
    print(f"  {plain / times['ours']:.2f} times as fast as point by point, images ready in memory")
