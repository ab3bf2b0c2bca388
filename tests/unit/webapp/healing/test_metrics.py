from webapp.healing.metrics import ShardCollector


def test_what_is_told_of_shards_is_described_without_a_database():
    names = {metric.name for metric in ShardCollector().describe()}

    assert names == {
        "shoebox_shard_state",
        "shoebox_shard_full",
        "shoebox_shard_used_ratio",
        "shoebox_shard_reachable",
        "shoebox_notes_waiting",
    }
