/** Many forms of an Envoy file of the user: the filter can be added to each, and removing it restores the file byte for byte. */
import { describe, expect, it } from 'vitest';
import { parseDocument, stringify } from 'yaml';
import { addToFile, removeFromFile } from '../../../../src/targets/envoy/edit/edit.ts';
import { managerType, routerType, wasmEntry } from '../../../../src/targets/envoy/filters.ts';
import type { FilterKind } from '../../../../src/project/names.ts';
import { plainIntent } from '../../../helpers/deploy/deploy-cases.ts';

/** Numbers that look random and are the same in every run. */
function rollOf(seed: number): (sides: number) => number {
  let state = seed * 2_654_435_761 + 1;
  return sides => {
    state = (Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x3243f6a9) | 0;
    return ((state ^ (state >>> 12)) >>> 0) % sides;
  };
}

type Roll = (sides: number) => number;
type Json = Record<string, unknown>;

function managerOf(roll: Roll, name: string): Json {
  const buffer = { name: 'envoy.filters.http.buffer', typed_config: { '@type': 'a.B', max: roll(9_999) } };
  return {
    '@type': managerType,
    stat_prefix: `${name} "quoted" # not a comment`,
    ...(roll(3) === 0 ? { access_log: roll(2) === 0 ? [] : [{ name: 'file' }] } : {}),
    http_filters: [
      ...Array.from({ length: roll(3) }, () => buffer),
      { name: 'envoy.filters.http.router', typed_config: { '@type': routerType } },
    ],
    ...(roll(2) === 0 ? { route_config: { virtual_hosts: [{ name: 'all', domains: ['*'] }] } } : {}),
  };
}

function fileOf(roll: Roll): Json {
  const shared = managerOf(roll, 'shared');
  const listeners = Array.from({ length: 1 + roll(3) }, (_, index) => {
    const filters = [
      ...(roll(3) === 0 ? [{ name: 'some.network.filter' }] : []),
      {
        name: 'envoy.filters.network.http_connection_manager',
        // One object twice is an anchor and an alias in YAML.
        typed_config: roll(3) === 0 ? shared : managerOf(roll, `l${index}`),
      },
    ];
    const chains = roll(4) === 0 ? { default_filter_chain: { filters } } : { filter_chains: [{ filters }] };
    return {
      name: `l${index}`,
      address: { socket_address: { address: '0.0.0.0', port_value: 8000 + index } },
      ...chains,
    };
  });
  return {
    ...(roll(2) === 0 ? { node: { id: 'n', cluster: 'c' } } : {}),
    static_resources: {
      listeners,
      ...(roll(3) > 0 ? { clusters: roll(3) === 0 ? null : [{ name: 'backend', type: 'STATIC' }] } : {}),
    },
    ...(roll(3) === 0 ? { bootstrap_extensions: null } : {}),
    ...(roll(2) === 0 ? { layered_runtime: { layers: [{ name: 'static' }] } } : {}),
  };
}

/** The file as text, in one of the ways in which people write them. */
function written(file: Json, roll: Roll): string {
  if (roll(4) === 0) {
    // JSON has no way to leave a value out.
    return (
      JSON.stringify(file, (_key, value: unknown) => value ?? undefined, roll(3) * 2) + (roll(2) ? '\n' : '')
    );
  }
  const document = parseDocument(
    stringify(file, { indent: 2 + 2 * roll(2), indentSeq: roll(2) === 0, lineWidth: 0, nullStr: '' }),
  );
  if (roll(4) === 0) {
    const flow = document.getIn(['static_resources', 'listeners', 0]) as { flow?: boolean };
    flow.flow = true;
  }
  let text = document.toString({
    indent: 2 + 2 * roll(2),
    indentSeq: roll(2) === 0,
    lineWidth: 0,
    nullStr: '',
    flowCollectionPadding: roll(2) === 0,
  });
  const lines = text.split('\n');
  for (let many = roll(8); many > 0; many--) {
    const at = roll(lines.length);
    const line = lines[at] ?? '';
    // Flow collections over several lines would take the comment for content.
    if (/[[{]/.test(text) && roll(2) === 0) continue;
    if (roll(2) === 0) lines.splice(at, 0, `${/^\s*/.exec(line)?.[0] ?? ''}# note ${many}: keep`);
    else lines.splice(at, 0, '');
  }
  text = lines.join('\n');
  if (parseDocument(text).errors.length > 0) text = document.toString({ lineWidth: 0, nullStr: '' });
  if (roll(4) === 0) text = text.trimEnd();
  if (roll(4) === 0) text = `---\n${text}`;
  if (roll(4) === 0) text = text.replaceAll('\n', '\r\n');
  if (roll(8) === 0) text = `\uFEFF${text}`;
  return text;
}

const kinds: readonly FilterKind[] = ['http', 'network', 'service', 'access-log'];

describe("any form of a user's file", () => {
  it.each(Array.from({ length: 60 }, (_, seed) => seed))(
    'is restored byte for byte by taking the filter out again (seed %i)',
    seed => {
      const roll = rollOf(seed + 1);
      const text = written(fileOf(roll), roll);
      const before = parseDocument(text.replace('\uFEFF', '')).toJS() as Json;
      for (const kind of kinds) {
        const clusters = Array.from({ length: roll(3) }, (_, index) => `c${index}`).map(name => ({
          name,
          cluster: { name, type: 'STATIC' },
        }));
        const add = (from: string, value: string): string =>
          addToFile(
            from,
            {
              intent: { ...plainIntent, id: 'mine', kind },
              entry: wasmEntry(kind, 'mine', { name: 'mine', value }),
              clusters,
            },
            { path: 'e.yaml' },
          );
        const edited = add(text, 'one');
        const parsed = parseDocument(edited.replace('\uFEFF', ''), { uniqueKeys: true });
        expect(parsed.errors, edited).toEqual([]);
        expect(JSON.stringify(parsed.toJS()), 'the filter is in it').toContain('"name":"mine","value":"one"');
        expect(JSON.stringify(withoutOurs(parsed.toJS())), edited).toBe(JSON.stringify(withoutOurs(before)));
        expect(add(edited, 'one'), 'the same again changes nothing').toBe(edited);
        expect(removeFromFile(add(edited, 'two'), 'mine', { path: 'e.yaml' }).text).toBe(text);
        expect(removeFromFile(edited, 'mine', { path: 'e.yaml' }).text).toBe(text);
      }
    },
  );
});

/** The data without what the filter brought; lists that it filled or made count as not there. */
function withoutOurs(value: unknown): unknown {
  if (Array.isArray(value)) {
    const rest = value.filter(item => !/"name":"mine"|"wasme":\{"filters":\["mine"\]\}/.test(shallow(item)));
    return rest.length === 0 ? undefined : rest.map(withoutOurs);
  }
  if (typeof value !== 'object' || value === null) return value ?? undefined;
  // Keys in flow collections are added in front, so order counts for nothing here.
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, item]) => [key, withoutOurs(item)]));
}

/** An item's own fields, as far as they say whose it is. */
function shallow(item: unknown): string {
  const { typed_config: typed, metadata } = (item ?? {}) as { typed_config?: Json; metadata?: unknown };
  return JSON.stringify([typed?.['config'], metadata]);
}
