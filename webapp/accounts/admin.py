"""Users and their tokens."""

from typing import TYPE_CHECKING, Any

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from webapp.accounts.invitations import invitation_create, invitation_link, invitation_revoke
from webapp.accounts.models import Invitation, Scope, Token, User
from webapp.accounts.principal import is_staff
from webapp.accounts.services import password_note, pool_check, token_make, token_revoke
from webapp.audit.actions import Action
from webapp.audit.services import audit_add
from webapp.core.errors import NotFoundError
from webapp.outbox.admin_base import ThemedAdmin, act_on_all

if TYPE_CHECKING:  # see ThemedAdmin
    ThemedUserAdmin = UserAdmin[User]
    ThemedGroupAdmin = GroupAdmin
    TokenModelForm = forms.ModelForm[Token]
    InvitationModelForm = forms.ModelForm[Invitation]
    UserModelForm = forms.ModelForm[User]
else:
    TokenModelForm = InvitationModelForm = forms.ModelForm
    UserModelForm = UserChangeForm

    class ThemedUserAdmin(UserAdmin, ThemedAdmin):
        """Django's admin of users in our theme."""

    class ThemedGroupAdmin(GroupAdmin, ThemedAdmin):
        """Django's admin of groups in our theme."""


class UserForm(UserModelForm):
    """A user as staff change them."""

    def clean_pool(self) -> str:
        """Refuse a pool that is none: all their uploads would be."""
        pool = str(self.cleaned_data["pool"])
        try:
            pool_check(pool)
        except NotFoundError as error:
            raise forms.ValidationError(error.detail) from None
        return pool


RIGHTS = ("is_staff", "is_superuser", "groups")

admin.site.unregister(Group)


@admin.register(Group)
class ShoeboxGroupAdmin(ThemedGroupAdmin):
    """Groups of staff, with what they may do in here."""


@admin.register(User)
class ShoeboxUserAdmin(ThemedUserAdmin):
    """Users. None is deleted: their images carry their id; take `active` away instead."""

    form = UserForm
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

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Leave other staff, and whoever may do more, to superusers."""
        free = obj is None or obj == request.user or not (obj.is_staff or obj.is_superuser)
        if not (free or request.user.is_superuser):
            return False
        return super().has_change_permission(request, obj)

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        """Have superusers alone say what somebody may do."""
        fields = super().get_readonly_fields(request, obj)
        return fields if request.user.is_superuser else (*fields, *RIGHTS)

    def save_model(
        self, request: HttpRequest, obj: User, form: Any, change: Any, *_args: Any
    ) -> None:
        """Save, and write down what was changed."""
        names = sorted(form.changed_data) if change else ["new"]
        action = Action.USER_CHANGE if change else Action.USER_ADD
        with transaction.atomic():
            super().save_model(request, obj, form, change)
            audit_add(action=action, subject=obj.username, details=_told(obj, names))
            if set(RIGHTS) & set(names):
                # A link that was made for who could do less lets in who can do more.
                for invitation in Invitation.objects.waiting().filter(user=obj):
                    invitation_revoke(invitation_id=invitation.pk)

    def log_change(self, request: HttpRequest, obj: User, message: Any) -> Any:
        """Write down new passwords, too, which are saved without ``save_model``."""
        if "password" in str(message).lower():
            password_note(user=obj)
        return super().log_change(request, obj, message)


def _told(user: User, names: list[str]) -> dict[str, Any]:
    shown = ("is_active", "is_staff", "is_superuser", "pool", "quota_bytes", "quota_images")
    return {"changed": names, **{name: getattr(user, name) for name in shown if name in names}}


class InvitationForm(InvitationModelForm):
    """A new invitation."""

    class Meta:
        model = Invitation
        fields = ("email", "user")

    def clean(self) -> dict[str, Any]:
        """Refuse what the service would refuse, where people see it."""
        values = super().clean() or {}
        if bool(values.get("email")) == bool(values.get("user")) and not self.errors:
            raise forms.ValidationError("Give an address, or a user who has an account.")
        email = values.get("email")
        if email and User.objects.filter(email__iexact=email).exists():
            self.add_error("email", "Somebody has this address; choose them as the user.")
        return values


class _LettingIn(ThemedAdmin):
    """What lets in the user it is for."""

    def formfield_for_foreignkey(self, db_field: Any, request: Any, **kwargs: Any) -> Any:
        """Offer superusers everybody, and other staff nobody who may do more than they do."""
        if db_field.name == "user" and not request.user.is_superuser:
            others = User.objects.filter(is_staff=False, is_superuser=False)
            kwargs["queryset"] = others | User.objects.filter(pk=request.user.pk)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)


@admin.register(Invitation)
class InvitationAdmin(_LettingIn):
    """Invitations. The link is shown once, after adding; nobody can see it again."""

    form = InvitationForm
    list_display = ("__str__", "user", "state", "made_by", "created_at", "expires_at")
    list_select_related = ("user",)
    search_fields = ("=email", "=user__username")
    autocomplete_fields = ("user",)
    actions = ("revoke",)

    def has_change_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Say no: an invitation is revoked and another one made."""
        return False

    def has_delete_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Say no: who was invited stays known."""
        return False

    def save_model(
        self, request: HttpRequest, obj: Invitation, *_args: Any, **_kwargs: Any
    ) -> None:
        """Make the invitation through the service and show its link."""
        invitation, secret = invitation_create(email=obj.email, user=obj.user)
        obj.pk = invitation.pk
        link = invitation_link(secret)
        messages.warning(request, f"The link, shown now and never again: {link}")

    @admin.action(description="Revoke", permissions=["add"])
    def revoke(self, request: HttpRequest, rows: QuerySet[Invitation]) -> None:
        """Take invitations back."""
        act_on_all(request, rows, lambda row: invitation_revoke(invitation_id=row.pk), "revoked")


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
class TokenAdmin(_LettingIn):
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

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Token]) -> None:
        """Revoke each."""
        for token in queryset:
            self.delete_model(request, token)
