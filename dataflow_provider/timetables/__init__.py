"""Timetables that Airflow's scheduler asks when a pipeline runs next."""
