# A real browser, to test the library `wasme/host` in it.
apt_get chromium
