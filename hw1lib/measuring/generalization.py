"""What is said to go with generalization, all of it measured on the same trained networks."""

from collections.abc import Sequence

import numpy as np
import torch
from torch import nn

from hw1lib.measuring import curvature, sensitivities, sharpness
from hw1lib.networks import replicas
from hw1lib.networks.modes import evaluating
from hw1lib.training.classification import Task

WIDE, NARROW = 1e-3, 5e-4  # Keskar's boxes, as shares of 1 + |weight|
SHARE = 0.01  # largest change of a weight, as a share of it
NOISE = 0.01  # standard deviation of the noise added to every weight
DRAWS = 10  # noisy copies
PROBES = 10  # vectors of random signs for a trace
AT_ONCE = 1_000_000  # weights of networks measured side by side, which bounds the memory
LANCZOS = 15  # products with the Hessian; its largest eigenvalue stands far apart

MEASURES = {  # what each is, with its unit
    "train_loss": "training loss (nats)",
    "test_loss": "test loss (nats)",
    "train_accuracy": "training accuracy (share)",
    "test_accuracy": "test accuracy (share)",
    "weight_norm": "Euclidean norm of the weights",
    "input_gradient_train": "gradient of the loss by the input, training images (nats per unit)",
    "input_gradient_test": "gradient of the loss by the input, test images (nats per unit)",
    "jacobian_train": "Jacobian of the outputs, training images (per unit)",
    "jacobian_test": "Jacobian of the outputs, test images (per unit)",
    "probability_jacobian_train": "Jacobian of the probabilities, training images (per unit)",
    "probability_jacobian_test": "Jacobian of the probabilities, test images (per unit)",
    "gradient_norm": "gradient of the training loss by the weights (nats per unit of weight)",
    "keskar_wide": "Keskar's sharpness in a box of 1e-3 (% of 1 + loss)",
    "keskar_narrow": "Keskar's sharpness in a box of 5e-4 (% of 1 + loss)",
    "keskar_subspace": "the same at 1e-3, in 100 random dimensions (% of 1 + loss)",
    "relative_sharpness": "the same with weights changed by 1 % of themselves (% of 1 + loss)",
    "perturbed_rise": "mean rise of the loss under noise of 0.01 on the weights (nats)",
    "top_eigenvalue": "largest eigenvalue of the Hessian (nats per squared unit of weight)",
    "trace": "trace of the Hessian (nats per squared unit of weight)",
}


def describe(
    task: Task, model: nn.Module, *, examples: int, seeds: Sequence[int]
) -> dict[str, np.ndarray]:
    """Measure on a trained stack all that is said to go with its generalization gap.

    Losses and accuracies are those of the whole splits. Norms by the input are means over the
    first images of a split, in units of normalized pixels, and whatever is measured in weight
    space is of the mean loss over the first training images. The cost of one replica is about
    that of `examples` times 300 passes through it.

    Args:
        task: What was learned.
        model: Trained stack; its weights, gradients and mode are left as found.
        examples: Images of each split on which sensitivity and sharpness are measured, at most.
        seeds: One per replica, for the random directions.

    Returns:
        Every one of the `MEASURES`, shape (R,), float64; NaN for replicas that diverged and
        where a measure is not finite.
    """
    with evaluating(model):
        splits = {
            "train": task.measure(model, task.train),
            "test": task.measure(model, task.test),
        }
        weights = replicas.weights(model).detach()
        finite = [values.isfinite().all(dim=1).cpu() for values in (*splits.values(), weights)]
        sound = torch.stack(finite).all(dim=0).numpy()
        found = {name: np.full(len(weights), np.nan) for name in MEASURES}
        for name, values in splits.items():
            found[f"{name}_loss"] = values[:, 0].numpy()
            found[f"{name}_accuracy"] = values[:, 2].numpy()
        together = max(1, AT_ONCE // replicas.parameter_count(model))
        places = np.flatnonzero(sound)
        for first in range(0, len(places), together):
            chosen = places[first : first + together]
            some = replicas.with_weights(model, weights[chosen])
            streams = replicas.generators([seeds[r] for r in chosen], "generalization")
            for name, each in _around(task, some, examples, streams).items():
                found[name][chosen] = each
    return {
        name: np.where(sound & np.isfinite(values), values, np.nan)
        for name, values in found.items()
    }


def _around(
    task: Task, model: nn.Module, examples: int, streams: list[torch.Generator]
) -> dict[str, np.ndarray]:
    """Measure trained networks around their weights and their inputs, each (R,)."""
    inputs, targets = (part[:examples] for part in task.train)
    loss = task.loss((inputs, targets))
    (start,) = replicas.generators([0], "Lanczos")  # for every network the same
    boxes = {
        "keskar_wide": sharpness.keskars_box(model, WIDE),
        "keskar_narrow": sharpness.keskars_box(model, NARROW),
        "relative_sharpness": sharpness.relative_box(model, SHARE),
    }
    found = {
        "weight_norm": replicas.weights(model).detach().norm(dim=1),
        "gradient_norm": curvature.gradients(model, loss).norm(dim=1),
        "top_eigenvalue": curvature.top_eigenvalues(model, loss, steps=LANCZOS, generator=start)[
            :, 0
        ],
    }
    for split, (images, labels) in (("train", task.train), ("test", task.test)):
        images, labels = images[:examples], labels[:examples]
        norms = {
            "input_gradient": sensitivities.input_gradient_norms(
                model, images, labels, prepare=task.prepare
            ),
            "jacobian": sensitivities.jacobian_norms(model, images, prepare=task.prepare),
            "probability_jacobian": sensitivities.jacobian_norms(
                model, images, of=lambda outputs: outputs.softmax(dim=2), prepare=task.prepare
            ),
        }
        found |= {f"{name}_{split}": each.double().mean(dim=1) for name, each in norms.items()}
    return {
        **{name: values.cpu().numpy() for name, values in found.items()},
        # by signs: L-BFGS-B takes seconds to set up half a million bounds, and finds no more
        **{name: sharpness.highest(model, loss, box) for name, box in boxes.items()},
        "keskar_subspace": sharpness.keskar_in_subspace(model, loss, WIDE, streams),
        "perturbed_rise": sharpness.perturbed_rise(model, loss, NOISE, streams, draws=DRAWS),
        "trace": sharpness.trace(model, loss, streams, probes=PROBES),
    }
