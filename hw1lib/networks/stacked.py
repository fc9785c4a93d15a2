"""Any torch module as a stack of replicas, by torch's own vectorization.

    Stacked(lambda: nn.Sequential(nn.Linear(1, 20), nn.Tanh(), nn.Linear(20, 1)), seeds=range(8))

trains, is probed and is differentiated like the stacks of `builders`, only slower: those run their
layers as products of whole stacks, while `vmap` vectorizes one operation after another.
"""

import copy
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap
from torch.nn.modules.batchnorm import _NormBase
from torch.nn.modules.dropout import _DropoutNd


class Stacked(nn.Module):
    """R replicas of one module that differ in their initial weights.

    Args:
        build: Makes one replica, with weights drawn from torch's global stream.
        seeds: One per replica, each at least 0: what that stream is seeded with for the drawing;
            it is left as found.
        axes: Of one example: 1 for a row of numbers, 3 for an image (C, H, W).

    Raises:
        ValueError: If there is no seed or no parameter, or replicas would not be networks of their
            own: `build` gives the same module twice, buffers differ, or a layer changes itself or
            draws at random while it computes, such as BatchNorm and Dropout. What a module does to
            its buffers is seen when it computes.

    Source:
        PyTorch's tutorial "Model ensembling", on torch.func.
    """

    def __init__(self, build: Callable[[], nn.Module], seeds: Sequence[int], axes: int = 1) -> None:
        super().__init__()
        if not seeds:
            raise ValueError("a stack needs a seed for each of its replicas, got none")
        built = [_build(build, seed) for seed in seeds]
        if len({id(module) for module in built}) < len(built):
            raise ValueError("build returned the same module twice: replicas would be one network")
        for module in built:
            _refuse_what_replicas_share(module)
        parameters, buffers = stack_module_state(built)
        if not parameters:
            raise ValueError(f"{type(built[0]).__name__} has no parameters to train")
        for name, values in parameters.items():
            if values.ndim == 1:
                raise ValueError(f"{name} is a number without an axis: give it the shape (1,)")
        self.axes, self.names, self.constants = axes, tuple(parameters), tuple(buffers)
        self.stack = nn.ParameterList(
            nn.Parameter(parameters[name].detach(), requires_grad=one.requires_grad)
            for name, one in built[0].named_parameters()
        )
        for number, (name, values) in enumerate(buffers.items()):
            if not torch.equal(values, values[:1].expand_as(values)):
                raise ValueError(f"the buffer {name} differs between replicas, which share it")
            self.register_buffer(f"constant_{number}", values[0])
        self._module = (_without_values(built[0]),)  # in a tuple, so that it is no part of this one

    def forward(self, x: Tensor) -> Tensor:
        """Map (R, B, ...), or (B, ...) shared by all replicas, to (R, B, ...).

        Raises:
            ValueError: If the module changes a buffer of its own.
        """
        module = self._module[0].train(self.training)
        constants = {
            name: getattr(self, f"constant_{number}") for number, name in enumerate(self.constants)
        }
        versions = {name: constant._version for name, constant in constants.items()}

        def one(weights: Sequence[Tensor], x: Tensor) -> Tensor:
            state = dict(zip(self.names, weights, strict=True)) | constants
            outputs = functional_call(module, state, (x,))
            for name, constant in constants.items():
                if state[name] is not constant or constant._version != versions[name]:
                    raise ValueError(
                        f"{type(module).__name__} changes its buffer {name} while it computes: "
                        "replicas side by side would not have that each for itself"
                    )
            return outputs

        per_replica = 0 if x.ndim == self.axes + 2 else None
        return vmap(one, in_dims=(0, per_replica))(tuple(self.stack), x)


def _build(build: Callable[[], nn.Module], seed: int) -> nn.Module:
    with torch.random.fork_rng(devices=[]):
        torch.default_generator.manual_seed(seed)  # `torch.manual_seed` would move the GPUs' too
        return build()


def _refuse_what_replicas_share(module: nn.Module) -> None:
    """Refuse layers that change themselves or draw at random while they compute."""
    for name, layer in module.named_modules():
        dropped = layer.p if isinstance(layer, _DropoutNd) else getattr(layer, "dropout", 0)
        if isinstance(layer, _NormBase) and layer.track_running_stats:
            does = "keeps running statistics"
        elif isinstance(dropped, int | float) and dropped > 0:
            does = "draws at random"
        else:
            continue
        raise ValueError(
            f"{name or 'the module'} is a {type(layer).__name__}, which {does} while it "
            "computes: replicas side by side would not have that each for itself"
        )


def _without_values(module: nn.Module) -> nn.Module:
    """Copy a module without the values of its weights, of which some may be the same one."""
    empty = {
        id(p): nn.Parameter(torch.empty_like(p, device="meta"), p.requires_grad)
        for p in module.parameters()
    }
    return copy.deepcopy(module, empty)
