/** Every use case of the gallery, built by its real compiler, does what its page says: in the bundled host and in real Envoys. */
import { createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initTemplates } from '../../../src/init.ts';
import { sharedFolder } from '../../helpers/projects/assemblyscript.ts';
import { type Backend, authorizer, mirror } from '../../helpers/servers/backends.ts';
import { type BuiltTemplate, builtTemplate, compilers } from '../../helpers/projects/compilers.ts';
import {
  type Running,
  envoyReleases,
  envoyServers,
  bundledServer,
} from '../../helpers/servers/test-servers.ts';
import { describeWith } from '../../helpers/tools.ts';

/** Steps of a scenario with a running filter. */
type Scenario = (run: (configuration: unknown) => Promise<Running>, filter: BuiltTemplate) => Promise<void>;

async function get(url: string, headers: Readonly<Record<string, string>> = {}) {
  const response = await fetch(url, { headers, redirect: 'manual' });
  return { status: response.status, headers: response.headers, body: await response.text() };
}

const scenarios: Readonly<Record<string, Scenario>> = {
  'add-header': async run => {
    const { url } = await run({
      request: { 'x-environment': 'test' },
      response: { 'x-frame-options': 'DENY' },
      removeFromRequest: ['x-internal'],
      removeFromResponse: ['x-powered-by'],
    });
    const { headers, body } = await get(url, { 'x-internal': '1', 'x-environment': 'mine' });
    expect(headers.get('x-frame-options')).toBe('DENY');
    expect(headers.get('x-powered-by')).toBe(null);
    const sent = JSON.parse(body) as Record<string, string>;
    expect([sent['x-environment'], sent['x-internal']]).toEqual(['test', undefined]);
  },

  'request-logger': async run => {
    const running = await run({ headers: ['x-who'] });
    await get(`${running.url}/a?b`, { 'x-who': 'me' });
    const line = await running.logged(/^\{.*\}$/);
    expect(JSON.parse(line)).toEqual({
      method: 'GET',
      path: '/a?b',
      status: '200',
      durationMs: expect.any(Number) as number,
      headers: [['x-who', 'me']],
    });
  },

  'rate-limit': async run => {
    // A window that is not over before the requests are.
    const { url } = await run({ limit: 2, windowMs: 1_000_000_000_000, keyHeader: 'x-client' });
    const statuses = [];
    for (const client of ['a', 'a', 'a', 'b']) statuses.push((await get(url, { 'x-client': client })).status);
    expect(statuses).toEqual([200, 200, 429, 200]);
    const { headers, body } = await get(url, { 'x-client': 'a' });
    expect([Number(headers.get('retry-after')) > 0, body]).toEqual([true, 'too many requests\n']);
  },

  'body-redaction': async run => {
    const { url } = await run({ patterns: ['\\d{4} \\d{4} \\d{4} \\d{4}', 'secret'] });
    const { body } = await get(url, { 'x-card': '1234 5678 9012 3456', 'x-more': 'a secret' });
    expect(JSON.parse(body)).toMatchObject({ 'x-card': '[redacted]', 'x-more': 'a [redacted]' });
  },

  'external-authorization': async run => {
    const asked = { cluster: 'auth', copyHeaders: ['x-user'] };
    const { url } = await run(asked);
    const passed = await get(`${url}/a`, { authorization: 'ann', 'x-user': 'forged' });
    expect(JSON.parse(passed.body)).toMatchObject({ 'x-user': 'ann of GET /a' });
    const refused = await get(`${url}/a`);
    expect([refused.status, refused.headers.get('www-authenticate'), refused.body]).toEqual([
      401,
      'Basic',
      'who are you?',
    ]);
    expect((await get(url, { authorization: 'broken' })).status).toBe(503);
    const open = await run({ ...asked, failOpen: true });
    expect((await get(open.url, { authorization: 'broken' })).status).toBe(200);
  },

  'jwt-check': async run => {
    const { url } = await run({ secret: 'key', issuer: 'me', claimHeaders: { sub: 'x-user' } });
    const inAnHour = Math.floor(Date.now() / 1000) + 3600;
    const good = jwt({ sub: 'ann', iss: 'me', exp: inAnHour }, 'key');
    const passed = await get(url, { authorization: `Bearer ${good}`, 'x-user': 'forged' });
    expect(JSON.parse(passed.body)).toMatchObject({ 'x-user': 'ann' });
    const refused = [
      await get(url),
      await get(url, { authorization: `Bearer ${jwt({ iss: 'me' }, 'other')}` }),
      await get(url, { authorization: `Bearer ${jwt({ iss: 'me', exp: 1 }, 'key')}` }),
    ];
    expect(refused.map(({ status, body }) => [status, body])).toEqual([
      [401, 'no token\n'],
      [401, 'wrong signature\n'],
      [401, 'expired\n'],
    ]);
  },
};

function jwt(claims: Readonly<Record<string, unknown>>, key: string): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${part({ alg: 'HS256', typ: 'JWT' })}.${part(claims)}`;
  return `${signed}.${createHmac('sha256', key).update(signed).digest('base64url')}`;
}

const envoys = envoyReleases.map(release => `envoy-${release}` as const);
const folder = sharedFolder();
const gallery = (await initTemplates()).filter(template => template.useCase !== undefined);
let servers: readonly Backend[] = [];
beforeAll(async () => {
  servers = [await mirror(), await authorizer()];
});
afterAll(async () => {
  for (const server of servers) await server.close();
});

/** Configurations with which headers of the request are read. */
const readsHeaders: Readonly<Record<string, unknown>> = {
  'request-logger': { headers: ['x-who'] },
  'rate-limit': { keyHeader: 'x-who' },
  'external-authorization': { cluster: 'auth' },
  'jwt-check': { secret: 'key' },
};

describe.each(gallery)('$name', ({ name, useCase = '', language }) => {
  describeWith([...compilers[language], ...envoys], 'as its page says', () => {
    let filter: BuiltTemplate;
    beforeAll(async () => {
      filter = await builtTemplate(folder, language, { template: name });
    }, 300_000);

    it.each([bundledServer, ...envoyServers])('in $where', async server => {
      const [upstream, auth] = servers.map(server => server.url);
      const run = (configuration: unknown) =>
        server.run(filter, { configuration, upstream: upstream ?? '', clusters: { auth: auth ?? '' } });
      await scenarios[useCase]?.(run, filter);
      expect(Object.keys(scenarios)).toContain(useCase);
    });

    it('outlives headers that are no UTF-8', async () => {
      const [upstream = '', auth = ''] = servers.map(server => server.url);
      const configuration = readsHeaders[useCase] ?? {};
      const { url } = await bundledServer.run(filter, { configuration, upstream, clusters: { auth } });
      const before = await get(url);
      // Sent as the byte 0xff.
      const odd = '\u00ff';
      const answer = await get(url, { 'x-who': odd, authorization: `Bearer ${odd}`, cookie: odd });
      expect([200, 401]).toContain(answer.status);
      expect((await get(url)).status).toBe(before.status);
    });
  });
});
