"""A model of failures: whatever happens in whatever order, no acknowledged image is lost.

Each rule is a process that may be killed before any of its steps: a call of a shard, a statement
that writes, a commit. Shards fall silent, fill up, rot, die. After each step everything is read
by a read service that knows topology, journal and shards alone.
"""

import hashlib
import os
import random
import time

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from tests.factories import make_user
from tests.integration.model.world import RENDITIONS, World
from webapp.accounts.models import User
from webapp.cluster.models import Shard
from webapp.cluster.publishing import topology_republish
from webapp.cluster.services import shard_activate, shard_set_state
from webapp.cluster.snapshot import topology_now
from webapp.cluster.stores import fleet
from webapp.core.errors import ConflictError, RetryError
from webapp.core.ids import id_parse
from webapp.core.keys import ORIGINAL, blob_key
from webapp.core.shards import ShardState
from webapp.core.signing import bytes_digest
from webapp.healing.moving_run import Pace
from webapp.healing.progress import Progress
from webapp.healing.reap import reap
from webapp.healing.rebalance import rebalance_run
from webapp.healing.repair import repair_run
from webapp.healing.repair_scope import Scope
from webapp.healing.scrub import Scrub, ScrubPlan
from webapp.healing.scrub_keep import MemoryKeeper
from webapp.healing.throttle import Throttle
from webapp.images.copies import Placement
from webapp.images.models import Image, ImageState
from webapp.images.services import (
    image_delete,
    image_erase_finish,
    image_register,
    image_replicate,
    image_restore,
    images_sweep,
    journal_publish,
)
from webapp.images.services.attempts import rendition_attempt_begin, rendition_postponed
from webapp.images.services.renditions import renditions_store
from webapp.images.services.repair import image_repair
from webapp.images.values import Upload
from webapp.outbox.models import OutboxMessage
from webapp.outbox.tasks import Task

SECONDS = float(os.environ.get("MODEL_SECONDS", "0"))
"""Longer runs are for hands; the tests' environment forgets settings of Shoebox itself."""
FIRST_SEED = int(os.environ.get("MODEL_SEED", "0"))
"""Where a longer run begins, so that the next one sees others; 0 is what CI sees."""
EXAMPLES, STEPS = 5, 30
BEGIN_WITH = 3
QUORUM = 2
HOUR, MONTH = 3600.0, 31 * 86400.0
CONVERGED_ROUNDS = 5
SHARDS = st.sampled_from(["s1", "s2", "s3", "s4", "s5"])
KILLED = st.one_of(st.none(), st.integers(0, 120))
PICK = st.integers(0, 1000)
LIVE, DELETED, UNKNOWN = "live", "deleted", "unknown"


def key_of(image_id):
    return blob_key(id_parse(image_id), ORIGINAL)


