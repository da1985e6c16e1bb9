"""Bodies of diagnoses and fixes."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from dataflow_provider.api.datamodels import Body
from dataflow_provider.diagnosis.opinion import CauseName


class DiagnosisAction(Body):
    """Something to do about a failure."""

    number: int = Field(description="From 1, by which a fix names it")
    title: str
    confidence: float = Field(description="That it helps, 0 to 1")
    kind: str
    effort: Literal["low", "medium", "high"]
    risk: Literal["low", "medium", "high"]
    patch: str | None = Field(description="Unified diff of the pipeline's file; null when it is none")


class Suspicion(Body):
    """A cause and its probability."""

    root_cause: str
    confidence: float


class ModelUse(Body):
    """What asking a model took."""

    name: str
    outcome: Literal["answered", "kept", "failed"] = Field(description="`kept`: it was asked the same before")
    seconds: float
    input_tokens: int
    output_tokens: int
    cost: float | None = Field(description="US dollars; null when the model's price is not known")


class Attempted(Body):
    """Which try of which stage of which run."""

    run: str
    stage: str
    number: int


class SimilarFailure(Body):
    """An earlier failure with the same cause."""

    at: str
    attempt: Attempted
    node: str | None
    root_cause: str
    confidence: float
    fixed_by: str | None = Field(description="What mended it: what somebody said, else what the records tell")


class ChangedRows(Body):
    """A node whose rows differ from those of the last run that finished."""

    node: str
    before: int
    now: int


class FailureHistory(Body):
    """How the pipeline went before the failure."""

    last_success: str | None = Field(description="Run id; null when no run ever finished")
    last_success_at: str | None
    failures_since: int
    change: str | None = Field(description="Diff of the pipeline's text since then; empty: none, null: a text is lost")
    rows: list[ChangedRows]


class FailureContext(Body):
    """What stands around a failure."""

    pipeline: str
    node: str | None
    node_type: str | None
    stage: str | None
    connection: str | None
    sql: str | None
    targets: list[str] = Field(description="Nodes that now lack their rows")
    pipelines: list[str] = Field(description="Pipelines that read what those write")
    similar: list[SimilarFailure]
    history: FailureHistory | None = None


class Cause(Body):
    """One of the closed list of causes."""

    name: str
    meaning: str


class OwnFeedback(Body):
    """What the caller has said of a diagnosis."""

    verdict: Literal["helpful", "wrong"]
    true_cause: str | None
    fixed_by: str | None
    given_at: datetime


class FeedbackSum(Body):
    """What users have said of a diagnosis."""

    helpful: int
    wrong: int
    own: OwnFeedback | None


class GiveFeedback(Body):
    """What the caller thinks of a diagnosis; it replaces what they said before."""

    verdict: Literal["helpful", "wrong"]
    true_cause: CauseName | None = Field(None, description="What it really was; only with `wrong`")
    fixed_by: Annotated[str, Field(min_length=1, max_length=500)] | None = Field(
        None, description="What mended it, in a few words; shown with similar failures"
    )


class StageDiagnosis(Body):
    """Why a try of a stage failed, and what to do."""

    summary: str
    root_cause: str = Field(description="One of a closed list; `unknown` when the log supports none")
    confidence: float
    node: str | None
    evidence: list[str] = Field(description="Lines of the log, word for word")
    actions: list[DiagnosisAction]
    ranked: list[Suspicion]
    context: FailureContext | None = Field(description="Null when the pipeline's text is lost")
    explanation: str | None = Field(description="A model's words, where one was asked and cited real lines")
    by: Literal["signatures", "model"]
    notes: list[str]
    model: ModelUse | None = Field(description="The model that was asked; null when none was")
    model_connection: str | None = Field(description="The model that this installation asks; null when it has none")
    feedback: FeedbackSum | None = Field(description="Null for a diagnosis that is not kept")
    made_at: datetime | None = Field(
        description="When it was made and kept; null for one that is made now and not kept"
    )
    ran_text: bool | None = Field(
        description="Whether the newest text is the one that ran; null when this is not known"
    )
    text_hash: str = Field(description="Of the pipeline's newest text, which patches are for; a fix sends it back")


class AskModel(Body):
    """Whom to ask for a second opinion."""

    model: Annotated[str, Field(min_length=1, max_length=250)] | None = Field(
        None, description="Connection of a model; without one the signatures alone"
    )


class ApplyFix(Body):
    """A fix that a person has chosen."""

    run_id: str
    stage_id: str
    try_number: Annotated[int, Field(ge=1)] = 1
    action: Annotated[int, Field(ge=1, description="Number of the action whose patch is applied")]
    text_hash: str = Field(description="As the diagnosis gave it")


class AppliedFix(Body):
    """What was written."""

    pipeline: str
    patch: str
    text_hash: str = Field(description="Of the text that the file holds now")
