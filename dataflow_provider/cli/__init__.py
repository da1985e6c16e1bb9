"""The command line `dataflow …`, also `airflow dataflow …`."""
