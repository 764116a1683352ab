# Clang with a WASI sysroot and libc++ for C++ filters; cmake for projects that use it.
apt_get clang-19 lld-19 wasi-libc libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 libclang-rt-19-dev-wasm32 \
  clang-format-19 llvm-19 binaryen cmake make g++
# The clang from npm, where `build --toolchain npm` looks if XDG_CACHE_HOME is this folder.
cache="$WASME_TOOLS/npm-clang/wasme/npm"
if [ ! -d "$cache/node_modules/@yowasp/clang" ]; then
  rm -rf "$cache.part" "$cache" && mkdir -p "$cache.part"
  quietly npm install --no-save --prefix "$cache.part" @yowasp/clang@22.0.0-git20542-10
  mv "$cache.part" "$cache"
fi
