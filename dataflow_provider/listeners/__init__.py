"""What we do when Airflow's scheduler tells that something happened; imported by the plugin, so kept light."""
