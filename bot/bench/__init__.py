"""How fast the product is, measured on databases of its own; only `two bench` and its tests import what is in here."""
