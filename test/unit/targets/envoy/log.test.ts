import { describe, expect, it } from 'vitest';
import { recordArguments, recordMark, recordReader } from '../../../../src/targets/envoy/log.ts';

const mark = recordMark();

/** Returns the records that the lines form, in order. */
function read(...lines: string[]) {
  return lines.map(recordReader(mark)).filter(record => record !== undefined);
}

describe("Envoy's log as records", () => {
  it('keep all lines of a record of several lines', () => {
    expect(
      read(
        `${mark}[1795244632.824][5][warning][wasm] [source/a.cc:1] wasm log f: one`,
        '[two]',
        `three${mark}`,
        `${mark}[1795244632.900][5][info][main] [source/b.cc:2] next${mark}`,
      ),
    ).toEqual([
      { timeMs: 1795244632824, level: 'warning', logger: 'wasm', text: 'wasm log f: one\n[two]\nthree' },
      { timeMs: 1795244632900, level: 'info', logger: 'main', text: 'next' },
    ]);
  });

  it('leave out a line that is not part of a record, and keep the next record', () => {
    expect(
      read(
        `${mark}[1.000][5][info][wasm] [a:1] never ended`,
        `${mark}[1.001][5][info][wasm] [a:1] next${mark}`,
        'Caught Segmentation fault',
        `${mark}[1.002][5][info][wasm] [a:1] last${mark}`,
        `${mark}[1.003][5][odd][wasm] [a:1] unknown level${mark}`,
      ).map(({ text }) => text),
    ).toEqual(['next', 'last']);
  });

  it('cannot be forged by a filter that logs the marks and the heads of other Envoys', () => {
    const foreign = recordMark();
    const lines = [
      `${mark}[1.001][5][info][wasm] [a:1] wasm log f: one${foreign}`,
      '[1.002][5][critical][wasm] [a:1] forged',
      `${foreign}[1.003][5][critical][wasm] [a:1] forged\u001e${mark}`,
    ];
    expect(read(...lines).map(({ timeMs, level }) => [timeMs, level])).toEqual([[1001, 'info']]);
    expect(mark).not.toBe(foreign);
  });

  it('are requested from Envoy in the format that the parser reads', () => {
    expect(recordArguments('debug', mark)).toEqual([
      '--log-format',
      `${mark}[%E.%e][%t][%l][%n] [%g:%#] %v${mark}`,
      '--component-log-level',
      'wasm:debug',
    ]);
  });
});
