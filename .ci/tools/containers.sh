# podman, for `build --toolchain container`. runc, because crun refuses machines with both versions of control groups.
apt_get podman runc
