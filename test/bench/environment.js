// What a measured process starts with. NODE_EXTRA_CA_CERTS makes every start of Node read certificates, some 30 ms that are
// neither side's, so it goes; `network` keeps it for what needs the registries of packages.
export const network = { ...process.env };
delete process.env.NODE_EXTRA_CA_CERTS;
