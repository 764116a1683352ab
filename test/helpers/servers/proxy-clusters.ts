/** Clusters for proxy tests. */
import { Clusters } from '../../../src/proxy/upstream/clusters.ts';

/** One cluster, `upstream`, at a port of this machine. */
export function oneCluster(port: number, http2 = false): Clusters {
  const endpoint = { host: '127.0.0.1', port, tls: false, http2 };
  return new Clusters(new Map([['upstream', endpoint]]), { trailers: true, connectTimeoutMs: 5_000 });
}
