# Shells whose completion scripts are tried.
apt_get zsh fish
