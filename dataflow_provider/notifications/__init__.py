"""Messages to people by email, Slack and PagerDuty, through Airflow's official providers and its connections."""
