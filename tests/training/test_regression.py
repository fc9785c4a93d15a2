"""A function as a stack learns it: its points, its loss, and the training of chapter 11."""

from dataclasses import replace

import numpy as np
import torch

from hw1lib.data import functions
from hw1lib.networks import builders
from hw1lib.networks.replicas import Streams
from hw1lib.training import optimizers, regression
from hw1lib.training.regression import DENSE, Training, train
from hw1lib.training.run import Run

SETTINGS = Training(
    target=functions.sine,
    widths=(1, 4, 1),
    optimizer=optimizers.adam,
    learning_rate=0.01,
    points=9,
    epochs=6,
    seeds=(3, 4),
)


def test_a_task_holds_the_functions_values_on_the_grid():
    task = regression.task(functions.sinc, 5, device="cpu", dtype=torch.float64)
    assert task.x[:, 0].tolist() == [-1, -0.5, 0, 0.5, 1]
    np.testing.assert_allclose(task.y[:, 0], np.sinc(5 * task.x[:, 0].numpy()), atol=1e-15)
    ((x, y),) = task.batches
    assert x is task.x
    assert y is task.y


def test_its_loss_is_the_mean_squared_error_of_each_replica():
    task = regression.task(functions.sinc, 7, device="cpu", dtype=torch.float64)
    model = builders.mlp(Streams([3, 4]), 1, 5, 1).double()
    with torch.no_grad():
        outputs = model(task.x).numpy()
    expected = [np.mean((of - task.y.numpy()) ** 2) for of in outputs]
    np.testing.assert_allclose(task.loss(model).detach(), expected, rtol=1e-12)
    assert task.to(torch.float32).y.dtype == torch.float32


def test_a_training_keeps_the_loss_before_each_update_and_after_the_last():
    found = train(SETTINGS, run=Run())
    assert found["loss"].shape == (7, 2)
    one_less = train(replace(SETTINGS, epochs=5), run=Run())
    np.testing.assert_array_equal(found["loss"][:6], one_less["loss"])
    assert not found["diverged"].any()


def test_the_prediction_is_that_of_the_last_weights():
    still = replace(SETTINGS, optimizer=optimizers.sgd, learning_rate=0.0)
    model = builders.mlp(Streams(SETTINGS.seeds), 1, 4, 1, activation=builders.leaky_relu)
    with torch.no_grad():
        expected = model(functions.grid(DENSE)[:, None])[:, :, 0]
    np.testing.assert_array_equal(regression.fit(still, run=Run()).prediction, expected)
    np.testing.assert_array_equal(train(still, run=Run())["prediction"], expected[:, ::5])


def test_a_replica_that_diverged_has_no_prediction():
    wild = replace(SETTINGS, optimizer=optimizers.sgd, learning_rate=1e30)
    found = train(wild, run=Run())
    assert found["diverged"].all()
    assert np.isnan(found["prediction"]).all()
    assert np.isnan(found["loss"][-1]).all()


def test_each_setting_decides():
    base = train(SETTINGS, run=Run())["loss"]
    for change in (
        {"target": functions.sinc},
        {"activation": builders.relu},
        {"weight_decay": 0.5},
        {"learning_rate": 0.02},
        {"optimizer": optimizers.rmsprop},
        {"points": 8},
        {"seeds": (5, 6)},
    ):
        changed = train(replace(SETTINGS, **change), run=Run())["loss"]
        assert not np.allclose(changed, base, rtol=1e-6), change


def test_replicas_do_not_touch():
    alone = train(replace(SETTINGS, seeds=(4,)), run=Run())
    np.testing.assert_allclose(
        alone["loss"][:, 0], train(SETTINGS, run=Run())["loss"][:, 1], rtol=1e-5
    )
