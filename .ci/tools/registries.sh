# A real registry and a second client for images.
apt_get docker-registry skopeo apache2-utils openssl
