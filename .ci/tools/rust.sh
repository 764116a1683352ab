# A Rust compiler that has the wasm32-wasip1 library, made of packages alone: Debian's rustc and its own std source,
# built once into a sysroot of ours. `bin/rustc` there is Debian's with that sysroot; other Rust installations are not changed.
apt_get rustc-web cargo-web rust-web-src lld-19 wasi-libc
version=$(/usr/bin/rustc -V | cut -d' ' -f2)
home="$WASME_TOOLS/rust-$version"
if [ ! -x "$home/bin/rustc" ]; then
  rm -rf "$home.part" "$home.build"
  mkdir -p "$home.build/src" "$home.part/bin"
  host=$(/usr/bin/rustc -vV | sed -n 's/^host: //p')
  rustlib="$home.part/lib/rustlib"
  printf '[package]\nname = "sysroot"\nversion = "0.0.0"\nedition = "2021"\n[lib]\n[profile.release]\nstrip = "debuginfo"\n' >"$home.build/Cargo.toml"
  printf '#![no_std]\n' >"$home.build/src/lib.rs"
  # Without embedded bitcode a filter with `lto = true` fails to link.
  (cd "$home.build" && RUSTC=/usr/bin/rustc RUSTC_BOOTSTRAP=1 RUSTFLAGS=-Cembed-bitcode=yes CARGO_TARGET_DIR=target \
    quietly /usr/bin/cargo build --release --target wasm32-wasip1 -Zbuild-std=std,panic_abort)
  mkdir -p "$rustlib/wasm32-wasip1/lib/self-contained" "$rustlib/$host/bin"
  cp "$home.build"/target/wasm32-wasip1/release/deps/*.rlib "$rustlib/wasm32-wasip1/lib/"
  rm -f "$rustlib"/wasm32-wasip1/lib/libsysroot-*.rlib
  cp /usr/lib/wasm32-wasi/{libc.a,crt1-command.o,crt1-reactor.o} "$rustlib/wasm32-wasip1/lib/self-contained/"
  ln -s "$(/usr/bin/rustc --print sysroot)/lib/rustlib/$host/lib" "$rustlib/$host/lib"
  ln -s /usr/bin/lld-19 "$rustlib/$host/bin/rust-lld"
  printf '#!/bin/sh\nexec /usr/bin/rustc --sysroot "%s" "$@"\n' "$home" >"$home.part/bin/rustc"
  printf '#!/bin/sh\nRUSTC="%s/bin/rustc" exec /usr/bin/cargo "$@"\n' "$home" >"$home.part/bin/cargo"
  chmod +x "$home.part/bin/rustc" "$home.part/bin/cargo"
  rm -rf "$home" "$home.build" && mv "$home.part" "$home"
fi
ln -sfn "rust-$version" "$WASME_TOOLS/rust"
