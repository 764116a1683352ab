/** The host in a real browser: the built files as they are, from a plain file server, with a page that imports `host/index.js`. */
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type * as HostModule from '../../../src/host/index.ts';
import { guest } from '../../helpers/guests/guests.ts';
import { describeWith, tool } from '../../helpers/tools.ts';
import { root } from '../../helpers/tree.ts';

const page = `<!doctype html><meta charset="utf-8"><title>host</title>
<script type="importmap">{ "imports": { "fflate": "/node_modules/fflate/esm/browser.js", "re2js": "/node_modules/re2js/build/index.js" } }</script>
<script type="module">import * as host from '/dist/src/host/index.js'; globalThis.wasmeHost = host;</script>`;
const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.wasm': 'application/wasm' };

/** dist/ and node_modules/, the page, and the guests as /guest/<name>.wasm. */
async function serve(path: string): Promise<{ type: string; body: string | Uint8Array }> {
  if (path === '/') return { type: 'text/html', body: page };
  const name = /^\/guest\/([\w-]+)\.wasm$/.exec(path)?.[1];
  if (name !== undefined) return { type: 'application/wasm', body: guest(name) };
  const body = await readFile(join(root, normalize(path)));
  return { type: types[extname(path)] ?? 'text/plain', body };
}

describeWith(['chromium'], 'the host in a browser', () => {
  let server: Server;
  let browser: Browser;
  let origin: string;

  beforeAll(async () => {
    server = createServer((request, response) => {
      serve(new URL(request.url ?? '/', 'http://local').pathname).then(
        ({ type, body }) => response.writeHead(200, { 'content-type': type }).end(body),
        () => response.writeHead(404).end(),
      );
    });
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await chromium.launch({ executablePath: tool('chromium'), args: ['--no-sandbox'] });
  });

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  it('loads a filter and sends a request through it', async () => {
    const tab = await browser.newPage();
    const problems: string[] = [];
    tab.on('pageerror', error => problems.push(String(error)));
    await tab.goto(origin);
    await tab.waitForFunction('globalThis.wasmeHost !== undefined');
    const result = await tab.evaluate(async () => {
      const { loadFilter } = (globalThis as unknown as { wasmeHost: typeof HostModule }).wasmeHost;
      const code = new Uint8Array(await (await fetch('/guest/header.wasm')).arrayBuffer());
      const filter = await loadFilter(code);
      const answer = filter.request({ path: '/page', body: 'hello' }, seen => ({ body: seen.body ?? '' }));
      filter.close();
      const reason = await loadFilter(code.slice(0, 20)).then(
        () => 'loaded',
        (error: unknown) => (error as { code?: string }).code,
      );
      return {
        outcome: answer.outcome,
        status: answer.status,
        headers: answer.headers,
        body: new TextDecoder().decode(answer.body),
        upstream: answer.upstream?.headers.find(([name]) => name === 'x-guest')?.[1],
        reason,
      };
    });
    expect(problems).toEqual([]);
    expect(result).toEqual({
      outcome: 'complete',
      status: 200,
      headers: [['x-guest', 'hello']],
      body: 'hello',
      upstream: 'hello',
      reason: 'WASM_INVALID',
    });
  });

  it('loads what expressions need for a filter that has some', async () => {
    const tab = await browser.newPage();
    const asked: string[] = [];
    tab.on('request', request => asked.push(new URL(request.url()).pathname));
    await tab.goto(origin);
    await tab.waitForFunction('globalThis.wasmeHost !== undefined');
    const load = (name: string): Promise<(string | undefined)[]> =>
      tab.evaluate(async guest => {
        const { loadFilter } = (globalThis as unknown as { wasmeHost: typeof HostModule }).wasmeHost;
        const code = new Uint8Array(await (await fetch(`/guest/${guest}.wasm`)).arrayBuffer());
        const filter = await loadFilter(code);
        const seen = ['/page', '/other'].map(path => filter.request({ path }).upstream?.headers ?? []);
        filter.close();
        return seen.map(headers => headers.find(([header]) => header === 'x-guest')?.[1]);
      }, name);
    expect(await load('header')).toEqual(['hello', 'hello']);
    expect(asked.filter(path => path.includes('re2js'))).toEqual([]);
    expect(await load('expression')).toEqual(['matches', 'differs']);
    expect(asked.filter(path => path.includes('re2js'))).toHaveLength(1);
  });
});
