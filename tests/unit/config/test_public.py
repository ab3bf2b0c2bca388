import pytest

from config.env import settings as load_settings
from config.public import addresses_finding


def finding(*, profile="cluster", write="https://images.example", read="https://i.example"):
    values = {"profile": profile, "write_url": write, "read_url": read}
    return addresses_finding(load_settings().model_copy(update=values))


def test_https_is_well():
    well, said = finding()
    assert well
    assert "HSTS" in said


@pytest.mark.parametrize("which", ["write", "read"])
def test_http_is_not_well_outside_the_embedded_profile(which):
    well, said = finding(**{which: "http://images.example"})
    assert not well
    assert said.startswith("http://images.example: http")


@pytest.mark.parametrize(
    "values",
    [
        {"profile": "embedded", "write": "http://images.example"},
        {"write": "http://localhost:8000", "read": "http://127.0.0.1:8001"},
    ],
)
def test_http_is_said_where_it_is_enough(values):
    well, said = finding(**values)
    assert well
    assert ": http," in said
