/** Our proxy without any filter, alone in its process: node plain-proxy.mjs <port of the upstream>. */
import { Clusters } from '../../src/proxy/upstream/clusters.ts';
import { startProxy } from '../../src/proxy/proxy.ts';

const upstream = { host: '127.0.0.1', port: Number(process.argv[2]), tls: false, http2: false };
const proxy = await startProxy({
  host: '127.0.0.1',
  port: 0,
  clusters: new Clusters(new Map([['upstream', upstream]]), { trailers: true, connectTimeoutMs: 5_000 }),
  routes: [{ prefix: '/', cluster: 'upstream', timeoutMs: 15_000 }],
});
process.stdout.write(`${proxy.port}\n`);
