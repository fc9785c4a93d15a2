"""What the loss looks like around a point of weight space, each replica by itself.

The replicas of a stack never touch, so the gradient of the sum of their losses is each one's
gradient, and one product with the stack's Hessian is a product with each replica's own.
"""

from collections.abc import Callable, Sequence
from itertools import accumulate, pairwise

import torch
from torch import Tensor, nn

from hw1lib.networks import replicas

Loss = Callable[[nn.Module], Tensor]  # stacked network -> (R,), one loss per replica

LARGEST = 4 * 2**30  # bytes that a stack of Hessians may take
ROWS_AT_ONCE = 64  # rows of Hessians computed together, over all replicas: what fits into caches


def gradients(model: nn.Module, loss: Loss, *, create_graph: bool = False) -> Tensor:
    """Differentiate each replica's loss by its own weights, leaving `.grad` alone.

    Args:
        model: Stacked network at the points of interest.
        loss: One loss per replica.
        create_graph: Whether the result can be differentiated again.

    Returns:
        Shape (R, P), in the order of `replicas.weights`.
    """
    losses = loss(model)
    parts = torch.autograd.grad(
        losses,
        list(model.parameters()),
        torch.ones_like(losses),
        create_graph=create_graph,
        materialize_grads=True,
    )
    return torch.cat([part.flatten(1) for part in parts], dim=1)


def hessian_products(model: nn.Module, loss: Loss) -> Callable[[Tensor], Tensor]:
    r"""Prepare products of each replica's Hessian with a vector of its own.

    .. math:: H v = \nabla_\theta \bigl( \nabla_\theta L(\theta)^\top v \bigr)

    The gradient's graph is built once and kept as long as the function; a product is one more
    backward pass and O(P) memory, and the P x P matrix never exists.

    Args:
        model: Stacked network at the points of interest; in eval mode where it drops out.
        loss: One loss per replica; a mean over batches must be weighted by their size.

    Returns:
        A function from vectors (R, P) to products (R, P). It holds for the weights that the
        network has now.

    Source:
        B. A. Pearlmutter, "Fast exact multiplication by the Hessian", Neural Computation 6(1),
        147-160, 1994; here by double backward rather than by the paper's forward operator.
    """
    shape = (replicas.count(model), replicas.parameter_count(model))
    parameters = list(model.parameters())
    gradient = gradients(model, loss, create_graph=True)

    def product(vectors: Tensor) -> Tensor:
        if vectors.shape != shape:
            raise ValueError(f"vectors of shape {tuple(vectors.shape)}, expected {shape}")
        parts = torch.autograd.grad(
            gradient, parameters, vectors, retain_graph=True, materialize_grads=True
        )
        return torch.cat([part.flatten(1) for part in parts], dim=1)

    return product


def along_gradient(model: nn.Module, loss: Loss) -> Tensor:
    r"""Measure the curvature in the direction of the loss's own gradient, (R,).

    .. math:: g^\top H g / \lVert g \rVert^2

    Of the loss on a batch, and averaged over batches, this is the *batch sharpness*.

    Args:
        model: Stacked network at the points of interest.
        loss: One loss per replica.

    Source:
        A. Andreyev and P. Beneventano, "Edge of stochastic stability: revisiting the edge of
        stability for SGD", arXiv 2412.20553, 2024.
    """
    slopes = gradients(model, loss)
    products = hessian_products(model, loss)(slopes)
    return (slopes * products).sum(dim=1) / slopes.square().sum(dim=1)


