"""The API's OpenAPI document, with the messages of the sockets.

`python -m dataflow_provider.api.openapi FILE` writes it; without FILE it is printed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Literal

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from dataflow_provider.api.datamodels import SOCKET_MESSAGES, Problem
from dataflow_provider.api.problems import PROBLEM_JSON

REF = "#/components/schemas/{model}"


def describe_api(api: FastAPI) -> None:
    """`api` answers `/openapi.json` with the whole document: refusals are problems, socket messages have schemas."""

    def openapi() -> dict[str, Any]:
        if api.openapi_schema is None:
            document = get_openapi(
                title=api.title,
                version="v1",
                description=api.description,
                routes=api.routes,
                separate_input_output_schemas=False,
            )
            _add_schemas(document)
            _replace_validation_errors(document)
            api.openapi_schema = document
        return api.openapi_schema

    api.__dict__["openapi"] = openapi


def dump_openapi() -> str:
    """Return the document as the web app's types are generated from it: sorted, one space, a newline at the end."""
    from dataflow_provider.api.app import create_api

    return json.dumps(create_api().openapi(), indent=1, sort_keys=True) + "\n"


def _add_schemas(document: dict[str, Any]) -> None:
    wanted: tuple[type[BaseModel], ...] = (*SOCKET_MESSAGES, Problem)
    models: list[tuple[type[BaseModel], Literal["serialization"]]] = [(model, "serialization") for model in wanted]
    _, schema = models_json_schema(models, ref_template=REF)
    schemas = document["components"]["schemas"]
    for name, definition in schema["$defs"].items():
        schemas.setdefault(name, definition)


def _replace_validation_errors(document: dict[str, Any]) -> None:
    """FastAPI documents its own shape of a 422, which our handlers replace; every route may refuse a caller."""
    problem = {"schema": {"$ref": REF.format(model="Problem")}}
    for operations in document["paths"].values():
        for operation in operations.values():
            responses = operation["responses"]
            for status, meaning in (("401", "Not signed in"), ("403", "Not allowed")):
                responses.setdefault(status, {"description": meaning})
            for status, response in responses.items():
                if status.startswith(("4", "5")):
                    response["content"] = {PROBLEM_JSON: problem}
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)


if __name__ == "__main__":
    text = dump_openapi()
    if len(sys.argv) > 1:
        # Airflow may log to stdout while it is imported; a file holds the document alone.
        Path(sys.argv[1]).write_text(text, encoding="utf-8")
    else:
        sys.stdout.write(text)
