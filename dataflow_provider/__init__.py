"""DataFlow AI: ETL pipelines as one canonical YAML each, compiled to push-down SQL and run as Airflow Dags."""

__version__ = "0.1.0"