def hessians(model: nn.Module, loss: Loss) -> Tensor:
    """Compute each replica's exact Hessian, many rows at a time for all replicas together.

    A row costs one backward pass through the gradient's graph, and only from the layer whose row
    it is upwards: the matrix is symmetric.

    Args:
        model: Stacked network at the points of interest; its weights, gradients and mode stay.
        loss: One loss per replica, for a stack of any number of replicas.

    Returns:
        Symmetric matrices, shape (R, P, P), in the order of `replicas.weights` and in the
        network's float type: a float32 spectrum drowns its small eigenvalues in round-off.

    Raises:
        ValueError: If the matrices would not fit into `LARGEST` bytes.
    """
    count, size = replicas.count(model), replicas.parameter_count(model)
    needed = count * size**2 * next(model.parameters()).element_size()
    if needed > LARGEST:
        raise ValueError(
            f"exact Hessians of {count} networks of {size:,} parameters take "
            f"{needed / 2**30:,.1f} GiB, and at most {LARGEST / 2**30:g} GiB are allowed: take "
            "fewer replicas, or top_eigenvalues, which finds the largest eigenvalues by Lanczos "
            "without the matrix"
        )
    # each of the rows computed together has a network of its own: plain batches of small
    # products, where torch's own batching of gradients would go through the rows one by one
    copies = min(size, max(1, ROWS_AT_ONCE // count))
    here = replicas.weights(model).detach()
    apart = replicas.with_weights(model, here.repeat(copies, 1))
    parameters = list(apart.parameters())
    losses = loss(apart)
    slopes = torch.autograd.grad(
        losses, parameters, torch.ones_like(losses), create_graph=True, materialize_grads=True
    )
    ends = [0, *accumulate(p[0].numel() for p in parameters)]
    result = slopes[0].new_zeros(count, size, size)
    for number, (slope, (first, last)) in enumerate(zip(slopes, pairwise(ends), strict=True)):
        # the upper triangle alone: no pass goes back beyond the layer whose rows are computed
        rows = _rows(slope.flatten(1), parameters[number:], copies)
        result[:, first:last, first:] = rows
        result[:, first:, first:last] = rows.mT
        own = result[:, first:last, first:last]
        own.copy_((own + own.mT) / 2)  # round-off is not symmetric
    return result


def _rows(slope: Tensor, parameters: Sequence[Tensor], copies: int) -> Tensor:
    """Differentiate one layer's gradient of n numbers by p parameters: (R, n, p).

    Args:
        slope: Shape (copies * R, n), of as many copies of R networks.
        parameters: Of those copies.
        copies: How many rows are computed together.
    """
    count, numbers = len(slope) // copies, slope.shape[1]
    sizes = [p[0].numel() for p in parameters]
    result = slope.new_zeros(count, numbers, sum(sizes))
    if not slope.requires_grad:  # the loss is linear in this layer
        return result
    unit = torch.eye(numbers, dtype=slope.dtype, device=slope.device)
    for first in range(0, numbers, copies):
        rows = unit[first : first + copies]
        directions = slope.new_zeros(copies, count, numbers)
        directions[: len(rows)] = rows[:, None]
        parts = torch.autograd.grad(
            slope, parameters, directions.flatten(0, 1), retain_graph=True, allow_unused=True
        )
        blocks = result[:, first : first + len(rows)].split(sizes, dim=2)
        for part, block in zip(parts, blocks, strict=True):
            if part is not None:
                block.copy_(part.reshape(copies, count, -1)[: len(rows)].transpose(0, 1))
    return result


def top_eigenvalues(
    model: nn.Module,
    loss: Loss,
    count: int = 1,
    *,
    steps: int = 60,
    generator: torch.Generator,
) -> Tensor:
    """Find each replica's largest Hessian eigenvalues by Lanczos, on all replicas at once.

    The basis is orthogonalized in full, twice, in float64, so that no eigenvalue appears more
    often than it is there. As many steps as parameters give the whole spectrum exactly; the
    estimate of an eigenvalue never exceeds it.

    Args:
        model: Stacked network at the points of interest.
        loss: One loss per replica.
        count: How many eigenvalues, from the largest down, signs included.
        steps: Products with the Hessian; no more than there are parameters are made.
        generator: Draws the starting vector, one for all replicas so that none depends on its
            neighbours. On the CPU, whatever the device of the network.

    Returns:
        Shape (R, count), float64, descending.

    Raises:
        ValueError: If more eigenvalues are asked for than steps are made.

    Source:
        C. Lanczos, "An iteration method for the solution of the eigenvalue problem", J. Res.
        Nat. Bur. Standards 45, 255-282, 1950; orthogonalization after B. N. Parlett, "The
        Symmetric Eigenvalue Problem", 1980, chapter 13.
    """
    replica_count, size = replicas.count(model), replicas.parameter_count(model)
    steps = min(steps, size)
    if not 1 <= count <= steps:
        raise ValueError(f"count must be from 1 to the {steps} steps made, got {count}")
    product = hessian_products(model, loss)
    like = next(model.parameters())

    def draw() -> Tensor:
        start = torch.randn(size, generator=generator, dtype=torch.float64).to(like.device)
        return start.expand(replica_count, size)

    basis = torch.zeros(replica_count, steps, size, dtype=torch.float64, device=like.device)
    diagonal = torch.zeros(replica_count, steps, dtype=torch.float64, device=like.device)
    beside = torch.zeros_like(diagonal)  # entry k couples steps k and k + 1
    vector = torch.nn.functional.normalize(draw(), dim=1)
    for step in range(steps):
        basis[:, step] = vector
        image = product(vector.to(like.dtype)).double()
        diagonal[:, step] = (image * vector).sum(dim=1)
        rest = _orthogonal(image, basis[:, : step + 1])
        length = rest.norm(dim=1)
        # nothing new left: the basis holds an invariant subspace, and the rest is elsewhere
        ended = length <= torch.finfo(torch.float64).eps * size * image.norm(dim=1)
        if ended.any():
            elsewhere = _orthogonal(draw(), basis[:, : step + 1])
            rest = torch.where(ended[:, None], elsewhere, rest)
        beside[:, step] = length.where(~ended, 0.0)
        vector = torch.nn.functional.normalize(rest, dim=1)
    tridiagonal = torch.diag_embed(diagonal)
    if steps > 1:
        off = torch.diag_embed(beside[:, :-1], offset=1)
        tridiagonal = tridiagonal + off + off.mT
    return torch.linalg.eigvalsh(tridiagonal)[:, -count:].flip(1)


def _orthogonal(vectors: Tensor, basis: Tensor) -> Tensor:
    """Take the part of (R, P) outside the span of orthonormal rows (R, K, P), to round-off."""
    for _ in range(2):  # once leaves what cancellation brought in; twice is enough (Parlett)
        inside = torch.bmm(basis, vectors[:, :, None])
        vectors = vectors - torch.bmm(basis.mT, inside)[:, :, 0]
    return vectors
