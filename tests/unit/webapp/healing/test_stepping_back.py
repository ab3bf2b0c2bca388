import os

from webapp.healing.stepping_back import NICE, SteppingBack


class Command(SteppingBack):
    requires_system_checks = ()

    def handle(self, *_args, **_options):
        """Do nothing."""


def priority_in_child(run):
    """Return what a process of its own says of its priority; ours stays as it is."""
    read, write = os.pipe()
    if os.fork() == 0:
        run()
        os.write(write, str(os.getpriority(os.PRIO_PROCESS, 0)).encode())
        os._exit(0)
    os.wait()
    return int(os.read(read, 10))


def test_a_command_called_by_its_name_steps_back():
    before = os.getpriority(os.PRIO_PROCESS, 0)
    called = priority_in_child(lambda: Command().run_from_argv(["manage.py", "command"]))
    assert called == min(before + NICE, 19)
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
