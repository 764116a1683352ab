/** Serves modules over HTTP under the digest of their bytes. Answers reads only, and uses no part of a request as a path. */
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WasmeError } from '../../errors.ts';
import { hostAndPort } from './endpoint.ts';
import { listen } from './listen.ts';
import { printable } from '../printable.ts';

/** A module that the server has. */
export interface ServedModule {
  /** Name of the project, file or image. */
  readonly name: string;
  /** Path or image reference that it was read from. */
  readonly source: string;
  /** Digest of the module's bytes: `sha256:<64 hex>`. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Gives the server its modules. */
export interface ModuleCatalog {
  list(): readonly ServedModule[];
  /** Returns the bytes whose sha256 (64 hex) this is, after checking it; undefined when there are none. */
  read(sha256: string): Promise<{ readonly module: ServedModule; readonly bytes: Uint8Array } | undefined>;
}

export interface ModuleServerOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  readonly catalog: ModuleCatalog;
  /** Called with one line for each request that was answered. */
  readonly onRequest: (line: string) => void;
}

export interface ModuleServer {
  readonly url: string;
  /** Refuses new connections, waits for running answers (at most 5 s), then closes. */
  close(): Promise<void>;
}

/** A proxy that reads more slowly than this does not delay the end of the command. */
const drainMs = 5_000;
/** Each worker of a proxy fetches once; a thousand connections at a time are a mistake or an attack. */
const maxConnections = 1_000;
const path = /^\/([0-9a-f]{64})(?:\.wasm)?$/;

/** URL path of a module. */
export function modulePath(digest: string): string {
  return `/${digest.replace('sha256:', '')}.wasm`;
}

/** Starts serving. Fails with PORT_IN_USE or PORT_REFUSED. */
export async function startModuleServer(options: ModuleServerOptions): Promise<ModuleServer> {
  const running = new Set<ServerResponse>();
  const server = createServer(
    { requestTimeout: 30_000, headersTimeout: 10_000, keepAliveTimeout: 5_000 },
    (request, response) => {
      running.add(response);
      response.once('close', () => running.delete(response));
      request.resume();
      answer(request, response, options.catalog)
        .catch((error: unknown) => failed(response, error))
        .finally(() => options.onRequest(`${requestLine(request)} ${response.statusCode}`));
    },
  );
  server.maxConnections = maxConnections;
  const port = await listen(server, options.address, options.port);
  return {
    url: `http://${hostAndPort(options.address, port)}`,
    async close() {
      // The HTTP server's own close ends connections whose answer was handed over but not yet sent.
      NetServer.prototype.close.call(server);
      const ends = [...running].map(response => once(response, 'close'));
      await Promise.race([Promise.all(ends), sleep(drainMs, undefined, { ref: false })]);
      server.closeAllConnections();
    },
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  catalog: ModuleCatalog,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return text(response, 405, 'modules can only be read here\n');
  }
  const [target = ''] = (request.url ?? '').split('?');
  if (target === '/') return list(request, response, catalog);
  // Only this pattern is looked up; no part of the request becomes a path.
  const sha256 = path.exec(target)?.[1];
  const found = sha256 === undefined ? undefined : await catalog.read(sha256);
  if (found === undefined) return text(response, 404, 'no such module; / lists them\n');
  const tag = `"${sha256 ?? ''}"`;
  const headers = {
    etag: tag,
    // The bytes of a digest never change.
    'cache-control': 'public, max-age=31536000, immutable',
    'x-content-type-options': 'nosniff',
  };
  if (request.headers['if-none-match']?.includes(tag)) {
    response.writeHead(304, headers).end();
    return;
  }
  response.writeHead(200, {
    ...headers,
    'content-type': 'application/wasm',
    'content-length': found.bytes.byteLength,
  });
  response.end(request.method === 'HEAD' ? undefined : found.bytes);
}

function list(request: IncomingMessage, response: ServerResponse, catalog: ModuleCatalog): void {
  const modules = catalog
    .list()
    .map(({ name, digest, sizeBytes }) => ({ name, digest, sizeBytes, path: modulePath(digest) }));
  response.writeHead(200, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(request.method === 'HEAD' ? undefined : `${JSON.stringify({ modules }, null, 2)}\n`);
}

function text(response: ServerResponse, status: number, body: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' });
  response.end(body);
}

function failed(response: ServerResponse, error: unknown): void {
  if (response.headersSent) response.destroy();
  // The message may name paths of this machine, so the client gets the code alone.
  else text(response, 500, `${error instanceof WasmeError ? error.code : 'failed'}\n`);
}

/** Returns method and target as one short line, without the query, which may hold a token. */
function requestLine({ method = '', url = '' }: IncomingMessage): string {
  const [target = ''] = url.split('?');
  return printable(`${method} ${target}`, 120);
}
