/** Edits a user's file that has filters already: afterwards it has only what the new request needs, and all of it can be removed again. */
import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { addToFile, removeFromFile } from '../../../../src/targets/envoy/edit/edit.ts';
import { managerType, routerType, wasmEntry } from '../../../../src/targets/envoy/filters.ts';
import type { FilterKind } from '../../../../src/project/names.ts';
import { plainIntent } from '../../../helpers/deploy/deploy-cases.ts';

interface Asked {
  readonly kind?: FilterKind | undefined;
  readonly listener?: string;
  /** Name → address. */
  readonly clusters?: Readonly<Record<string, string>>;
}

function add(text: string, id: string, { kind = 'http', listener, clusters = {} }: Asked = {}): string {
  const intent = { ...plainIntent, id, kind };
  const wanted = Object.entries(clusters).map(([name, address]) => ({ name, cluster: { name, address } }));
  const entry = wasmEntry(kind, id, { name: id });
  return addToFile(text, { intent, entry, clusters: wanted }, { path: 'e.yaml', listener });
}

const remove = (text: string, id: string): string => removeFromFile(text, id, { path: 'e.yaml' }).text;

const listener = (name: string): object => ({
  name,
  filter_chains: [
    {
      filters: [
        {
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: {
            '@type': managerType,
            http_filters: [{ name: 'envoy.filters.http.router', typed_config: { '@type': routerType } }],
          },
        },
      ],
    },
  ],
});
const file = (clusters?: unknown): object => ({
  static_resources: { listeners: [listener('a'), listener('b')], ...(clusters ? { clusters } : {}) },
});
const block = `# mine
static_resources:
  listeners:
  - name: a
    filter_chains:
    - filters:
      - name: envoy.filters.network.http_connection_manager
        typed_config:
          "@type": ${managerType}
          http_filters:
          - name: envoy.filters.http.router
            typed_config: { "@type": ${routerType} }
  clusters:
  - name: backend # mine
`;
const forms: readonly (readonly [string, string])[] = [
  ['block', block],
  ['block without clusters', block.replace(/ {2}clusters:[^]*/, '')],
  ['block with an empty list', block.replace(/clusters:[^]*/, 'clusters: []\n')],
  [
    'block in camelCase',
    block.replaceAll(/_([a-z])(?=[a-z_]*:)/g, (_all, letter: string) => letter.toUpperCase()),
  ],
  ['block with CRLF', block.replaceAll('\n', '\r\n')],
  ['JSON in one line', JSON.stringify(file())],
  ['JSON in one line with an empty list', JSON.stringify(file([]))],
  ['JSON', JSON.stringify(file([{ name: 'backend' }]), null, 2)],
  ['JSON with tabs', JSON.stringify(file([{ name: 'backend' }]), null, '\t')],
];

/** Name → address of every cluster. */
function clustersOf(text: string): Record<string, unknown> {
  const parsed = parse(text) as Record<string, { clusters?: { name: string; address?: string }[] }>;
  const resources = parsed['static_resources'] ?? parsed['staticResources'] ?? {};
  return Object.fromEntries((resources.clusters ?? []).map(({ name, address }) => [name, address]));
}

