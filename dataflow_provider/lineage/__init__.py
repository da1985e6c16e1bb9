"""Which columns a column comes from, in one pipeline and across a project. Never imports Airflow."""
