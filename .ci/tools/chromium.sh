# A real browser for the host's library door.
apt_get chromium