describe.each(forms)('a file that has filters already: %s', (_form, text) => {
  const own = text.includes('backend') ? { backend: undefined } : {};

  it('gets the clusters of the new request at their new addresses', () => {
    const first = add(text, 'one', { clusters: { api: 'x', code: 'y' } });
    expect(clustersOf(first)).toEqual({ ...own, api: 'x', code: 'y' });
    const moved = add(first, 'one', { clusters: { api: 'z', code: 'y' } });
    expect(clustersOf(moved)).toEqual({ ...own, api: 'z', code: 'y' });
    const other = add(moved, 'one', { clusters: { auth: 'x' } });
    expect(clustersOf(other)).toEqual({ ...own, auth: 'x' });
    const none = add(other, 'one');
    expect(clustersOf(none)).toEqual(own);
    for (const edited of [first, moved, other, none]) expect(remove(edited, 'one')).toBe(text);
    const kept = add(text, 'one', { clusters: { backend: 'x', api: 'y' } });
    expect(clustersOf(kept)).toEqual({ backend: 'x', ...own, api: 'y' });
    expect(remove(kept, 'one')).toBe(text);
  });

  it('keeps a cluster as long as one filter needs it', () => {
    const clusters = { api: 'x' };
    const one = add(text, 'one', { clusters });
    const two = add(one, 'two', { clusters: { ...clusters, more: 'y' } });
    expect(clustersOf(two)).toEqual({ ...own, api: 'x', more: 'y' });
    expect(add(two, 'two', { clusters: { ...clusters, more: 'y' } })).toBe(two);
    expect(add(two, 'one', { clusters })).toBe(two);
    expect(clustersOf(remove(two, 'one'))).toEqual({ ...own, api: 'x', more: 'y' });
    expect(remove(remove(two, 'one'), 'two')).toBe(text);
    expect(remove(two, 'two')).toBe(one);
    expect(remove(remove(two, 'two'), 'one')).toBe(text);
    expect(() => add(two, 'two', { clusters: { api: 'z' } })).toThrow(
      expect.objectContaining({
        code: 'DEPLOY_FILE',
        message: expect.stringMatching(
          /^e\.yaml:\d+:\d+: cluster "api" is there for one, with another/,
        ) as string,
      }) as Error,
    );
  });

  it('has the filter as one kind only', () => {
    const kinds = ['http', 'network', 'access-log', 'service', 'http'] as const;
    let edited = text;
    for (const kind of kinds) {
      edited = add(edited, 'one', { kind, clusters: { api: 'x' } });
      expect(edited, kind).toBe(add(text, 'one', { kind, clusters: { api: 'x' } }));
      expect(remove(edited, 'one'), kind).toBe(text);
    }
  });

  it('is restored in whatever order its filters are removed', () => {
    const ids = ['one', 'two', 'three'];
    const kinds = ['http', 'access-log', 'access-log'] as const;
    const all = ids.reduce(
      (now, id, index) => add(now, id, { kind: kinds[index], clusters: { [`c-${id}`]: 'x' } }),
      text,
    );
    for (const [a, b, c] of [
      [0, 1, 2],
      [0, 2, 1],
      [1, 0, 2],
      [1, 2, 0],
      [2, 0, 1],
      [2, 1, 0],
    ] as const) {
      expect([a, b, c].reduce((now, index) => remove(now, ids[index] ?? ''), all)).toBe(text);
    }
  });
});

it("does not change the user's own filter of the same name", () => {
  const own = (filter: string): string =>
    block.replace('          - name: envoy.filters.http.router', `${filter}$&`);
  const discovered = own(`          - name: one
            config_discovery:
              config_source: { ads: {} }
              type_urls: [type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm]
`);
  const other = own('          - { name: one, typed_config: { "@type": type.googleapis.com/a.B } }\n');
  for (const text of [discovered, other]) {
    expect(() => add(text, 'one')).toThrow(
      expect.objectContaining({
        code: 'DEPLOY_FILE',
        message: expect.stringMatching(/^e\.yaml:11:13: a filter named "one" is here/) as string,
      }) as Error,
    );
    expect(removeFromFile(text, 'one', { path: 'e.yaml' }).removed).toBe(0);
    expect(remove(add(text, 'two'), 'two')).toBe(text);
  }
});

it('does not move a cluster away under a listener that was not named', () => {
  const text = JSON.stringify(file(), null, 2);
  const both = add(text, 'one', { clusters: { api: 'x' } });
  expect(() => add(both, 'one', { listener: 'a', clusters: { api: 'y' } })).toThrow(/another listener/);
  const less = add(both, 'one', { listener: 'a', clusters: { auth: 'y' } });
  expect(clustersOf(less)).toEqual({ api: 'x', auth: 'y' });
  expect(remove(less, 'one')).toBe(text);
});
