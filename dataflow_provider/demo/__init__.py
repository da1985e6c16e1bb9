"""What `dataflow demo` needs: generated telecom data, real flight data, and an Airflow it starts and stops."""
