"""What can go wrong for the command, by what helps.

ClientError
├── UsageError    other words on the command line, or another set-up
├── RefusedError  nothing: the server does not take this file
├── AgainError    trying again, now or later
└── StoppedError  nothing went wrong: a person stopped it
"""


class ClientError(Exception):
    """Base of all errors of the command; its text is one sentence for a person."""


class UsageError(ClientError):
    """The command cannot begin like this."""


class RefusedError(ClientError):
    """The server does not take a request; the same one is refused again.

    Args:
        detail: What the server says.
        status: Of its answer; 0 when it was not asked.
        code: The stable code of the failure; empty when it names none.
    """

    def __init__(self, detail: str, *, status: int = 0, code: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.code = code


class AgainError(ClientError):
    """The same request may succeed later.

    Args:
        detail: What happened.
        retry_after: Seconds the server asked to wait; 0 when it named none.
        code: As of ``RefusedError``.
    """

    def __init__(self, detail: str, *, retry_after: float = 0, code: str = "") -> None:
        super().__init__(detail)
        self.retry_after = retry_after
        self.code = code


class StoppedError(ClientError):
    """A person stopped the command."""
