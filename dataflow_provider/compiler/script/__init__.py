"""A pipeline as one SQL script that people read and edit, and the edited script as the pipeline file again."""
