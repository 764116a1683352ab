import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { addToFile, removeFromFile } from '../../../../../src/targets/envoy/edit/edit.ts';
import type { FilterKind } from '../../../../../src/project/names.ts';
import type { DeployIntent } from '../../../../../src/targets/intent.ts';
import { wasmEntry } from '../../../../../src/targets/envoy/filters.ts';

const intent: DeployIntent = {
  id: 'mine',
  kind: 'http',
  rootId: '',
  vmId: '',
  runtime: 'v8',
  code: { from: 'file', path: '/f.wasm', digest: '' },
  env: {},
  hostEnv: [],
  failPolicy: undefined,
  allowedCapabilities: undefined,
  allowOnHeadersStopIteration: undefined,
};

interface Change {
  readonly kind?: FilterKind;
  readonly value?: string;
  readonly listener?: string;
  readonly clusters?: readonly string[];
}

function add(text: string, { kind = 'http', value = 'a', listener, clusters = [] }: Change = {}): string {
  const entry = wasmEntry(kind, 'mine', { name: 'mine', value });
  return addToFile(
    text,
    { intent: { ...intent, kind }, entry, clusters: clusters.map(name => ({ name, cluster: { name } })) },
    { path: 'e.yaml', listener },
  );
}

const remove = (text: string, listener?: string): string =>
  removeFromFile(text, 'mine', { path: 'e.yaml', listener }).text;

/** Lines that the second text has and the first has not; every other line must be the same, in the same order. */
function addedLines(before: string, after: string): string[] {
  const old = before.split('\n');
  const added: string[] = [];
  let at = 0;
  for (const line of after.split('\n')) {
    if (line === old[at]) at++;
    else added.push(line);
  }
  expect(at).toBe(old.length);
  return added;
}

const hcm =
  'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const manager = (name: string, more = ''): string => `
  - name: ${name}   # a listener
    address: { socket_address: { address: 0.0.0.0, port_value: ${name === 'one' ? 8001 : 8002} } }
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": ${hcm}
          stat_prefix: "x"
          big: 12345678901234567890

          http_filters:
          - name: first
            # inside
            typed_config: {"@type": type.googleapis.com/some.Thing}


          # this must stay the last one
          # really
          - name: envoy.filters.http.router
            typed_config:
              "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
${more}`;
const two = `# my file\n---\nstatic_resources:\n  listeners:${manager('one')}${manager('two')}\n  clusters:\n  - name: backend # end\n\n# tail\n`;

