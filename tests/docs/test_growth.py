"""What the how-tos promise: what has to agree when something is added, agrees."""

import importlib

import pytest

from config.celery import app
from config.queues import task_queues
from webapp.core.presets import BROWSER_TYPES, ORIGINAL_TYPES, PRESET_BY_NAME, PRESETS
from webapp.intake import probe
from webapp.outbox.tasks import Queue, Task
from webapp.pages import card

QUEUES = {queue.name for queue in task_queues(rabbitmq=True)}


@pytest.fixture(scope="module")
def tasks():
    for module in app.conf.imports:
        importlib.import_module(module)
    return set(app.tasks)


@pytest.mark.parametrize("task", Task)
def test_name_that_may_be_published_has_a_task(task, tasks):
    assert task.value in tasks


@pytest.mark.parametrize("task", Task)
def test_queue_of_a_task_is_declared(task):
    assert task.queue.value in QUEUES


def test_every_queue_has_a_worker_group():
    groups = {"renditions", "backfills", "replication", "maintenance"}
    assert {queue.value for queue in Queue} == QUEUES == groups


@pytest.mark.parametrize("entry", app.conf.beat_schedule.values(), ids=lambda e: e["task"])
def test_what_beat_sends_has_a_task_and_a_queue(entry, tasks):
    assert entry["task"] in tasks
    assert entry["options"]["queue"] in QUEUES


def test_types_that_are_taken_are_those_that_can_be_told():
    assert probe._INSPECTORS.keys() == ORIGINAL_TYPES.keys() >= BROWSER_TYPES


def test_no_recipe_in_use_changes():
    """Pages and caches keep what a name stood for: a changed recipe is a new name, added here."""
    recipes = {preset.name: (preset.width, preset.height, preset.crop) for preset in PRESETS}
    in_use = {
        "thumb": (256, 256, True),
        "w320": (320, None, False),
        "w800": (800, None, False),
        "w1600": (1600, None, False),
    }
    assert recipes == in_use


def test_pages_name_known_presets():
    assert {*card.TILE_PRESETS, *card.PAGE_PRESETS} <= PRESET_BY_NAME.keys()


def test_presets_have_names_of_their_own_that_fit_into_links():
    assert len(PRESET_BY_NAME) == len(PRESETS)
    assert all(name.isalnum() and name.islower() for name in PRESET_BY_NAME)
