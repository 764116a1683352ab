# func-e, which downloads Envoys and starts them; the tests give it an installed one. Built from its Go module.
func_e_version=1.6.0
if [ ! -x "$WASME_TOOLS/func-e-$func_e_version/func-e" ]; then
  rm -rf "$WASME_TOOLS/func-e.part" && mkdir -p "$WASME_TOOLS/func-e.part"
  GOBIN="$WASME_TOOLS/func-e.part" GOTOOLCHAIN=local GOFLAGS="-mod=mod -buildvcs=false" CGO_ENABLED=0 \
    quietly go install -trimpath "github.com/tetratelabs/func-e/cmd/func-e@v$func_e_version"
  mv "$WASME_TOOLS/func-e.part" "$WASME_TOOLS/func-e-$func_e_version"
fi
