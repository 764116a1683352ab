# TinyGo, compiled from its Go module against Debian's LLVM; Debian's C library archives stand in for its submodules.
version=0.41.1
apt_get clang-19 lld-19 llvm-19-dev libclang-19-dev wasi-libc libclang-rt-19-dev-wasm32 binaryen python3
home="$WASME_TOOLS/tinygo-$version"
if [ ! -x "$home/bin/tinygo" ]; then
  rm -rf "$home.part"
  source=$(go_module "github.com/tinygo-org/tinygo@v$version")
  cp -r "$source" "$home.part" && chmod -R u+w "$home.part"
  mkdir -p "$home.part/src/net" "$home.part/bin"
  # The root is baked into the program, so it names the final place.
  (cd "$home.part" && CGO_ENABLED=1 GOTOOLCHAIN=local quietly go build -tags llvm19 \
    -ldflags "-X github.com/tinygo-org/tinygo/goenv.TINYGOROOT=$home" -o bin/tinygo .)
  rm -rf "$home" && mv "$home.part" "$home"
fi
cache=$("$home/bin/tinygo" env GOCACHE)
libc="$cache/wasi-libc-wasm32-unknown-wasi-generic"
runtime="$cache/compiler-rt-wasm32-unknown-wasi-generic"
mkdir -p "$libc" "$runtime"
cp /usr/lib/wasm32-wasi/libc.a "$libc/lib.a"
[ -e "$libc/include" ] || cp -r /usr/include/wasm32-wasi "$libc/include"
cp /usr/lib/llvm-19/lib/clang/19/lib/wasi/libclang_rt.builtins-wasm32.a "$runtime/lib.a"
ln -sfn "tinygo-$version" "$WASME_TOOLS/tinygo"
