"""The product's own tables in Airflow's metadata database; tasks never see them."""
