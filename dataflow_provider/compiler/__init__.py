"""Pipeline → graph → stages → SQL. `graph` and `plan` run at Dag-parse time and never import sqlglot."""
