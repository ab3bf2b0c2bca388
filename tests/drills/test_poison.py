"""Some pictures that no decoder takes wait among many that are well: each costs only itself."""

from tests import samples
from tests.drills.decoders import left_in_spool
from tests.hostile.sending import send_all
from tests.outbox_rows import Messages
from tests.processes import wait_until

GOOD, POISON = 60, 3


def test_poison_among_many_pictures_costs_only_itself(system):
    bodies = {f"good {number}": samples.jpeg() for number in range(GOOD)}
    names = list(bodies)
    for number in range(POISON):
        names.insert(number * GOOD // POISON, f"poison {number}")
        bodies[f"poison {number}"] = samples.poison()
    outcomes = send_all(system, {name: bodies[name] for name in names})
    ends = {name: outcome.image["state"] for name, outcome in outcomes.items()}
    assert {state for name, state in ends.items() if name.startswith("good")} == {"ready"}
    ill = [outcome.image for name, outcome in outcomes.items() if name.startswith("poison")]
    assert {image["state"] for image in ill} == {"rejected"}
    assert all("not-decodable" in image["reason"] for image in ill)
    wait_until(lambda: not Messages(system).depth(), seconds=60, what="the queue to be empty")
    assert left_in_spool(system) == []
