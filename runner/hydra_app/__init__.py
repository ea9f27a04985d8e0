"""What Hydra calls, and how Hydra composes: nothing below this room imports Hydra or OmegaConf."""
