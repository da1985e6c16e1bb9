"""Refusals as the API speaks them: RFC 9457 with our code and a next step, never a stack trace."""

from __future__ import annotations

import logging

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException as StarletteHTTPException

from dataflow_provider.api.datamodels import Problem
from dataflow_provider.errors import AuthorError, DataflowError, TransientError

logger = logging.getLogger(__name__)

_TITLES = {
    400: "Bad request",
    401: "Not signed in",
    403: "Not allowed",
    404: "Not found",
    405: "Method not allowed",
    409: "Conflict",
    415: "Unsupported media type",
    422: "Invalid request",
    500: "Internal error",
    502: "Airflow refused",
    503: "Not available now",
}
PROBLEM_JSON = "application/problem+json"


class ProblemError(HTTPException):
    """A refusal with a code; raise it in routes, dependencies and sockets."""

    def __init__(self, status: int, code: str, detail: str, hint: str | None = None) -> None:
        super().__init__(status, detail)
        self.code = code
        self.hint = hint


def problem_response(status: int, code: str, detail: str, hint: str | None = None) -> JSONResponse:
    """Return the refusal as an RFC 9457 body."""
    problem = Problem(title=_TITLES.get(status, "Error"), status=status, detail=detail, code=code, hint=hint)
    return JSONResponse(problem.model_dump(), status_code=status, media_type=PROBLEM_JSON)


def _on_problem(_request: Request, error: ProblemError) -> JSONResponse:
    return problem_response(error.status_code, error.code, str(error.detail), error.hint)


def _on_http_error(_request: Request, error: StarletteHTTPException) -> JSONResponse:
    return problem_response(error.status_code, f"DF-API-{error.status_code}", str(error.detail))


def _on_invalid_request(_request: Request, error: RequestValidationError) -> JSONResponse:
    parts = []
    for item in error.errors():
        place = ".".join(str(step) for step in item["loc"][1:]) or str(item["loc"][0])
        parts.append(f"`{place}`: {item['msg']}")
    return problem_response(
        422, "DF-API-422", "; ".join(parts), "See the API's schema at `/dataflow/api/v1/openapi.json`."
    )


def _on_dataflow_error(_request: Request, error: DataflowError) -> JSONResponse:
    if isinstance(error, AuthorError):
        return problem_response(422, error.code, error.message, error.hint)
    logger.error("request failed code=%s", error.code, exc_info=error)
    status = 503 if isinstance(error, TransientError) else 500
    return problem_response(status, error.code, error.message, error.hint)


def _on_unexpected(request: Request, error: Exception) -> JSONResponse:
    logger.error("unexpected error method=%s path=%s", request.method, request.url.path, exc_info=error)
    return problem_response(
        500, "DF-API-500", "The server could not answer this request.", "The server's log holds the cause."
    )


def install_problem_handlers(app: FastAPI) -> None:
    """Make every refusal of `app` a problem body."""
    app.exception_handler(ProblemError)(_on_problem)
    app.exception_handler(StarletteHTTPException)(_on_http_error)
    app.exception_handler(RequestValidationError)(_on_invalid_request)
    app.exception_handler(DataflowError)(_on_dataflow_error)
    app.exception_handler(Exception)(_on_unexpected)
