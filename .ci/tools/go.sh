# Go is part of the machine; what is checked here is that it can build wasip1 libraries (1.24 and later).
version=$(GOTOOLCHAIN=local go env GOVERSION)
minor=${version#go1.} && minor=${minor%%[!0-9]*}
if [ "$minor" -lt 24 ]; then
  echo "go: $version is too old, 1.24 or later is needed" >&2
  exit 1
fi
