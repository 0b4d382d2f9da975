"""How fast the product is, measured on databases of its own; only `two bench` and its test import this."""

from bot.bench.measuring import Measured, Sizes, as_json, as_table
from bot.bench.run import bench

__all__ = ["Measured", "Sizes", "as_json", "as_table", "bench"]
