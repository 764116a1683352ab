/** A registry in process, with switches for what real ones do differently. It only does what some real registry was seen to do. */
import { createHash, randomUUID } from 'node:crypto';
import { type IncomingMessage, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

export interface Switches {
  /** Form of the Location of an upload. */
  location: 'path' | 'absolute' | 'withState' | 'foreignHost';
  /** 401: as Harbor answers a robot account that may not read the other repository. */
  mount: 201 | 202 | 401 | 405;
  /** The token service refuses (403) a request for more than one repository. */
  oneRepositoryPerToken: boolean;
  headBlob: 'normal' | 307 | 405;
  /** Answer to a GET with Range. */
  range: 206 | 200 | 416;
  /** Blobs come from another origin, over a redirect. */
  redirectBlobs: boolean;
  auth: 'none' | 'basic' | 'bearer';
  /** Name of the token's field; GAR sends both, ACR one of them. */
  tokenField: 'token' | 'access_token';
  /** Answer to POST on the token service. */
  refreshGrant: 'ok' | 404 | 405;
  /** Answers so many requests with this status first. */
  fail: { status: number; times: number; retryAfter?: string } | undefined;
  /** Ends the connection after so many bytes of a blob's body, so many times. */
  cutBlob: { afterBytes: number; times: number } | undefined;
  /** Flips a byte of every blob. */
  flipByte: boolean;
  digestHeader: 'right' | 'wrong' | 'none';
  /** Tags in pages of this many, by Link. */
  pageSize: number | undefined;
  errors: 'json' | 'plain' | 'html' | 'empty';
  warning: string | undefined;
  /** PATCH bodies above this are 413, as behind a proxy; PUT the same. */
  maxBodyBytes: number | undefined;
  /** Minimum size of pieces that it states at the beginning of an upload; smaller ones except the last are refused. */
  chunkMinLength: number | undefined;
  /** The registry stores another manifest than it was sent. */
  rewriteManifest: boolean;
  /** A tag stays what it is: another manifest under it is 412 (Harbor), the same one is taken. */
  immutableTags: boolean;
}

export interface FakeRegistry {
  readonly host: string;
  readonly switches: Switches;
  /** `GET /v2/…` of every request to the registry, in order. */
  readonly log: string[];
  /** Authorization headers by origin: registry, storage, token service. */
  readonly seen: {
    registry: (string | undefined)[];
    storage: (string | undefined)[];
    tokens: (string | undefined)[];
  };
  readonly blobs: Map<string, Buffer>;
  /** `repository:tag` → digest. */
  readonly tags: Map<string, string>;
  /** Returns the number of requests that match. */
  count(pattern: RegExp): number;
  /** The tokens that were given have run out. */
  forgetTokens(): void;
}

export const account = { username: 'me', password: 's3cret:with colon' };
const basic = `Basic ${Buffer.from(`${account.username}:${account.password}`).toString('base64')}`;

/** Started for the current test. */
export async function fakeRegistry(overrides: Partial<Switches> = {}): Promise<FakeRegistry> {
  const switches: Switches = {
    location: 'path',
    mount: 201,
    oneRepositoryPerToken: false,
    headBlob: 'normal',
    range: 206,
    redirectBlobs: false,
    auth: 'none',
    tokenField: 'token',
    refreshGrant: 'ok',
    fail: undefined,
    cutBlob: undefined,
    flipByte: false,
    digestHeader: 'right',
    pageSize: undefined,
    errors: 'json',
    warning: undefined,
    maxBodyBytes: undefined,
    chunkMinLength: undefined,
    rewriteManifest: false,
    immutableTags: false,
    ...overrides,
  };
  const storage = await listen((request, response) => {
    fake.seen.storage.push(request.headers.authorization);
    const digest = new URL(request.url ?? '', 'http://x').searchParams.get('blob') ?? '';
    sendBlob(request, response, digest);
  });
  const tokens = new Set<string>();
  const tokenService = await listen((request, response) => void answerToken(request, response));
  const host = await listen((request, response) => void handle(request, response));
  const fake: FakeRegistry = {
    host,
    switches,
    log: [],
    seen: { registry: [], storage: [], tokens: [] },
    blobs: new Map(),
    tags: new Map(),
    count: pattern => fake.log.filter(line => pattern.test(line)).length,
    forgetTokens: () => tokens.clear(),
  };
  const manifests = new Map<string, { type: string; bytes: Buffer }>();
  const shortened = new Set<string>();
  const uploads = new Map<string, Buffer>();
  return fake;

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', `http://${host}`);
    const method = request.method ?? '';
    fake.log.push(`${method} ${url.pathname}${url.search}`);
    fake.seen.registry.push(request.headers.authorization);
    if (switches.warning !== undefined) response.setHeader('warning', `299 - "${switches.warning}"`);
    const body = await bodyOf(request);
    if (switches.fail !== undefined && switches.fail.times > 0) {
      switches.fail.times--;
      if (switches.fail.retryAfter !== undefined) response.setHeader('retry-after', switches.fail.retryAfter);
      return error(response, switches.fail.status, 'UNKNOWN', 'not now');
    }
    if (!authorized(request)) return challenge(response, url);
    if (url.pathname === '/v2/') return void response.writeHead(200).end('{}');
    const upload = /^\/v2\/(.+)\/blobs\/uploads\/([\w-]*)$/.exec(url.pathname);
    if (upload) return uploadStep(method, url, upload[1] ?? '', upload[2] ?? '', body, response);
    const [, repository = '', kind = '', name = ''] =
      /^\/v2\/(.+)\/(blobs|manifests|tags)\/([^/]+)$/.exec(url.pathname) ?? [];
    if (kind === 'blobs') return blob(method, name, request, response);
    if (kind === 'manifests') return manifest(method, repository, name, request, body, response);
    if (kind === 'tags') return tagList(repository, url, response);
    error(response, 404, 'UNSUPPORTED', 'no such thing');
  }

  function uploadStep(
    method: string,
    url: URL,
    repository: string,
    id: string,
    body: Buffer,
    response: ServerResponse,
  ): void {
    const mount = url.searchParams.get('mount');
    if (method === 'POST') {
      if (mount !== null && switches.mount === 405) return error(response, 405, 'UNSUPPORTED', 'no mount');
      if (mount !== null && switches.mount === 401) return challenge(response, url);
      if (mount !== null && switches.mount === 201 && fake.blobs.has(mount)) {
        return void response.writeHead(201, { location: `/v2/${repository}/blobs/${mount}` }).end();
      }
      return next(repository, Buffer.alloc(0), response);
    }
    const held = uploads.get(id);
    if (held === undefined) return error(response, 404, 'BLOB_UPLOAD_UNKNOWN', 'no such upload');
    if (switches.maxBodyBytes !== undefined && body.length > switches.maxBodyBytes) {
      return void response.writeHead(413, { 'content-type': 'text/html' }).end('<html>413</html>');
    }
    const isShort = body.length < (switches.chunkMinLength ?? 0);
    // Which piece is the last shows only afterwards: the one after a short one is refused.
    if (method === 'PATCH' && shortened.has(id))
      return error(response, 416, 'BLOB_UPLOAD_INVALID', 'too short');
    uploads.delete(id);
    const whole = Buffer.concat([held, body]);
    if (method === 'PATCH') return next(repository, whole, response, isShort);
    const digest = url.searchParams.get('digest') ?? '';
    if (sha256(whole) !== digest)
      return error(response, 400, 'DIGEST_INVALID', 'provided digest did not match');
    fake.blobs.set(digest, whole);
    response.writeHead(201, { location: `/v2/${repository}/blobs/${digest}`, ...digestHeader(digest) }).end();
  }

  function next(repository: string, held: Buffer, response: ServerResponse, isShort = false): void {
    const id = randomUUID();
    if (isShort) shortened.add(id);
    uploads.set(id, held);
    const path = `/v2/${repository}/blobs/uploads/${id}`;
    const forms = {
      path,
      absolute: `http://${host}${path}`,
      withState: `${path}?_state=a%2Bb%3D%3D&x=1`,
      foreignHost: `http://${storage}${path}`,
    };
    response
      .writeHead(202, {
        location: forms[switches.location],
        range: `0-${Math.max(0, held.length - 1)}`,
        ...(switches.chunkMinLength === undefined ? {} : { 'oci-chunk-min-length': switches.chunkMinLength }),
      })
      .end();
  }

  function blob(method: string, digest: string, request: IncomingMessage, response: ServerResponse): void {
    if (!fake.blobs.has(digest))
      return error(response, 404, 'BLOB_UNKNOWN', 'blob unknown to registry', method);
    if (method === 'HEAD' && switches.headBlob === 405)
      return error(response, 405, 'UNSUPPORTED', '', method);
    if (switches.redirectBlobs || (method === 'HEAD' && switches.headBlob === 307)) {
      return void response
        .writeHead(307, { location: `http://${storage}/?blob=${digest}&X-Amz-Signature=abc` })
        .end();
    }
    sendBlob(request, response, digest);
  }

  function sendBlob(request: IncomingMessage, response: ServerResponse, digest: string): void {
    const bytes = Buffer.from(fake.blobs.get(digest) ?? Buffer.alloc(0));
    if (switches.flipByte && bytes.length > 0) bytes[0] = (bytes[0] ?? 0) ^ 1;
    const from = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
    if (from > 0 && switches.range === 416) return void response.writeHead(416).end();
    const isPart = from > 0 && switches.range === 206;
    const sent = isPart ? bytes.subarray(from) : bytes;
    response.writeHead(isPart ? 206 : 200, {
      'content-length': sent.length,
      'content-type': 'application/octet-stream',
      ...(isPart ? { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` } : {}),
    });
    if (request.method === 'HEAD') return void response.end();
    const cut = switches.cutBlob;
    if (cut !== undefined && cut.times > 0 && sent.length > cut.afterBytes) {
      cut.times--;
      return void response.write(sent.subarray(0, cut.afterBytes), () =>
        setImmediate(() => response.destroy()),
      );
    }
    response.end(sent);
  }

  function manifest(
    method: string,
    repository: string,
    name: string,
    request: IncomingMessage,
    body: Buffer,
    response: ServerResponse,
  ): void {
    if (method === 'PUT') {
      const {
        config,
        layers = [],
        manifests: children = [],
      } = JSON.parse(body.toString()) as Record<string, { digest: string }[]> & {
        config?: { digest: string };
      };
      const missing =
        [...(config ? [config] : []), ...layers].find(part => !fake.blobs.has(part.digest)) ??
        children.find(child => !manifests.has(`${repository}@${child.digest}`));
      if (missing) return error(response, 400, 'MANIFEST_BLOB_UNKNOWN', 'blob unknown to registry');
      const stored = switches.rewriteManifest ? Buffer.concat([body, Buffer.from('\n')]) : body;
      const digest = sha256(stored);
      const there = fake.tags.get(`${repository}:${name}`);
      if (switches.immutableTags && there !== undefined && there !== digest) {
        return error(response, 412, 'PRECONDITION', 'the tag is immutable');
      }
      manifests.set(`${repository}@${digest}`, {
        type: request.headers['content-type'] ?? '',
        bytes: stored,
      });
      if (!name.startsWith('sha256:')) fake.tags.set(`${repository}:${name}`, digest);
      return void response.writeHead(201, digestHeader(digest)).end();
    }
    const digest = name.startsWith('sha256:') ? name : (fake.tags.get(`${repository}:${name}`) ?? '');
    const found = manifests.get(`${repository}@${digest}`);
    if (found === undefined) return error(response, 404, 'MANIFEST_UNKNOWN', 'manifest unknown', method);
    if (!(request.headers.accept ?? '').includes(found.type))
      return error(response, 404, 'MANIFEST_UNKNOWN', 'accept header does not support it', method);
    response.writeHead(200, {
      'content-type': found.type,
      'content-length': found.bytes.length,
      ...digestHeader(digest),
    });
    response.end(method === 'HEAD' ? undefined : found.bytes);
  }

  function tagList(repository: string, url: URL, response: ServerResponse): void {
    const all = [...fake.tags.keys()]
      .filter(key => key.startsWith(`${repository}:`))
      .map(key => key.slice(repository.length + 1))
      .sort();
    if (all.length === 0)
      return error(response, 404, 'NAME_UNKNOWN', 'repository name not known to registry');
    const last = url.searchParams.get('last');
    const rest = last === null ? all : all.slice(all.indexOf(last) + 1);
    const page = rest.slice(0, switches.pageSize ?? rest.length);
    const more = page.length < rest.length;
    const link = `</v2/${repository}/tags/list?last=${page.at(-1) ?? ''}&n=2>; rel="next"`;
    response.writeHead(200, { 'content-type': 'application/json', ...(more ? { link } : {}) });
    response.end(JSON.stringify({ name: repository, tags: page.length === 0 ? null : page }));
  }

  function digestHeader(digest: string): Record<string, string> {
    if (switches.digestHeader === 'none') return {};
    return {
      'docker-content-digest': switches.digestHeader === 'right' ? digest : `sha256:${'0'.repeat(64)}`,
    };
  }

  function authorized({ headers: { authorization } }: IncomingMessage): boolean {
    if (switches.auth === 'none') return true;
    if (switches.auth === 'basic') return authorization === basic;
    return tokens.has(authorization?.replace(/^Bearer /, '') ?? '');
  }

  function challenge(response: ServerResponse, url: URL): void {
    const repository = /^\/v2\/(.+)\/(?:blobs|manifests|tags)\//.exec(url.pathname)?.[1];
    const scope = repository === undefined ? '' : `,scope="repository:${repository}:pull,push"`;
    response.setHeader(
      'www-authenticate',
      switches.auth === 'basic'
        ? 'Basic realm="test"'
        : `Bearer realm="http://${tokenService}/token",service="fake"${scope}`,
    );
    error(response, 401, 'UNAUTHORIZED', 'authentication required');
  }

  async function answerToken(request: IncomingMessage, response: ServerResponse): Promise<void> {
    fake.seen.tokens.push(request.headers.authorization);
    const body = (await bodyOf(request)).toString();
    if (request.method === 'POST' && switches.refreshGrant !== 'ok')
      return void response.writeHead(switches.refreshGrant).end();
    const known =
      request.headers.authorization === basic ||
      new URLSearchParams(body).get('refresh_token') === 'refresh-me';
    if (!known) return error(response, 401, 'UNAUTHORIZED', 'wrong password');
    const { searchParams } = new URL(request.url ?? '', 'http://x');
    if (switches.oneRepositoryPerToken && searchParams.getAll('scope').length > 1) {
      return error(response, 403, 'DENIED', 'one repository at a time');
    }
    const token = randomUUID();
    tokens.add(token);
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ [switches.tokenField]: token, expires_in: 300 }));
  }

  function error(
    response: ServerResponse,
    status: number,
    code: string,
    message: string,
    method = 'GET',
  ): void {
    const bodies = {
      json: [JSON.stringify({ errors: [{ code, message }] }), 'application/json'],
      plain: [message, 'text/plain'],
      html: ['<html><body>gateway</body></html>', 'text/html'],
      empty: ['', 'text/plain'],
    } as const;
    const [text, type] = bodies[switches.errors];
    response.writeHead(status, { 'content-type': type }).end(method === 'HEAD' ? undefined : text);
  }
}

async function listen(
  handler: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(handler);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function sha256(bytes: Buffer): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}
