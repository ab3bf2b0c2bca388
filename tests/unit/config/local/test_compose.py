import re
from pathlib import Path

import pytest
import yaml

from config.env import load

ROOT = Path(__file__).resolve().parents[4]
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
OURS = {name for name, service in SERVICES.items() if service["image"] == "shoebox"}
ONCE = {"stores", "bootstrap"}
# Nothing asks them anything; that they run is all that can be seen from outside.
WITHOUT_QUESTIONS = {"relay", "webhooks", "beat"}


def environment(service: str) -> dict[str, str]:
    """What compose would put there, with a made-up secret for each variable."""

    def fill(match: re.Match) -> str:
        name, mark, text = match.groups()
        if mark == "-":
            return text
        return "k1:" + "ab" * 32 if name == "SHOEBOX_SIGNING_KEYS" else "c" * 40

    values = SERVICES[service]["environment"]
    return {k: re.sub(r"\$\{(\w+):([-?])([^}]*)\}", fill, v) for k, v in values.items()}


def test_no_secret_has_a_default():
    asked = {name for name, mark in re.findall(r"\$\{(\w+)(:?.)", TEXT) if mark != ":?"}
    public = {
        "SHOEBOX_WRITE_URL",
        "SHOEBOX_READ_URL",
        "SHOEBOX_FLOWER_URL",
        "SHOEBOX_RENDER_URL",
        "SHOEBOX_ALLOWED_HOSTS",
        "SHOEBOX_WEBHOOK_PRIVATE_ADDRESSES",
        "EDGE_WRITE_TLS",
        "EDGE_READ_TLS",
    }
    assert asked == public


@pytest.mark.parametrize("service", sorted(OURS))
def test_our_settings_accept_what_compose_sets(service):
    assert load(environment(service)).profile == "cluster"


@pytest.mark.parametrize("service", sorted(OURS))
def test_our_processes_share_one_image_and_its_build(service):
    assert SERVICES[service]["build"] == "."


@pytest.mark.parametrize("service", sorted(SERVICES.keys() - ONCE - WITHOUT_QUESTIONS))
def test_what_stays_up_has_a_health_check(service):
    assert SERVICES[service]["healthcheck"]["test"]


def test_sizes_on_demand_are_off_unless_asked_for():
    assert SERVICES["render"]["profiles"] == ["render"]
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["render"]
    assert environment("read1")["SHOEBOX_RENDER_URL"] == ""


def test_every_volume_is_named_and_belongs_to_one_service():
    used = [
        volume.partition(":")[0]
        for service in SERVICES.values()
        for volume in service.get("volumes", [])
        if not volume.startswith("./")
    ]
    assert sorted(used) == sorted(COMPOSE["volumes"])


def test_every_group_of_queues_has_its_worker():
    groups = {
        word.removeprefix("--queues=")
        for service in SERVICES.values()
        for word in service.get("command", [])
        if word.startswith("--queues=")
    }
    assert groups == {"renditions,backfills", "replication,maintenance"}


def test_the_edge_knows_every_writer_and_reader():
    values = SERVICES["nginx"]["environment"]
    assert {"write1", "write2"} == set(re.findall(r"write\d", values["EDGE_WRITERS"]))
    assert {"read1", "read2"} == set(re.findall(r"read\d", values["EDGE_READERS"]))


def test_the_edge_template_gets_all_that_it_asks_for():
    template = (ROOT / "deploy" / "nginx" / "edge.conf.template").read_text(encoding="utf-8")
    asked = set(re.findall(r"\$\{([A-Z_]+)\}", template)) - {"CAPITALS"}
    assert asked == SERVICES["nginx"]["environment"].keys()


def test_a_shard_is_added_for_every_store():
    shards = environment("bootstrap")["SHOEBOX_BOOTSTRAP_SHARDS"]
    assert re.findall(r"(s\d)=s3\+http://(s\d):8333/shoebox@(z\d)", shards) == [
        ("s1", "s1", "z1"),
        ("s2", "s2", "z1"),
        ("s3", "s3", "z2"),
        ("s4", "s4", "z2"),
    ]


def test_the_image_does_not_run_as_root():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("USER ")] == ["USER shoebox"]


def test_the_image_installs_nothing_without_its_hash():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    installs = [line for line in lines if "pip install" in line]
    assert all("--require-hashes -r /tmp/requirements.lock" in line for line in installs)


def test_the_edge_looks_up_each_service_that_the_how_to_replaces():
    page = ROOT / "docs" / "how-to" / "reload-without-a-lost-request.md"
    loop = re.search(
        r"\nfor service in (.*); do\n(.*?)\ndone\n", page.read_text("utf-8"), re.DOTALL
    )
    services, body = loop.groups()
    assert set(services.split()) == set(SERVICES["nginx"]["depends_on"])
    assert re.search(r"up .*\$service &&\s+.*exec -T nginx nginx -s reload", body)
