"""The web door: REST API, live sockets and the built web app, mounted by the plugin under `/dataflow`."""
