"""Users and their tokens."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.http import HttpRequest
from django.utils import timezone
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from webapp.accounts.models import Scope, Token, User
from webapp.accounts.principal import is_staff
from webapp.accounts.services import token_make, token_revoke
from webapp.outbox.admin_base import ThemedAdmin

if TYPE_CHECKING:  # see ThemedAdmin
    ThemedUserAdmin = UserAdmin[User]
    ThemedGroupAdmin = GroupAdmin
    TokenModelForm = forms.ModelForm[Token]
else:
    TokenModelForm = forms.ModelForm

    class ThemedUserAdmin(UserAdmin, ThemedAdmin):
        """Django's admin of users in our theme."""

    class ThemedGroupAdmin(GroupAdmin, ThemedAdmin):
        """Django's admin of groups in our theme."""


admin.site.unregister(Group)


@admin.register(Group)
class ShoeboxGroupAdmin(ThemedGroupAdmin):
    """Groups of staff, with what they may do in here."""


@admin.register(User)
class ShoeboxUserAdmin(ThemedUserAdmin):
    """Users. None is deleted: their images carry their id; take `active` away instead."""

    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "email", "pool", "is_active", "is_staff", "last_login")
    list_filter = ("is_active", "is_staff", "pool")
    fieldsets = (
        (None, {"fields": ["username", "password"]}),
        ("Person", {"fields": ["first_name", "last_name", "email"]}),
        ("Images", {"fields": ["pool", "quota_bytes", "quota_images"]}),
        ("May", {"fields": ["is_active", "is_staff", "is_superuser", "groups"]}),
        ("Dates", {"fields": ["last_login", "date_joined"]}),
    )
    readonly_fields = ("last_login", "date_joined")

    def has_delete_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Say no."""
        return False


class TokenForm(TokenModelForm):
    """A new token."""

    scopes = forms.MultipleChoiceField(
        choices=[(scope.value, scope.value) for scope in Scope],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )

    class Meta:
        model = Token
        fields = ("user", "name", "scopes", "expires_at")

    def clean(self) -> dict[str, Any]:
        """Refuse what the service would refuse, where people see it."""
        values = super().clean() or {}
        user, expires_at = values.get("user"), values.get("expires_at")
        if Scope.ADMIN in values.get("scopes", []) and user and not is_staff(user):
            self.add_error("scopes", f"{user} is not staff; no token makes them so.")
        if expires_at and expires_at <= timezone.now():
            self.add_error("expires_at", "It would be over at once.")
        return values


@admin.register(Token)
class TokenAdmin(ThemedAdmin):
    """Tokens. A secret is shown once, after adding; nobody can see it again."""

    form = TokenForm
    list_display = ("name", "user", "hint", "scopes", "expires_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("name", "=user__username")
    autocomplete_fields = ("user",)

    def has_change_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Say no: a token is revoked and another one made."""
        return False

    def save_model(
        self, request: HttpRequest, obj: Token, form: Any, *_args: Any, **_kwargs: Any
    ) -> None:
        """Make the token through the service and show its secret."""
        token, secret = token_make(
            user=obj.user,
            name=obj.name,
            scopes=[Scope(scope) for scope in form.cleaned_data["scopes"]],
            expires_at=obj.expires_at,
        )
        obj.pk = token.pk
        messages.warning(request, f"The token, shown now and never again: {secret}")

    def delete_model(self, request: HttpRequest, obj: Token) -> None:  # noqa: ARG002 - Django's
        """Revoke it."""
        token_revoke(token_id=obj.pk)
