import pytest

from webapp.limits.address import address_key, client_address, networks_parse

PROXIES = networks_parse(["10.0.0.0/8", "192.0.2.7", "fd00::/8"])


def told(peer, forwarded):
    return client_address(peer=peer, forwarded=forwarded, trusted=PROXIES)


def test_without_a_proxy_it_is_who_connected():
    assert told("198.51.100.1", "") == "198.51.100.1"


@pytest.mark.parametrize("forged", ["203.0.113.9", "10.0.0.1", "10.0.0.1, 203.0.113.9", "x", ","])
def test_what_a_client_claims_is_not_believed(forged):
    assert told("198.51.100.1", forged) == "198.51.100.1"


def test_a_trusted_proxy_is_believed():
    assert told("10.0.0.1", "203.0.113.9") == "203.0.113.9"


@pytest.mark.parametrize("forged", ["198.51.100.1", "10.9.9.9", "x", "10.9.9.9, 192.0.2.7"])
def test_what_a_client_claims_before_a_proxy_is_not_believed(forged):
    assert told("10.0.0.1", f"{forged}, 203.0.113.9") == "203.0.113.9"


def test_several_proxies_are_followed_to_the_client():
    assert told("10.0.0.1", "203.0.113.9, 192.0.2.7,10.0.0.2") == "203.0.113.9"


def test_a_chain_that_breaks_off_ends_at_the_last_that_can_be_read():
    assert told("10.0.0.1", "203.0.113.9, nonsense, 10.0.0.2") == "10.0.0.2"


def test_an_address_in_the_other_notation_is_the_same():
    assert told("::ffff:10.0.0.1", "::ffff:203.0.113.9") == "203.0.113.9"


def test_a_connection_without_address_is_taken_as_it_is():
    assert told("", "203.0.113.9") == ""


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("2001:db8:1:2::9", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("", ""),
    ],
)
def test_a_caller_cannot_get_away_by_another_address_of_its_own(address, key):
    assert address_key(address) == key


@pytest.mark.parametrize("word", ["10.0.0.1/8", "everybody", ""])
def test_what_is_no_network_is_refused(word):
    with pytest.raises(ValueError, match=word or "''"):
        networks_parse([word])
