import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { withReason, explanations, plain } from '../../../src/targets/annotated-document.ts';
import { renderYaml } from '../../../src/targets/yaml.ts';

const tree = {
  name: 'on',
  mode: withReason('0777', 'asked for with --mode'),
  absent: undefined,
  gone: withReason(undefined, 'never seen'),
  list: [{ a: withReason(1, 'one') }, withReason('x', 'second')],
  big: 'x '.repeat(80).trim(),
};

describe('documents as trees', () => {
  it('drops reasons and absent fields', () => {
    expect(plain(tree)).toEqual({ name: 'on', mode: '0777', list: [{ a: 1 }, 'x'], big: tree.big });
    expect(explanations(tree).filter(({ path }) => path[0] === 'list')).toEqual([
      { path: ['list', 0, 'a'], reason: 'one' },
      { path: ['list', 1], reason: 'second' },
    ]);
  });

  it('renders the same bytes again, quoted for YAML 1.1 readers', () => {
    const text = renderYaml([tree, { second: true }]);
    expect(text).toBe(renderYaml([tree, { second: true }]));
    expect(text).toContain('name: "on"\nmode: "0777"\n');
    expect(text).toContain('\n---\nsecond: true\n');
    expect(text).not.toContain('#');
  });

  it('puts reasons over their fields as comments that change nothing', () => {
    const text = renderYaml([tree], { explain: true });
    expect(text).toContain('# asked for with --mode\nmode:');
    expect(text).toContain('# one\n');
    expect(text).toContain('# second\n');
    expect(parse(text)).toEqual(plain(tree));
  });

  it('repeats equal parts instead of making anchors', () => {
    const shared = { k: 'v' };
    expect(renderYaml([{ a: shared, b: shared }])).toBe('a:\n  k: v\nb:\n  k: v\n');
  });
});
