# Other clients of image registries, and a registry with the OCI 1.1 referrers API: small programs over their Go libraries.
oras_version=2.6.4
crane_version=0.22.1
home="$WASME_TOOLS/oci-clients-$oras_version-$crane_version"
sources=../../test/fixtures/oci-clients
if [ ! -x "$home/bin/crane" ] || ! diff -rq "$sources" "$home/source" >/dev/null 2>&1; then
  rm -rf "$home.part" && mkdir -p "$home.part/bin" "$home.part/build"
  cp -r "$sources" "$home.part/source"
  cp -r "$sources"/* "$home.part/build"
  (
    cd "$home.part/build"
    export GOTOOLCHAIN=local GOFLAGS="-mod=mod -buildvcs=false" CGO_ENABLED=0
    quietly go mod init oci-clients
    quietly go get "oras.land/oras-go/v2@v$oras_version" "github.com/google/go-containerregistry@v$crane_version"
    quietly go build -trimpath -o ../bin/oras ./oras
    quietly go build -trimpath -o ../bin/registry ./registry
    GOBIN="$home.part/bin" quietly go install -trimpath "github.com/google/go-containerregistry/cmd/crane@v$crane_version"
  )
  rm -rf "$home" "$home.part/build" && mv "$home.part" "$home"
fi
