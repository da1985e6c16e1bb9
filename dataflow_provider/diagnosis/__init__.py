"""Why a run failed and what to do: signatures over logs, confidences over a closed taxonomy, actions; no model."""
