"""What each SQL engine can do and how its statements look: one file per engine. Never imports Airflow."""
