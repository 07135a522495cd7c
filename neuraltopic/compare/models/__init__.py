"""The models that a comparison fits: our recipes and the baselines."""
