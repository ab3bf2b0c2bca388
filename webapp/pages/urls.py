"""Addresses of the pages."""

from django.contrib.auth import views as auth
from django.urls import URLPattern, path, register_converter

from webapp.pages.views import account, actions, gallery, image, joining, removal
from webapp.pages.views.password import PasswordView


class ImageIdConverter:
    """An image id in an address; anything else is 404 before a database is asked."""

    regex = "[ps][0-9a-hjkmnp-tv-z]{23}"

    def to_python(self, value: str) -> str:
        """Return the id as text."""
        return value

    def to_url(self, value: str) -> str:
        """Return the id as text."""
        return value


register_converter(ImageIdConverter, "image")

urlpatterns: list[URLPattern] = [
    path("", gallery.gallery, name="gallery"),
    path("tiles", gallery.tiles, name="tiles"),
    path("i/<image:image_id>", image.image_page, name="image"),
    path("i/<image:image_id>/edit", actions.edit, name="image-edit"),
    path("i/<image:image_id>/delete", actions.delete, name="image-delete"),
    path("i/<image:image_id>/restore", actions.restore, name="image-restore"),
    path("i/<image:image_id>/retry", actions.retry, name="image-retry"),
    path("i/<image:image_id>/rekey", actions.rekey, name="image-rekey"),
    path("i/<image:image_id>/remove/<str:secret>", removal.remove, name="remove"),
    path("tokens", account.tokens, name="tokens"),
    path("tokens/sharex", account.sharex, name="sharex"),
    path("tokens/<int:token_id>/revoke", account.revoke, name="token-revoke"),
    path("invitation/<str:secret>", joining.invitation, name="invitation"),
    path("invitations", joining.invitations, name="invitations"),
    path("invitations/<int:invitation_id>/revoke", joining.revoke, name="invitation-revoke"),
    path("sign-up", joining.sign_up, name="sign-up"),
    path(
        "login",
        auth.LoginView.as_view(template_name="pages/login.html", redirect_authenticated_user=True),
        name="login",
    ),
    path("logout", auth.LogoutView.as_view(), name="logout"),
    path("password", PasswordView.as_view(), name="password"),
]
