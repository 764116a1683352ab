/** A token service as docker-registry's token auth wants it: Basic or refresh token in, RS256 token with x5c out. */
import { X509Certificate, createSign, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type IncomingMessage, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Certificate } from './real-registry.ts';

export interface TokenServer {
  readonly realm: string;
  /** `GET` or `POST` and the scopes of every request, in order. */
  readonly requests: { readonly method: string; readonly scopes: readonly string[]; readonly user: string }[];
  /** Seconds that tokens live; the answer says the same. */
  lifeS: number;
  /** So many of the next tokens have run out when they come. */
  stale: number;
  stop(): Promise<void>;
}

/** Refresh token of the only user. */
export const refreshToken = 'refresh-token-of-me';
const password = 's3cret:with colon';

export async function startTokenServer({ cert, key }: Certificate): Promise<TokenServer> {
  const der = new X509Certificate(readFileSync(cert)).raw.toString('base64');
  const privateKey = readFileSync(key);
  const http = createServer((request, response) => {
    void answer(request).then(({ status, body }) => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    });
  });
  await new Promise<void>(resolve => http.listen(0, '127.0.0.1', resolve));
  const server: TokenServer = {
    realm: `http://localhost:${(http.address() as AddressInfo).port}/token`,
    requests: [],
    lifeS: 300,
    stale: 0,
    stop: () =>
      new Promise(resolve => {
        http.closeAllConnections();
        http.close(() => resolve());
      }),
  };
  return server;

  async function answer(request: IncomingMessage): Promise<{ status: number; body: unknown }> {
    const query = new URL(request.url ?? '/', 'http://x').searchParams;
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const form = new URLSearchParams(Buffer.concat(chunks).toString());
    const isPost = request.method === 'POST';
    const scopes = isPost ? (form.get('scope') ?? '').split(' ') : query.getAll('scope');
    const user = isPost
      ? form.get('refresh_token') === refreshToken
        ? 'me'
        : undefined
      : basicUser(request);
    server.requests.push({ method: request.method ?? '', scopes, user: user ?? '?' });
    if (user === undefined)
      return { status: 401, body: { errors: [{ code: 'UNAUTHORIZED', message: 'wrong password' }] } };
    const token = sign({ ...claims(user, scopes) });
    return {
      status: 200,
      body: isPost ? { access_token: token, expires_in: server.lifeS } : { token, expires_in: server.lifeS },
    };
  }

  /** Nobody may pull from `public/`, `me` everything. */
  function claims(user: string, scopes: readonly string[]): object {
    const isStale = server.stale > 0;
    if (isStale) server.stale--;
    const now = Math.floor(Date.now() / 1000) - (isStale ? 3600 : 0);
    const access = scopes.flatMap(scope => {
      const [type = '', name = '', actions = ''] = scope.split(':');
      const allowed = actions
        .split(',')
        .filter(action => user === 'me' || (name.startsWith('public/') && action === 'pull'));
      return allowed.length === 0 ? [] : [{ type, name, actions: allowed }];
    });
    return {
      iss: 'test',
      sub: user,
      aud: 'test',
      exp: now + Math.ceil(server.lifeS),
      nbf: now - 5,
      iat: now,
      jti: randomUUID(),
      access,
    };
  }

  function sign(claimSet: object): string {
    const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
    const text = `${part({ typ: 'JWT', alg: 'RS256', x5c: [der] })}.${part(claimSet)}`;
    return `${text}.${createSign('RSA-SHA256').update(text).sign(privateKey, 'base64url')}`;
  }
}

function basicUser(request: IncomingMessage): string | undefined {
  const header = request.headers.authorization;
  if (header === undefined) return '';
  const [user, ...rest] = Buffer.from(header.replace(/^Basic /, ''), 'base64')
    .toString()
    .split(':');
  return user === 'me' && rest.join(':') === password ? 'me' : undefined;
}