class Shoebox(RuleBasedStateMachine):
    """What users and operators do, what goes wrong, and what must be true all the while."""

    folder = told = patches = None
    explored = set()
    steps = 0

    def __init__(self):
        super().__init__()
        self.patch = self.patches()
        self.world = World(self.folder, self.patch, self.told)
        self.owner = make_user()
        self.images = {}
        """Id → bytes and what was promised of it."""
        self.uploads = 0
        self.refused = ""
        self.rebalanced = False

    @initialize()
    def begin(self):
        """Begin with images that are whole: most of what can go wrong needs some."""
        for _ in range(BEGIN_WITH):
            self.upload(None)
            self._work(random.Random(0))
        assert len(self.images) == BEGIN_WITH, self.refused

    # What users do

    @rule(steps=KILLED)
    def upload(self, steps):
        self.uploads += 1
        self._upload(b"picture %d" % self.uploads, steps)

    @rule(pick=PICK, steps=KILLED)
    def upload_again(self, pick, steps):
        if self.images:
            self._upload(self._pick(pick, {LIVE, DELETED, UNKNOWN})[1], steps)

    def _upload(self, data, steps):
        path = self.folder / "upload"
        path.write_bytes(data)
        digest = bytes_digest(data)
        values = {"private": False, "content_type": "image/jpeg", "width": 9, "height": 9}
        upload = Upload(
            source=path, size=len(data), digest=digest, source_digest=digest, frames=1, **values
        )
        answers = []
        with self.world.process(steps):
            answers += self._asked(lambda: image_register(owner=self._owner(), upload=upload))
        if answers:
            self.images[answers[0].image.id] = (data, LIVE)

    @rule(pick=PICK, erase=st.booleans(), steps=KILLED)
    def delete(self, pick, erase, steps):
        self._change(pick, LIVE, DELETED, lambda i: image_delete(image=i, erase=erase), steps)

    @rule(pick=PICK, steps=KILLED)
    def restore(self, pick, steps):
        self._change(pick, DELETED, LIVE, lambda i: image_restore(image=i), steps)

    def _change(self, pick, before, after, act, steps):
        image_id, data, _ = self._pick(pick, {before}) or ("", b"", "")
        if not image_id:
            return
        answers, said = [], UNKNOWN
        with self.world.process(steps):
            image = Image.objects.select_related("owner").filter(id=image_id).first()
            answers += self._asked(lambda: act(image)) if image else []
            said = after if answers else before
        self.images[image_id] = (data, said)

    # What workers and beat do

    @rule(seed=PICK, lost=st.booleans(), steps=KILLED)
    def work(self, seed, lost, steps):
        self._work(random.Random(seed), steps, lost=lost)

    def _work(self, chance, steps=None, *, lost=False):
        messages = list(OutboxMessage.objects.order_by("id"))
        chance.shuffle(messages)
        with self.world.process(steps):
            for message in messages:
                OutboxMessage.objects.filter(id=message.id).delete()
                if not lost or chance.random() < 0.5:
                    self._asked(lambda message=message: self._task(message))

    def _task(self, message):
        if message.task == Task.MAKE_RENDITIONS:
            self._render(message.subject)
        elif message.task == Task.REPLICATE:
            image_replicate(image_id=message.subject)
        elif message.task == Task.DELETE:
            image_erase_finish(image_id=message.subject)

    def _render(self, image_id):
        image = rendition_attempt_begin(image_id=image_id)
        if image is None:
            return
        kinds = {"webp": "image/webp", "jpg": "image/jpeg"}
        blobs = {
            name: (f"{image_id} {name}".encode(), kinds[name.rpartition(".")[2]])
            for name in RENDITIONS
        }
        try:
            renditions_store(image=image, blobs=blobs)
        except RetryError:
            rendition_postponed(image=image, reason="shards")

    @rule(steps=KILLED)
    def beat(self, steps):
        with self.world.process(steps):
            self._asked(images_sweep)
            self._asked(topology_republish)
            self._asked(journal_publish)

    @rule(seconds=st.sampled_from([HOUR, 2 * 86400.0, MONTH]))
    def time_passes(self, seconds):
        self.world.later += seconds

    # What operators do

    @rule(steps=KILLED)
    def repair(self, steps):
        self._repair(Scope(), steps)

    @rule(shard=SHARDS, steps=KILLED)
    def repair_shard(self, shard, steps):
        self._repair(Scope(shard=shard), steps)

    def _repair(self, scope, steps=None):
        with self.world.process(steps):
            repair_run(scope=scope, apply=True, throttle=Throttle(), progress=Progress("model"))

    @rule(steps=KILLED)
    def scrub(self, steps=None):
        partitions = {key.partition("/")[0] for s in self.world.stores.values() for key in s._blobs}
        partitions |= {image_id[4:7] for image_id in self.images}
        with self.world.process(steps):
            for partition in sorted(partitions - {"_shoebox"}):
                plan = ScrubPlan(topology=topology_now(), partition=partition, apply=True)
                self._asked(lambda plan=plan: Scrub(plan, fleet()).step(*_kept(plan)))

    @rule(steps=KILLED)
    def reap(self, steps=None):
        with self.world.process(steps):
            self._asked(reap)

    @rule(shard=SHARDS, state=st.sampled_from(["ACTIVE", "READ_ONLY", "DOWN", "DRAINING"]))
    def state(self, shard, state):
        if Shard.objects.get(name=shard).state != ShardState.DEAD.label:
            self._asked(lambda: shard_set_state(name=shard, state=ShardState[state]))

    @precondition(lambda self: not self.rebalanced)
    @rule()
    def grow(self):
        if self.world.silent | self.world.full:
            return
        self.world.shard_add("s6", "z3")
        with self.world.process(None):
            shard_activate(names=["s6"])
        self.world.later += 60.0
        self.rebalanced = True

    @precondition(lambda self: self.rebalanced)
    @rule(steps=KILLED)
    def rebalance(self, steps):
        pace = Pace(Throttle(), Progress("model"), wait=False, sleep=lambda _: None)
        with self.world.process(steps):
            self._asked(lambda: rebalance_run(old=0, new=1, pace=pace, known_after=0))

    # What goes wrong

    @rule(shard=SHARDS)
    def falls_silent(self, shard):
        self.world.silent.add(shard)

    @rule(shard=SHARDS)
    def answers_again(self, shard):
        self.world.silent.discard(shard)
        self.world.full.discard(shard)

    @rule(shard=SHARDS)
    def fills_up(self, shard):
        self.world.full.add(shard)

    @rule(
        pick=PICK,
        shard=SHARDS,
        blob=st.sampled_from([ORIGINAL, *RENDITIONS, "manifest.json"]),
        rotten=st.sampled_from([b"", b"rotten", None]),
    )
    def a_copy_rots(self, pick, shard, blob, rotten):
        image_id, _, _ = self._pick(pick, {LIVE, DELETED, UNKNOWN}) or ("", b"", "")
        if not image_id or not self._can_lose(shard, {image_id}):
            return
        store, key = self.world.stores[shard], blob_key(id_parse(image_id), blob)
        if rotten is None:
            store._blobs.pop(key, None)
        elif key in store._blobs:
            store.corrupt(key, rotten)

    @rule(shard=SHARDS)
    def dies(self, shard):
        states = Shard.objects.values_list("state", flat=True)
        if ShardState.DEAD.label in states or not self._can_lose(shard, set(self.images)):
            return
        if self._asked(lambda: shard_set_state(name=shard, state=ShardState.DEAD)):
            self.world.stores[shard]._blobs.clear()

    def _can_lose(self, shard, image_ids):
        """Tell whether as many good copies as the quorum are left; more is not promised."""
        return all(len(self._copies(i) - {shard}) >= QUORUM for i in image_ids)

    # What must be true

    @invariant()
    def everything_is_as_promised(self):
        type(self).steps += 1
        rows = list(Image.objects.order_by("id").values_list("id", "state", "revision", "lease"))
        self.explored.add(self.world.signature([(r[0], r[1], bool(r[3])) for r in rows]))
        unsure = self.world.silent or Shard.objects.filter(state=ShardState.DOWN.label).exists()
        for image_id, answer in self.world.read(self.images).items():
            data, said = self.images[image_id]
            about = f"{image_id} {said}: {self._copies(image_id)}, {answer.text[:200]!r}"
            if answer.status_code == 200:
                assert (said, answer.content == data) != (DELETED, True), f"came back: {about}"
                assert answer.content == data, f"other bytes: {about}"
            elif said == LIVE:
                assert answer.status_code == 503, f"missing: {about}"
                assert unsure, f"not served: {about}"

    def teardown(self):
        try:
            self._converge()
        finally:
            self.patch.undo()

    def _converge(self):
        """Let everything answer again, and heal: then all is as the index says, and it stays."""
        self.world.silent.clear()
        self.world.full.clear()
        for shard in Shard.objects.exclude(state=ShardState.DEAD.label).filter(state="down"):
            self._asked(
                lambda shard=shard: shard_set_state(name=shard.name, state=ShardState.ACTIVE)
            )
        for _ in range(CONVERGED_ROUNDS):
            self.world.later += 2 * HOUR
            self.beat(None)
            self._work(random.Random(0))
            self._repair(Scope())
            self.scrub(None)
        self.everything_is_as_promised()
        for image_id, (_, said) in self.images.items():
            image = Image.objects.filter(id=image_id).first()
            state = image.state if image else None
            if said == LIVE:
                assert state in {ImageState.READY, ImageState.FAILED}, f"{image_id} is {state}"
            elif said == DELETED:
                assert state in {ImageState.DELETED, None}, f"{image_id} is {state}"
            if state in {ImageState.READY, ImageState.FAILED}:
                self._assert_whole(image)

    def _assert_whole(self, image):
        placement = Placement.of(image.image_id, topology_now())
        homes, copies = set(placement.home_names()), self._copies(image.id)
        if len(homes) < placement.version.replica_count:
            # Too few shards may hold a share: what stands in for them stays.
            assert copies >= homes, f"{image.id}: {copies} not {homes} at least"
            return
        assert copies == homes, f"{image.id}: {copies} not {homes}"
        repaired = image_repair(image_id=image.id, apply=False)
        assert repaired.whole, f"{image.id}: {dict(repaired.codes)}"

    # Small things

    def _pick(self, pick, states):
        """Return one of the images promised to be so: id, bytes, promise."""
        fitting = [(i, *what) for i, what in sorted(self.images.items()) if what[1] in states]
        return fitting[pick % len(fitting)] if fitting else None

    def _copies(self, image_id):
        return self.world.copies(key_of(image_id), bytes_digest(self.images[image_id][0]))

    def _owner(self):
        return User.objects.get(pk=self.owner.pk)

    def _asked(self, act):
        """Return what was answered, nothing when it was refused for now."""
        try:
            return [act()]
        except (RetryError, ConflictError) as error:
            self.refused = f"{type(error).__name__}: {error}"
            return []


