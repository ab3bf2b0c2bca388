"""One store is added twice: it is refused, and nobody ever takes it for two."""


def test_a_store_that_is_a_shard_already_is_refused(system):
    keys = {
        name.replace("_S1_", "_TWICE_"): value
        for name, value in system.environment.items()
        if name.startswith("SHOEBOX_SHARD_S1_")
    }
    url = system.shard_url("s1")
    said = system.manage("shard", "add", "twice", url, "--zone", "z9", status=1, **keys)
    assert "is shard 's1' already" in said
    assert "twice" not in system.manage("shard", "list")
