"""Every training of every chapter shows how far it is: its bar reaches its end."""

import pytest

from hw1lib.chapters import registry
from hw1lib.results import jobs

CHAPTERS = {chapter.name: chapter for chapter in registry.discover().values()}


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_training_tells_of_each_of_its_passes(fresh, monkeypatch, name):
    jobs_in_order = []
    computed = []  # jobs that are not in the store already, and their epochs

    def fetch(store, experiment, job, **how):
        jobs_in_order.append(job)
        return original_fetch(store, experiment, job, **how)

    def run(device, checkpoint, progress, prepare, capture):
        computed.append([jobs_in_order[-1], 0])

        def noted(epochs, losses):
            computed[-1][1] = epochs
            progress(epochs, losses)

        return original_run(device, checkpoint, noted, prepare, capture)

    original_fetch, original_run = jobs.fetch, jobs.Run
    monkeypatch.setattr(jobs, "fetch", fetch)
    monkeypatch.setattr(jobs, "Run", run)
    spec = CHAPTERS[name].profiles["smoke"]
    fresh(CHAPTERS[name], spec.replace(data="standin") if hasattr(spec, "data") else spec)
    assert computed
    assert [passes for _, passes in computed] == [job.settings.epochs for job, _ in computed]
