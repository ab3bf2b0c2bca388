"""The API: all calls, and the document that describes them."""

from copy import deepcopy
from typing import Any

from ninja import NinjaAPI, Swagger
from ninja.errors import ValidationError, ValidationErrorContext
from ninja.openapi.schema import REF_TEMPLATE, OpenAPISchema
from ninja.operation import Operation

from webapp.accounts.models import Scope
from webapp.api import imports, me, uploads
from webapp.api.auth import needs
from webapp.api.beside import PATHS
from webapp.api.problems import handlers_install
from webapp.api.refusals import refusals_of
from webapp.api.schemas import Problem

DESCRIPTION = """
Upload pictures, list, change and delete them. Send `Authorization: Bearer TOKEN`; scopes are
`upload`, `read`, `delete`, `admin`. Errors are `application/problem+json` with a stable `code`.
Pictures themselves are read from the read service, by the links in each answer.
"""


class ShoeboxAPI(NinjaAPI):
    """NinjaAPI whose document says of every call how it may fail, and knows the calls beside it."""

    def get_openapi_schema(self, **kwargs: Any) -> OpenAPISchema:
        """Return the OpenAPI document."""
        document = super().get_openapi_schema(**kwargs)
        schemas = document["components"]["schemas"]
        schemas["Problem"] = Problem.model_json_schema(ref_template=REF_TEMPLATE)
        for path in document["paths"].values():
            for operation in path.values():
                operation["summary"] = operation["description"].partition("\n")[0]
                operation["responses"] |= refusals_of(operation["operationId"])
        document["paths"] |= deepcopy(dict(PATHS))
        return document

    def validation_error_from_error_contexts(
        self, error_contexts: list[ValidationErrorContext[Any]]
    ) -> ValidationError:
        """Return what was wrong with each value, beside the value, which the framework drops."""
        error = super().validation_error_from_error_contexts(error_contexts)
        said = (
            one
            for context in error_contexts
            for one in context.pydantic_validation_error.errors(include_url=False)
        )
        for item, one in zip(error.errors, said, strict=True):
            item["input"] = one["input"]
        return error

    def get_openapi_operation_id(self, operation: Operation) -> str:
        """Return what generated clients call an operation: the name of its function."""
        return operation.view_func.__name__


api = ShoeboxAPI(
    title="Shoebox",
    version="1",
    description=DESCRIPTION,
    urls_namespace="api",
    auth=needs(Scope.READ),
    docs=Swagger({"validatorUrl": None, "persistAuthorization": False}),
)
handlers_install(api)
for room in (uploads, imports, me):
    api.add_router("", room.router)
