# Shells in which the completion scripts are tested.
apt_get zsh fish
