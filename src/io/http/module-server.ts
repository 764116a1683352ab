/** Modules over HTTP under the digest of their bytes, for proxies that fetch code themselves. Reads only, knows no paths. */
import { once } from 'node:events';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { WasmeError } from '../../errors.ts';
import { hostAndPort } from './endpoint.ts';
import { listen } from './listen.ts';
import { printable } from '../printable.ts';

/** A module that can be had here. */
export interface ServedModule {
  /** Name of the project, file or image. */
  readonly name: string;
  /** What it was taken from: a path, or an image reference. */
  readonly source: string;
  /** Of the module's bytes: `sha256:<64 hex>`. */
  readonly digest: string;
  readonly sizeBytes: number;
}

/** Where the bytes come from. */
export interface ModuleCatalog {
  list(): readonly ServedModule[];
  /** Bytes with this sha256 (64 hex), checked; undefined when there are none. */
  read(sha256: string): Promise<{ readonly module: ServedModule; readonly bytes: Uint8Array } | undefined>;
}

export interface ModuleServerOptions {
  readonly address: string;
  /** 0: any free one. */
  readonly port: number;
  readonly catalogue: ModuleCatalog;
  /** One line per request that was answered. */
  readonly onRequest: (line: string) => void;
}

export interface ModuleServer {
  readonly url: string;
  /** Takes no more connections, lets running answers end (at most 5 s), then closes. */
  close(): Promise<void>;
}

/** A proxy that reads slower than this is not worth a restart that hangs. */
const drainMs = 5_000;
/** Every worker of a proxy fetches once; a thousand at a time is a mistake or an attack. */
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
      answer(request, response, options.catalogue)
        .catch((error: unknown) => failed(response, error))
        .finally(() => options.onRequest(`${requestLine(request)} ${response.statusCode}`));
    },
  );
  server.maxConnections = maxConnections;
  const port = await listen(server, options.address, options.port);
  return {
    url: `http://${hostAndPort(options.address, port)}`,
    async close() {
      // Not the server's own close: it takes a connection for idle whose answer was handed over but not yet sent.
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
  catalogue: ModuleCatalog,
): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.setHeader('allow', 'GET, HEAD');
    return text(response, 405, 'modules can only be read here\n');
  }
  const [target = ''] = (request.url ?? '').split('?');
  if (target === '/') return list(request, response, catalogue);
  // One pattern decides; nothing of the request ever becomes a path.
  const sha256 = path.exec(target)?.[1];
  const found = sha256 === undefined ? undefined : await catalogue.read(sha256);
  if (found === undefined) return text(response, 404, 'no such module; / lists them\n');
  const tag = `"${sha256 ?? ''}"`;
  const headers = {
    etag: tag,
    // A digest never stands for other bytes.
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

function list(request: IncomingMessage, response: ServerResponse, catalogue: ModuleCatalog): void {
  const modules = catalogue
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
  // What is wrong with a file here is nobody's business there; its code is enough to look for.
  else text(response, 500, `${error instanceof WasmeError ? error.code : 'failed'}\n`);
}

/** Returns method and target as one short line; a query may hold a token. */
function requestLine({ method = '', url = '' }: IncomingMessage): string {
  const [target = ''] = url.split('?');
  return printable(`${method} ${target}`, 120);
}
