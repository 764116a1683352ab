/** docs/host.md: which test shows each row of the host's checklist. A row without a test fails here. WASME_UPDATE=1 writes the page. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { callbacksOf } from '../src/wasm/abi.ts';
import { hostFunctions } from '../src/wasm/functions.ts';
import { checklist, sections, unseen } from './helpers/docs/host-checklist.ts';
import { root } from './helpers/tree.ts';
import { differences } from './scenarios/differences.ts';
import { families } from './scenarios/index.ts';
import { loadDifferences, loadScenarios } from './scenarios/loading.ts';
import { networkDifferences, networkScenarios } from './scenarios/network/network.ts';

/** Row ids at the start of a test's title: `it('H1 H2 what is seen'`. */
const titlePattern = /['"`]((?:[LWMHBFRCSPXT]\d{1,2} )+)/g;

/** Row → where it is shown. */
function findTests(): Map<string, string[]> {
  const shown = new Map<string, string[]>();
  const add = (row: string, where: string): void => {
    const list = shown.get(row) ?? [];
    if (!list.includes(where)) list.push(where);
    shown.set(row, list);
  };
  for (const scenario of [...Object.values(families).flat(), ...networkScenarios, ...loadScenarios]) {
    for (const row of scenario.rows) add(row, `\`${scenario.id}\``);
  }
  const files = readdirSync(join(root, 'test'), { recursive: true, encoding: 'utf8' });
  for (const file of files.filter(name => name.endsWith('.test.ts')).sort()) {
    const text = readFileSync(join(root, 'test', file), 'utf8');
    for (const [, ids] of text.matchAll(titlePattern)) {
      for (const row of (ids ?? '').trim().split(' '))
        add(row, `[${file.replace(/^.*\//, '').replace('.test.ts', '')}](../test/${file})`);
    }
  }
  return shown;
}

/** At most three places a row; the rest is counted. */
function places(list: readonly string[]): string {
  const more = list.length > 3 ? ` and ${list.length - 3} more` : '';
  return list.slice(0, 3).join(', ') + more;
}

function page(): string {
  const shown = findTests();
  const lines = [readFileSync(join(root, 'test', 'fixtures', 'host-page-head.md'), 'utf8').trimEnd(), ''];
  lines.push('## Functions', '', '| function | parameters → results | ABI |', '|---|---|---|');
  for (const { name, parameters, results, abis } of hostFunctions.values()) {
    const list = (items: readonly (readonly [string, string])[]): string =>
      items.map(([item]) => item).join(', ');
    const arrow = results.length > 0 ? ` → ${list(results)}` : '';
    lines.push(`| \`${name}\` | ${list(parameters)}${arrow} | ${abis.join(' ')} |`);
  }
  lines.push('', `Callbacks: ${[...callbacksOf('0.2.1').keys()].map(name => `\`${name}\``).join(', ')}.`, '');
  lines.push('## Where it differs from Envoy', '', '| scenario | Envoy | why |', '|---|---|---|');
  for (const { scenarios, envoy, reason } of [...differences, ...networkDifferences, ...loadDifferences]) {
    lines.push(`| ${scenarios.map(id => `\`${id}\``).join(', ')} | ${envoy.join(', ')} | ${reason} |`);
  }
  lines.push('', '## Checklist', '');
  lines.push(
    'A name in `code` is a scenario that real Envoys and the bundled host both ran; a link is a test of the host alone.',
    '',
  );
  for (const [letter, title] of Object.entries(sections)) {
    lines.push(`### ${title}`, '', '| row | behaviour | shown by |', '|---|---|---|');
    for (const { id, text } of checklist.filter(row => row.id.startsWith(letter))) {
      const where = [places(shown.get(id) ?? []), ...(unseen[id] === undefined ? [] : [unseen[id]])];
      lines.push(`| ${id} | ${text} | ${where.join(': ')} |`);
    }
    lines.push('');
  }
  return `${lines.join('\n').trimEnd()}\n`;
}

it('every row of the checklist is shown by a test, and every test names a row that exists', () => {
  const shown = findTests();
  const ids = checklist.map(row => row.id);
  const texts = checklist.map(row => row.text);
  expect(texts.filter((text, i) => texts.indexOf(text) !== i)).toEqual([]);
  expect(Object.keys(sections)).toEqual([...new Set(ids.map(id => id.slice(0, 1)))]);
  expect(ids.filter(id => !shown.has(id))).toEqual([]);
  expect([...shown.keys()].filter(id => !ids.includes(id))).toEqual([]);
});

it('every row is shown by a scenario in real Envoy, or says why it cannot be', () => {
  const shown = findTests();
  const seen = (id: string): boolean => (shown.get(id) ?? []).some(where => where.startsWith('`'));
  const without = checklist.map(({ id }) => id).filter(id => !seen(id));
  expect(without).toEqual(Object.keys(unseen));
});

it('docs/host.md is made from the checklist', () => {
  const path = join(root, 'docs', 'host.md');
  if (process.env['WASME_UPDATE'] === '1') writeFileSync(path, page());
  expect(readFileSync(path, 'utf8'), 'docs/host.md: run "npm run docs"').toBe(page());
});