describe("editing a user's file", () => {
  it('adds only lines, above the comments of the router, in every manager; and takes them out again', () => {
    const edited = add(two);
    const added = addedLines(two, edited);
    expect(added.filter(line => line === '          - name: mine')).toHaveLength(2);
    expect(edited).toContain(`              value: a\n          # this must stay the last one\n`);
    expect(remove(edited)).toBe(two);
    const filters = parse(edited) as {
      static_resources: {
        listeners: {
          filter_chains: { filters: { typed_config: { http_filters: { name: string }[] } }[] }[];
        }[];
      };
    };
    expect(
      filters.static_resources.listeners.map(listener =>
        listener.filter_chains[0]?.filters[0]?.typed_config.http_filters.map(({ name }) => name),
      ),
    ).toEqual(Array(2).fill(['first', 'mine', 'envoy.filters.http.router']));
  });

  it('knows its entry by the plugin name: the same again changes nothing, other values replace it', () => {
    const edited = add(two);
    expect(add(edited)).toBe(edited);
    const changed = add(edited, { value: 'b' });
    expect(changed).toBe(edited.replaceAll('value: a', 'value: b'));
    expect(remove(changed)).toBe(two);
    expect(removeFromFile(two, 'mine', { path: 'e' })).toEqual({ text: two, removed: 0 });
  });

  it.each(['two', '8002'])('takes one listener, %s', listener => {
    const edited = add(two, { listener });
    expect(addedLines(two, edited).filter(line => line.includes('- name: mine'))).toHaveLength(1);
    expect(edited.indexOf('name: mine')).toBeGreaterThan(edited.indexOf('name: two'));
    expect(remove(add(edited), listener)).toBe(add(two, { listener: 'one' }));
  });

  it.each(['network', 'service', 'access-log', 'http'] as const)('%s with clusters goes in and out', kind => {
    const edited = add(two, { kind, clusters: ['c1', 'backend', 'c2'] });
    addedLines(two, edited);
    expect(edited.match(/name: backend/g)).toHaveLength(1);
    expect(edited).toMatch(/- name: c1\n {4}metadata:\n[^]*- name: c2/);
    expect(add(edited, { kind, clusters: ['c1', 'backend', 'c2'] })).toBe(edited);
    expect(remove(edited)).toBe(two);
  });

  it.each([
    ['no newline at the end', (text: string) => text.trimEnd()],
    ['CRLF', (text: string) => text.replaceAll('\n', '\r\n')],
    ['a byte order mark', (text: string) => `\uFEFF${text}`],
    ['no clusters', (text: string) => text.replace(/\n {2}clusters:[^]*/, '\n')],
    ['no clusters, no newline', (text: string) => text.replace(/\n {2}clusters:[^]*/, '').trimEnd()],
    [
      'an access log of its own',
      (text: string) =>
        text.replaceAll(
          '          stat_prefix',
          '          access_log:\n          - name: file\n          stat_prefix',
        ),
    ],
    [
      'an empty access log',
      (text: string) =>
        text.replaceAll('          stat_prefix', '          access_log: []\n          stat_prefix'),
    ],
    [
      'indented list items',
      (text: string) =>
        text
          .replaceAll(/\n(\s+)- filters:/g, '\n$1  - filters:')
          .replaceAll(
            /(filters:\n)((?: {6,}.*\n|\n)+)/g,
            (_all, head: string, body: string) => head + body.replaceAll(/^(?=.)/gm, '  '),
          ),
    ],
  ])('keeps %s', (_title, change) => {
    const text = change(two);
    for (const kind of ['http', 'network', 'service', 'access-log'] as const) {
      const edited = add(text, { kind, clusters: ['c1', 'c2'] });
      expect(edited).not.toBe(text);
      expect(() => void parse(edited.replace('\uFEFF', ''))).not.toThrow();
      if (text.includes('\r')) expect(edited.replaceAll('\r\n', '')).not.toContain('\n');
      expect(add(edited, { kind, clusters: ['c1', 'c2'] })).toBe(edited);
      expect(remove(edited)).toBe(text);
    }
  });

  it.each([0, 2, 4])('edits JSON with indentation %d', indent => {
    const text = JSON.stringify(
      parse(two.replace('---\n', '').replace('12345678901234567890', '1')),
      null,
      indent,
    );
    for (const kind of ['http', 'network', 'service', 'access-log'] as const) {
      for (const clusters of [[], ['c1', 'c2']]) {
        const edited = add(text, { kind, clusters });
        expect(JSON.stringify(JSON.parse(edited))).toContain('"name":"mine"');
        expect(add(edited, { kind, clusters })).toBe(edited);
        expect(remove(edited)).toBe(text);
        expect(remove(add(edited, { kind, clusters, value: 'b' }))).toBe(text);
      }
    }
  });

  it.each(['', ' # none yet', '   '])(
    'fills keys that stand there without a value (%j), and empties them again',
    rest => {
      const text = two
        .replace('clusters:\n  - name: backend # end\n', `clusters:${rest}\n`)
        .replaceAll('          stat_prefix', `          access_log:${rest}\n          stat_prefix`)
        .concat(`bootstrap_extensions:${rest}`);
      for (const kind of ['http', 'network', 'service', 'access-log'] as const) {
        const edited = add(text, { kind, clusters: ['c1', 'c2'] });
        addedLines(text, edited);
        expect(parse(edited, { uniqueKeys: true })).toMatchObject({
          static_resources: { clusters: [{ name: 'c1' }, { name: 'c2' }] },
        });
        expect(remove(edited)).toBe(text);
      }
      const written = text.replace(/access_log:.*/, 'access_log: ~');
      expect(() => add(written, { kind: 'access-log' })).toThrow(/e\.yaml:\d+:11: access_log holds no list/);
    },
  );

  it('writes a list that an alias shares once', () => {
    const shared = two
      .replace('http_filters:\n', 'http_filters: &filters\n')
      .replace(/(name: two[^]*?http_filters:)[^]*?Router\n/, '$1 *filters\n');
    const edited = add(shared);
    expect(edited.match(/- name: mine/g)).toHaveLength(1);
    expect(remove(edited)).toBe(shared);
    expect(() => add(shared, { listener: 'one' })).toThrow(/alias shares/);
  });

  it('edits a file of discovered listeners', () => {
    const listeners = `version_info: "1"\nresources:\n- "@type": type.googleapis.com/envoy.config.listener.v3.Listener${manager('one').replace('\n  - name', '\n  name').replaceAll('\n    ', '\n  ')}`;
    const edited = add(listeners);
    expect(edited).toContain('- name: mine');
    expect(remove(edited)).toBe(listeners);
    expect(() => add(listeners, { clusters: ['c'] })).toThrow(/static_resources/);
  });

  it.each([
    ['', /is empty/],
    ['a: [', /e\.yaml:1:\d+: /],
    ['a: 1\n---\nb: 2\n', /e\.yaml:3:1: the file holds 2 documents/],
    ['- a\n', /not a mapping/],
    ['a: 1\n', /has no listeners/],
    [
      two.replaceAll(
        hcm,
        'type.googleapis.com/envoy.config.filter.network.http_connection_manager.v2.HttpConnectionManager',
      ),
      /e\.yaml:11:\d+: .* API v2/,
    ],
    [
      two.replaceAll('typed_config:\n          "@type"', 'config:\n          "@type"'),
      /e\.yaml:9:9: a filter with/,
    ],
    [two.replace('name: backend', 'name: *backend'), /e\.yaml:\d+:11: \*backend is an alias of nothing/],
    [two.replace('tail', 'tail\na: *later\nb: &later 1'), /\*later is an alias of nothing/],
    [two.replaceAll(hcm, 'type.googleapis.com/envoy.other'), /has no HTTP connection manager/],
    [two.replaceAll(/http_filters:[^]*?\n\n\n[^]*?Router\n/g, 'http_filters: []\n'), /http_filters is empty/],
  ])('refuses %j', (text, message) => {
    expect(() => add(text)).toThrow(message);
    try {
      add(text);
    } catch (error) {
      expect((error as { code: string }).code).toBe('DEPLOY_FILE');
    }
  });

  it('names the listeners there are when none fits', () => {
    expect(() => add(two, { listener: 'three' })).toThrow(
      expect.objectContaining({ hint: 'it has: one, two' }) as Error,
    );
  });
});
