/** Cluster names → connection pools. A pool is made when its cluster is first used. */
import { lookup } from 'node:dns';
import { isIP } from 'node:net';
import type { Endpoint } from '../../io/http/endpoint.ts';
import { Http1Pool } from '../http1/client-pool.ts';
import { Http2Pool } from '../http2/client-pool.ts';
import type { Upstream } from '../streams.ts';

export interface UpstreamClusterOptions {
  readonly trailers: boolean;
  /** Envoy before 1.38 shows the `keep-alive` response header to filters; default false. */
  readonly keepAliveShown?: boolean;
  readonly connectTimeoutMs: number;
  /** More certificate authorities, PEM. */
  readonly ca?: string | undefined;
}

export class Clusters {
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  readonly #options: UpstreamClusterOptions;
  readonly #pools = new Map<string, Upstream>();
  readonly #grpcPools = new Map<string, Upstream>();
  /** Clusters whose name has no address. */
  readonly #unhealthy = new Set<string>();

  constructor(endpoints: ReadonlyMap<string, Endpoint>, options: UpstreamClusterOptions) {
    this.#endpoints = endpoints;
    this.#options = options;
    for (const [name, { host }] of endpoints) {
      if (isIP(host) !== 0) continue;
      lookup(host, error => {
        if (error !== null) this.#unhealthy.add(name);
      });
    }
  }

  get names(): string[] {
    return [...this.#endpoints.keys()];
  }

  endpoint(name: string): Endpoint | undefined {
    return this.#endpoints.get(name);
  }

  get(name: string): Upstream | undefined {
    const known = this.#pools.get(name);
    if (known !== undefined) return known;
    const endpoint = this.#endpoints.get(name);
    if (endpoint === undefined) return undefined;
    const pool = this.#connect(endpoint);
    this.#pools.set(name, pool);
    return pool;
  }

  /** For gRPC, which is HTTP/2 whatever the cluster's URL says. */
  http2(name: string): Upstream | undefined {
    const endpoint = this.#endpoints.get(name);
    if (endpoint === undefined || endpoint.http2) return this.get(name);
    let pool = this.#grpcPools.get(name);
    if (pool === undefined) {
      pool = this.#connect({ ...endpoint, http2: true });
      this.#grpcPools.set(name, pool);
    }
    return pool;
  }

  /** False for a cluster whose host name could not be resolved. */
  healthy(name: string): boolean {
    return this.#endpoints.has(name) && !this.#unhealthy.has(name);
  }

  close(): void {
    for (const pool of this.#pools.values()) pool.close();
    for (const pool of this.#grpcPools.values()) pool.close();
  }

  #connect(endpoint: Endpoint): Upstream {
    const { host, port } = endpoint;
    const { ca, trailers, connectTimeoutMs, keepAliveShown = false } = this.#options;
    const tls = {
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
    };
    const target = { host, port, ...(endpoint.tls ? { tls } : {}) };
    return endpoint.http2
      ? new Http2Pool(target, connectTimeoutMs)
      : new Http1Pool(target, { trailers, connectTimeoutMs, keepAliveShown });
  }
}
