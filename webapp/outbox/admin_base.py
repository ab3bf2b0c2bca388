"""What all our admin pages share: the theme, and rows that only services may write."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from django.contrib import messages
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from webapp.core.errors import ShoeboxError

if TYPE_CHECKING:  # the theme comes without types; its class extends this one
    from django.contrib.admin import ModelAdmin

    ThemedAdmin = ModelAdmin[Any]
else:
    from unfold.admin import ModelAdmin as ThemedAdmin

Row = TypeVar("Row", bound=Model)


class ReadOnlyAdmin(ThemedAdmin):
    """Rows to look at. Services write them, so nothing is added, edited or deleted here."""

    show_full_result_count = False

    def has_add_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Say no."""
        return False

    def has_change_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Say no."""
        return False

    def has_delete_permission(self, *_args: Any, **_kwargs: Any) -> bool:
        """Say no."""
        return False

    def has_operate_permission(self, request: HttpRequest) -> bool:
        """Return whether actions may be taken, which need the model's own change permission."""
        return super().has_change_permission(request)


def act_on_all(
    request: HttpRequest, rows: QuerySet[Row], act: Callable[[Row], Any], done: str
) -> None:
    """Call a service for each row; tell how many were ``done`` and every error in words."""
    count = 0
    for row in rows:
        try:
            act(row)
        except ShoeboxError as error:
            messages.error(request, f"{row}: {error.detail}")
        else:
            count += 1
    if count:
        messages.success(request, f"{count} {done}.")


def labelled(labels: Mapping[str, str]) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Show a column as labels: value → ``success``, ``info``, ``warning`` or ``danger``."""

    def decorate(column: Callable[..., Any]) -> Callable[..., Any]:
        column.label = dict(labels)  # type: ignore[attr-defined]  # what the theme looks for
        return column

    return decorate
