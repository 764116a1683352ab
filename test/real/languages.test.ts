/** Every template, built by its real compiler, does what templates/README.md says: in the bundled host and in real Envoy. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { IncomingHttpHeaders } from 'node:http';
import { languages } from '../../src/project/schema.ts';
import { sharedFolder } from '../helpers/assemblyscript.ts';
import { type Backend, checker, mirror } from '../helpers/backends.ts';
import { type BuiltTemplate, builtTemplate, compilers } from '../helpers/compilers.ts';
import { filterBootstrap, realEnvoy } from '../helpers/envoy.ts';
import { describeWith } from '../helpers/tools.ts';

/** Longer than the slowest compiler takes on a busy machine. */
const buildTimeoutMs = 300_000;

/** A filter that is running behind a URL. */
interface Running {
  readonly url: string;
  /** Waits for a line that the guest logged. */
  logged(text: string): Promise<unknown>;
}

const folder = sharedFolder();
const checks: IncomingHttpHeaders[] = [];
let upstream: Backend;
let check: Backend;
beforeAll(async () => {
  upstream = await mirror();
  check = await checker(checks);
});
afterAll(async () => {
  await upstream.close();
  await check.close();
});

const inEnvoy = async (filter: BuiltTemplate, configuration: unknown): Promise<Running> =>
  realEnvoy(
    filterBootstrap(
      filter.module,
      { rootId: filter.name, configuration: { form: 'json', value: configuration } },
      { upstream: upstream.url, clusters: { check: check.url } },
    ),
  );

for (const language of languages) {
  describeWith([...compilers[language], 'envoy-1.40'], `${language}, http`, () => {
    let filter: BuiltTemplate;
    beforeAll(async () => {
      filter = await builtTemplate(folder, language);
    }, buildTimeoutMs);

    describe.each([{ where: 'Envoy', run: inEnvoy }])('in $where', ({ run }) => {
      it('greets in both directions and logs', async () => {
        const running = await run(filter, { greeting: 'hi' });
        const response = await fetch(`${running.url}/some/path?x=1`, {
          headers: { 'x-greeting': 'from the client' },
        });
        expect(response.status).toBe(200);
        expect(response.headers.get('x-greeting')).toBe('hi');
        expect(response.headers.get('x-powered-by')).toBe(null);
        expect(await response.json()).toMatchObject({ 'x-greeting': 'hi' });
        await running.logged('GET /some/path?x=1 200');
      });

      it('answers what is blocked', async () => {
        const running = await run(filter, {});
        const response = await fetch(`${running.url}/blocked/a?b`);
        expect(response.status).toBe(403);
        expect(response.headers.get('x-answered-by')).toBe(filter.name);
        expect(response.headers.get('x-greeting')).toBe('hello');
        expect(await response.text()).toBe(`blocked by ${filter.name}\n`);
        await running.logged('GET /blocked/a?b 403');
        expect((await fetch(`${running.url}/blockedness`)).status).toBe(200);
      });

      it('asks before it lets a request through', async () => {
        const { url } = await run(filter, { checkCluster: 'check', blockedPath: '' });
        const answers = [];
        for (const path of ['/a?status=200', '/a?status=401', '/a?status=503']) {
          const response = await fetch(url + path);
          const body = await response.text();
          answers.push([response.status, response.status === 200 ? JSON.parse(body) : body]);
        }
        expect(answers).toEqual([
          [200, expect.objectContaining({ 'x-checked': 'yes', 'x-greeting': 'hello' })],
          [403, 'request refused by check\n'],
          [503, 'check is not available\n'],
        ]);
        expect(checks.at(-1)).toMatchObject({
          ':path': '/check',
          host: 'check',
          'x-original-path': '/a?status=503',
        });
      });

      it('refuses when nobody can be asked', async () => {
        const { url } = await run(filter, { checkCluster: 'nowhere' });
        const response = await fetch(url);
        expect([response.status, await response.text()]).toEqual([503, 'check is not available\n']);
      });
    });
  });
}
