# The Envoy versions between the two that CI tests with, to record in which of them behaviour changed. 1.38.3 comes without V8.
install_envoy 1.37.0 1.38.2 1.39.3
