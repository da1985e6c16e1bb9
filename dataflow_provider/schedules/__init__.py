"""When pipelines run, in pure calendar: ticks of a cron in a zone, business days, and the intervals between runs."""
