"""A new password."""

from typing import cast

from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.db import transaction
from django.http import HttpResponse

from webapp.accounts.models import User
from webapp.accounts.services import password_note


class PasswordView(PasswordChangeView):
    """Changes the password of who signed in; it ends their sessions on other machines."""

    template_name = "pages/password.html"
    success_url = "/"

    def form_valid(self, form: PasswordChangeForm) -> HttpResponse:
        """Change it, and write down that it was."""
        with transaction.atomic():
            password_note(user=cast("User", self.request.user))
            return super().form_valid(form)
