"""Input-gradient norms of many images at once beside the loop over single images."""

import torch
from torch import nn

from benchmarks.timing import best
from hw1lib.data import image_sets
from hw1lib.measuring import sensitivities
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.training import classification
from hw1lib.training.run import threads


def one_by_one(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> list[float]:
    """Differentiate the loss of one image after another, as homework solutions do."""
    criterion = nn.CrossEntropyLoss()
    norms = []
    for image, label in zip(images, labels, strict=True):
        image = image[None].clone().requires_grad_()
        model.zero_grad()
        criterion(model(image), label[None]).backward()
        norms.append(image.grad.norm().item())
    return norms


def gradients(rounds: int, count: int = 10_000, few: int = 1_000, units: int = 100) -> None:
    """Time the norms of 10,000 images, and the plain loop on some of them."""
    images = image_sets.load("mnist")
    model = builders.mlp(Streams([0]), 784, units, 10)
    plain = nn.Sequential(nn.Linear(784, units), nn.ReLU(), nn.Linear(units, 10))
    for p, its in zip(plain.parameters(), model.parameters(), strict=True):
        p.data = its.data[0].clone()
    task = classification.task(
        images, flat=True, train_examples=count, test_examples=1, device="cpu"
    )
    pixels, labels = task.prepare(task.train[0]), task.train[1]

    def ours(chunk: int = sensitivities.CHUNK) -> torch.Tensor:
        return sensitivities.input_gradient_norms(model, pixels, labels, chunk=chunk)

    found = ours()[0, :few]
    torch.testing.assert_close(found, torch.tensor(one_by_one(plain, pixels[:few], labels[:few])))
    with threads(1):
        times = best(rounds, plain=lambda: one_by_one(plain, pixels[:few], labels[:few]), ours=ours)
    each = times["plain"] / few * len(pixels)
    print(f"input-gradient norms of {len(pixels):,} images of {images.description}, one thread")
    print(f"  784-{units}-10: one by one {each:.2f} s, ours {times['ours']:.3f} s")
    print(f"  {each / times['ours']:.0f} times faster (wanted: 50)")
