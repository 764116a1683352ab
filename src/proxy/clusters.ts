/** Cluster names → connection pools. A pool is made when its cluster is first used. */
import { isIP } from 'node:net';
import type { Endpoint } from '../io/endpoint.ts';
import { Http1Pool } from './http1/client-pool.ts';
import type { Upstream } from './streams.ts';

export interface ClusterOptions {
  readonly trailers: boolean;
  readonly connectTimeoutMs: number;
  /** More certificate authorities, PEM. */
  readonly ca?: string | undefined;
}

export class Clusters {
  readonly #endpoints: ReadonlyMap<string, Endpoint>;
  readonly #options: ClusterOptions;
  readonly #pools = new Map<string, Upstream>();

  constructor(endpoints: ReadonlyMap<string, Endpoint>, options: ClusterOptions) {
    this.#endpoints = endpoints;
    this.#options = options;
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

  close(): void {
    for (const pool of this.#pools.values()) pool.close();
  }

  #connect(endpoint: Endpoint): Upstream {
    const { host, port } = endpoint;
    const { ca, trailers, connectTimeoutMs } = this.#options;
    const tls = {
      ...(isIP(host) === 0 ? { servername: host } : {}),
      ...(ca === undefined ? {} : { ca }),
    };
    return new Http1Pool({ host, port, ...(endpoint.tls ? { tls } : {}) }, { trailers, connectTimeoutMs });
  }
}
