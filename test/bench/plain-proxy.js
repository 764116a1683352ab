// Our proxy without any filter, alone in its process.
import { Clusters } from '../../dist/src/proxy/clusters.js';
import { startProxy } from '../../dist/src/proxy/proxy.js';

const upstream = { host: '127.0.0.1', port: Number(process.argv[2]), tls: false, http2: false };
const proxy = await startProxy({
  host: '127.0.0.1',
  port: 0,
  clusters: new Clusters(new Map([['upstream', upstream]]), { trailers: true, connectTimeoutMs: 5_000 }),
  routes: [{ prefix: '/', cluster: 'upstream', timeoutMs: 15_000 }],
});
process.stdout.write(`${proxy.port}\n`);
