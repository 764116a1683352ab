# Clang with a WASI sysroot and libc++ for C++ filters; cmake for those who build with it.
apt_get clang-19 lld-19 wasi-libc libc++-19-dev-wasm32 libc++abi-19-dev-wasm32 libclang-rt-19-dev-wasm32 \
  clang-format-19 cmake make
