# Go must be installed; this checks that it can build wasip1 libraries (1.24 and later).
version=$(GOTOOLCHAIN=local go env GOVERSION)
minor=${version#go1.} && minor=${minor%%[!0-9]*}
if [ "$minor" -lt 24 ]; then
  echo "go: $version is too old, 1.24 or later is needed" >&2
  exit 1
fi
# Downloads what the templates import into Go's cache, with retries, which the go command does not do.
modules="$WASME_TOOLS/go-modules.part"
rm -rf "$modules" && mkdir "$modules"
sed 's/{{name}}/filter/' ../../templates/go/go.mod >"$modules/go.mod"
cp ../../templates/go/go.sum "$modules"
(cd "$modules" && GOTOOLCHAIN=local quietly go mod download)
rm -rf "$modules"