def _kept(plan):
    return plan.partition, MemoryKeeper()


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(SECONDS + 300)
@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_no_acknowledged_image_is_lost_whatever_fails(tmp_path, settings_of_tests, capsys):
    kept = {"folder": tmp_path, "told": settings_of_tests, "patches": pytest.MonkeyPatch}
    machine = type("Model", (Shoebox,), {**kept, "explored": set(), "steps": 0})
    until, seed = time.monotonic() + SECONDS, FIRST_SEED
    while True:
        try:
            run_state_machine_as_test(_seeded(machine, seed), settings=_settings(seed))
        except BaseException as failure:
            failure.add_note(f"MODEL_SEED={seed} shows it again, in few steps.")
            raise
        seed += 1
        if time.monotonic() >= until:
            break
    with capsys.disabled():
        print(  # noqa: T201
            f"\nmodel: {len(machine.explored)} states explored in {machine.steps} steps,"
            f" seeds {FIRST_SEED} to {seed - 1}"
        )


def _seeded(machine, seed):
    digest = hashlib.sha256(str(seed).encode()).digest()
    machine._hypothesis_internal_use_seed = int.from_bytes(digest[:8], "big")
    return machine


def _settings(seed):
    return settings(
        max_examples=EXAMPLES,
        stateful_step_count=STEPS,
        deadline=None,
        database=None,
        derandomize=seed == 0,
        # A long run says at once where it failed; the seed alone is then made short.
        phases=[Phase.generate] if SECONDS else list(Phase),
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture
def settings_of_tests(settings):
    return settings
