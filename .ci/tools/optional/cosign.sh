# Real cosign, to compare signatures with it. Costly: about seven minutes of compiling, once per version.
version=2.6.5
home="$WASME_TOOLS/cosign-$version"
if [ ! -x "$home/cosign" ]; then
  mkdir -p "$home"
  GOBIN="$home" GOFLAGS=-mod=mod quietly go install "github.com/sigstore/cosign/v2/cmd/cosign@v$version"
fi
