"""Config to plan to runs to Parquet: the side of breakeven that measures."""
