/** Files in unusual forms that Envoy reads; test/real/deploy/edited-files.test.ts has Envoy read the same ones. */
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { addToFile, removeFromFile } from '../../../../../src/targets/envoy/edit/edit.ts';
import { wasmEntry } from '../../../../../src/targets/envoy/filters.ts';
import { plainIntent } from '../../../../helpers/deploy/deploy-cases.ts';
import { editableFiles, singleValueFiles } from '../../../../helpers/deploy/envoy-files.ts';

const path = 'e.yaml';

function add(text: string, kind: typeof plainIntent.kind, clusters: readonly string[] = []): string {
  const added = clusters.map(name => ({ name, cluster: { name } }));
  const entry = wasmEntry(kind, 'mine', { name: 'mine' });
  return addToFile(text, { intent: { ...plainIntent, id: 'mine', kind }, entry, clusters: added }, { path });
}

it.each(editableFiles)('a filter goes into a file with $title and comes out again byte for byte', row => {
  const edited = add(row.text, row.kind);
  expect(parse(edited)).not.toEqual(parse(row.text));
  expect(edited.match(/name: mine/g)).toHaveLength(2);
  expect(removeFromFile(edited, 'mine', { path }).text).toBe(row.text);
});

it.each(singleValueFiles)('a single value for $title is refused with the dash that is missing', row => {
  let error: unknown;
  try {
    add(row.text, row.kind, row.clusters);
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({
    code: 'DEPLOY_FILE',
    message: expect.stringMatching(
      new RegExp(`e\\.yaml:\\d+:\\d+: ${row.title} has one value instead of a list`),
    ) as string,
    hint: expect.stringContaining('write "- " before the value') as string,
  });
});

it('a listener without a name is found by its port, also when that is written in quotes', () => {
  const [{ text }] = editableFiles;
  const quoted = text.replace('- name: main\n      ', '- ').replace('port_value: 0', 'port_value: "18000"');
  const entry = wasmEntry('http', 'mine', { name: 'mine' });
  const addition = { intent: { ...plainIntent, id: 'mine' }, entry, clusters: [] };
  expect(addToFile(quoted, addition, { path, listener: '18000' })).toContain('- name: mine');
  expect(() => addToFile(quoted, addition, { path, listener: '1' })).toThrow(
    expect.objectContaining({ hint: 'it has: 18000' }) as Error,
  );
});

it('a filter of API v2 with a name and no type is refused', () => {
  const [{ text }] = editableFiles;
  const old = text.replace(/\n *typed_config: \{ "@type": \S*Router \}/, '');
  expect(() => add(old, 'http')).toThrow(/"envoy\.router" without "typed_config" is of Envoy API v2/);
});
