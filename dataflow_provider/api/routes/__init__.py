"""One file per noun of the API; each route declares the right it asks for."""
