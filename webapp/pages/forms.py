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
