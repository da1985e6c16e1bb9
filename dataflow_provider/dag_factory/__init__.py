"""Pipelines as Airflow Dags: bundles write one stub per YAML, the builder turns each into a Dag.

Doors: `builder.build_dag`, `bundles.LocalPipelineBundle`, `bundles.GitPipelineBundle`, `loading.load_folder`.
"""
