"""What people fill in."""

from typing import Any

from django import forms

from webapp.accounts.models import Scope, User

LIFETIMES = {"30": "30 days", "365": "A year", "": "No end"}
SCOPES = {
    Scope.UPLOAD: "Upload: add pictures",
    Scope.READ: "Read: list pictures and get their links",
    Scope.DELETE: "Delete: delete and restore pictures",
    Scope.ADMIN: "Admin: everything, also other people's pictures",
}


class TokenForm(forms.Form):
    """A new token; only staff may make one that may do everything."""

    name = forms.CharField(max_length=100, label="What will use it?")
    scopes = forms.MultipleChoiceField(
        widget=forms.CheckboxSelectMultiple, initial=[Scope.UPLOAD, Scope.READ], label="It may"
    )
    days = forms.ChoiceField(choices=list(LIFETIMES.items()), required=False, label="Ends after")

    def __init__(self, data: Any = None, *, user: User) -> None:
        super().__init__(data)
        offered = [scope for scope in Scope if scope is not Scope.ADMIN or user.is_staff]
        choices = [(scope.value, SCOPES[scope]) for scope in offered]
        self.fields["scopes"].choices = choices  # type: ignore[attr-defined]  # of this field's kind


class JoinForm(forms.Form):
    """Name and password of who joins; the name is there already when somebody comes back.

    Args:
        data: As it was sent.
        known: Name of who comes back; empty for somebody new.
    """

    name = forms.CharField(max_length=150, label="Name to sign in with")
    password = forms.CharField(widget=forms.PasswordInput, label="Password")
    again = forms.CharField(widget=forms.PasswordInput, label="The same password again")

    def __init__(self, data: Any = None, *, known: str = "") -> None:
        super().__init__(data)
        hints = {"name": "username", "password": "new-password", "again": "new-password"}
        for name, hint in hints.items():
            self.fields[name].widget.attrs |= {"autocomplete": hint}
        self.fields["name"].widget.attrs |= {"autocapitalize": "none"}
        if known:
            del self.fields["name"]

    def clean(self) -> dict[str, Any]:
        """Refuse two passwords that differ; what a password must be, the service says."""
        values = super().clean() or {}
        if values.get("password") != values.get("again"):
            self.add_error("again", "The two differ.")
        return values


class InviteForm(forms.Form):
    """Whom to invite."""

    email = forms.EmailField(max_length=254, label="E-mail address of who is invited")
