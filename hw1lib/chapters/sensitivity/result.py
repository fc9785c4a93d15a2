"""What chapter 34 computed, and all that more than one of its views, findings and claims reads."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from hw1lib.chapters.sensitivity.spec import ALONE, AS_A, RESCALED, SCALED, SMALL, Spec
from hw1lib.data import image_sets
from hw1lib.data.image_sets import ImageSet
from hw1lib.judging.statistics import Interval, log_ratio
from hw1lib.networks import builders

Described = dict[str, np.ndarray]  # measure -> (R,)

# F1, digits, of Keskar et al. 2017: tables 2 to 4 and appendix
THEIRS = {
    "training accuracy (%)": ("99.66", "99.92"),
    "test accuracy (%)": ("98.03 ± 0.07", "97.81 ± 0.07"),
    "sharpness, 1e-3": ("1.23 ± 0.83", "205.14 ± 69.52"),
    "sharpness, 5e-4": ("0.61", "42.90"),
    "sharpness, 1e-3, subspace": ("0.11", "9.22"),
}

SHORT = {  # what figures call the measures that are correlated
    "train_loss": "training loss",
    "weight_norm": "norm of the weights",
    "input_gradient_train": "input gradient, train",
    "input_gradient_test": "input gradient, test",
    "jacobian_train": "output Jacobian, train",
    "jacobian_test": "output Jacobian, test",
    "probability_jacobian_train": "probability Jacobian, train",
    "probability_jacobian_test": "probability Jacobian, test",
    "gradient_norm": "gradient by weights",
    "keskar_wide": "Keskar, 1e-3",
    "keskar_narrow": "Keskar, 5e-4",
    "keskar_subspace": "Keskar, subspace",
    "relative_sharpness": "relative sharpness",
    "perturbed_rise": "rise under noise",
    "top_eigenvalue": "largest eigenvalue",
    "trace": "trace",
}
JACOBIANS = {"outputs": "jacobian_test", "probabilities": "probability_jacobian_test"}  # by KINDS
COMPARED = (  # with the gap, chapter by chapter
    "jacobian_test",
    "probability_jacobian_test",
    "relative_sharpness",
    "keskar_wide",
    "top_eigenvalue",
)
GAPS = {"loss_gap": "loss gap", "accuracy_gap": "accuracy gap"}


@dataclass(frozen=True)
class CloserLook:
    """What a closer look at one network found; NaN where a replica diverged."""

    keskar_wide: np.ndarray  # (R,) % of 1 + loss, by L-BFGS-B in a box of 1e-3
    keskar_narrow: np.ndarray  # (R,) likewise in a box of 5e-4
    jacobian: np.ndarray  # (2, 2, R) of outputs, probabilities; classified correctly, wrongly
    rescaled: np.ndarray  # (5, F, R) each of RESCALED after rescaling by each of FACTORS
    difference: np.ndarray  # (F, R) largest change of an output by it


@dataclass(frozen=True)
class Result:
    """Everything that chapter 34 shows."""

    spec: Spec
    sweep: dict[tuple[str, int], Described]  # by arm and batch size
    alone: dict[str, Described]  # of the networks outside the sweep, F1 included
    tensor_gradient: dict[tuple[str, int], np.ndarray]  # (R,) A's own "sensitivity"
    closer: dict[str, CloserLook]  # of the networks of BATCHES
    variance: np.ndarray  # (2, S, R) of minibatch gradients: at first, after an epoch
    length: np.ndarray  # (2, R) squared norm of the gradient over all images there
    seconds: np.ndarray  # (S, M) of an epoch over the training images, by batch size and round
    timed_on: str  # the machine and device on which those passed
    images: ImageSet
    provenance: tuple[dict[str, Any], ...]

    @property
    def described(self) -> dict[str, Described]:
        """Everything measured on every network but F1, by its name."""
        sweep = {f"{arm}, batch {size:,}": of for (arm, size), of in self.sweep.items()}
        # where the scaled rate is that of another arm, both are the same training
        for size in self.spec.batch_sizes:
            if self.spec.scaled_rate(size) in (self.spec.written_rate, self.spec.learning_rate):
                sweep.pop(f"{SCALED}, batch {size:,}", None)
        return sweep | {name: self.alone[name] for name in ALONE if name in self.alone}

    @property
    def swept(self) -> str:
        """Name the network of the sweep, by its widths and number of parameters."""
        return self._named(self.spec.hidden)

    @property
    def perceptron(self) -> str:
        """Name the network with one hidden layer, likewise."""
        return self._named((self.spec.units,))

    @property
    def f1(self) -> str:
        """Name the network with the widths of F1, likewise."""
        return self._named(self.spec.f1_units)

    def _named(self, hidden: tuple[int, ...]) -> str:
        inputs = self.images.train.images[0].numel()
        widths = (inputs, *hidden, len(self.images.classes))
        return f"{'-'.join(map(str, widths))}, {builders.parameter_count(widths):,} parameters"

    @property
    def train_examples(self) -> int:
        """How many images were learned."""
        return min(self.spec.train_examples, len(self.images.train))

    @property
    def standin(self) -> str:
        """Name what was learned in place of the published digits; empty where nothing was."""
        return image_sets.name_standins(self.images)


def sizes_compared(result: Result, arm: str, measure: str) -> dict[str, np.ndarray]:
    """Return a measure (R,) of an arm with its largest batch and with its smallest, by batch."""
    sizes = result.spec.batch_sizes
    return {f"batch {size:,}": result.sweep[arm, size][measure] for size in (sizes[-1], sizes[0])}


def largest_against_smallest(result: Result, arm: str, measure: str) -> Interval:
    """Compare the largest batch with the smallest by log10 of the ratio of a measure."""
    return log_ratio(*sizes_compared(result, arm, measure).values())


def accuracy_lost(result: Result, arm: str) -> np.ndarray:
    """Return the test accuracy with the smallest batch less that with the largest, points, (R,)."""
    large, small = sizes_compared(result, arm, "test_accuracy").values()
    return 100 * (small - large)


def rescaling_sides(result: Result, measure: str) -> dict[str, np.ndarray]:
    """Return a measure (R,) after rescaling to the last of the factors, and before."""
    values = result.closer[SMALL].rescaled[RESCALED.index(measure)]
    return {"rescaled": values[-1], "as trained": values[0]}


def rescaling(result: Result, measure: str) -> Interval:
    """Return by how many decades rescaling to the last of the factors multiplies a measure."""
    return log_ratio(*rescaling_sides(result, measure).values())


def keskar_measures(result: Result, name: str) -> dict[str, np.ndarray]:
    """Return what the paper reports of one network, (R,) each, and three measures of ours."""
    of, closer = result.alone[name], result.closer[name]
    return {
        "training accuracy (%)": 100 * of["train_accuracy"],
        "test accuracy (%)": 100 * of["test_accuracy"],
        "sharpness, 1e-3": closer.keskar_wide,
        "sharpness, 5e-4": closer.keskar_narrow,
        "sharpness, 1e-3, subspace": of["keskar_subspace"],
        "relative sharpness": of["relative_sharpness"],
        "largest eigenvalue": of["top_eigenvalue"],
        "training loss": of["train_loss"],
    }


def their_factor(measure: str) -> float:
    """Divide what Keskar et al. report for large batches by that for small ones."""
    small, large = (float(told.split(" ± ")[0]) for told in THEIRS[measure])
    return large / small


def own_gradient(result: Result) -> np.ndarray:
    """Return the gradient of each image's own loss by the input, as A trained, (S, R)."""
    return np.stack(
        [result.sweep[AS_A, size]["input_gradient_test"] for size in result.spec.batch_sizes]
    )


def gradient_of_the_mean(result: Result) -> np.ndarray:
    """Return that of the mean loss of a training batch, which is smaller by the batch size."""
    return own_gradient(result) / np.array(result.spec.batch_sizes)[:, None]


def gradient_by_weights(result: Result) -> np.ndarray:
    """Return A's own measure of sensitivity, (S, R)."""
    return np.stack([result.tensor_gradient[AS_A, size] for size in result.spec.batch_sizes])


def expected_variance(result: Result, sizes: np.ndarray) -> np.ndarray:
    """Return the variance of the mean of images drawn without replacement; the first size: 1."""
    count = result.train_examples
    variance = (1 - (sizes - 1) / (count - 1)) / sizes
    return variance / variance[0]
