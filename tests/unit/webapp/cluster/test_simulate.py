"""`manage.py simulate`: what it is told."""

import pytest
from django.core.management import CommandError, call_command


@pytest.mark.parametrize("option", ["--detect-hours", "--settle-seconds"])
@pytest.mark.parametrize("value", ["1e30", "nan", "-1"])
def test_a_time_that_is_none_is_named(option, value):
    with pytest.raises(CommandError, match=f"'{value}' is not a number of"):
        call_command("simulate", f"{option}={value}", "--partitions=16")
