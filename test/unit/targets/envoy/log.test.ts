import { describe, expect, it } from 'vitest';
import { recordArguments, recordEnd, recordReader } from '../../../../src/targets/envoy/log.ts';

/** What the lines give, in order. */
function read(...lines: string[]) {
  return lines.map(recordReader()).filter(record => record !== undefined);
}

describe("Envoy's log as records", () => {
  it('a record may have several lines', () => {
    expect(
      read(
        '[1795244632.824][5][warning][wasm] [source/a.cc:1] wasm log f: one',
        '[two]',
        `three${recordEnd}`,
        `[1795244632.900][5][info][main] [source/b.cc:2] next${recordEnd}`,
      ),
    ).toEqual([
      { timeMs: 1795244632824, level: 'warning', logger: 'wasm', text: 'wasm log f: one\n[two]\nthree' },
      { timeMs: 1795244632900, level: 'info', logger: 'main', text: 'next' },
    ]);
  });

  it('what is no record is left out, and does not swallow the next one', () => {
    expect(
      read(
        '[1.000][5][info][wasm] [a:1] never ended',
        `[1.001][5][info][wasm] [a:1] next${recordEnd}`,
        'Caught Segmentation fault',
        `[1.002][5][info][wasm] [a:1] last${recordEnd}`,
        `[1.003][5][odd][wasm] [a:1] unknown level${recordEnd}`,
      ).map(({ text }) => text),
    ).toEqual(['next', 'last']);
  });

  it('asks for it in the format that it reads', () => {
    expect(recordArguments('debug')).toEqual([
      '--log-format',
      expect.stringMatching(/^\[%E\.%e\].*%v\u001e$/),
      '--component-log-level',
      'wasm:debug',
    ]);
  });
});
