/** The one wording with which build, deploy, push and run refuse a module. */
import { describe, expect, it } from 'vitest';
import { hostFindings, checkModule } from '../../../../src/wasm/compatibility/check-module.ts';
import { moduleFindings } from '../../../../src/wasm/compatibility/module-findings.ts';
import { requireLoadable } from '../../../../src/wasm/compatibility/require-loadable.ts';
import { parseHost } from '../../../../src/wasm/hosts.ts';
import { parseModule } from '../../../../src/wasm/module.ts';
import { compileWat } from '../../../helpers/guests/guests.ts';
import { filterText } from '../../../helpers/guests/images.ts';

const odd = parseModule(compileWat(filterText('(import "env" "odd" (func))')));
const oddTwice = parseModule(
  compileWat(filterText('(import "env" "odd" (func)) (import "env" "odder" (func))')),
);
const refusal = { host: 'istio@1.30', name: 'filter.wasm' };
const missing = 'Failed to load Wasm module due to a missing import: env.odd';

describe('requireLoadable', () => {
  it('names the host, the module and the only reason on one line', () => {
    expect(() => requireLoadable(hostFindings(odd, parseHost('istio@1.30')), refusal)).toThrow(
      expect.objectContaining({
        code: 'WASM_ABI',
        message: `istio@1.30 would not load filter.wasm: ${missing}`,
        hint: 'no host has it: a symbol was left undefined at link time',
      }) as Error,
    );
  });

  it('gives each of several reasons a line', () => {
    expect(() => requireLoadable(hostFindings(oddTwice, parseHost('istio@1.30')), refusal)).toThrow(
      expect.objectContaining({
        message: `istio@1.30 would not load filter.wasm:\n  ${missing}\n  ${missing}er`,
      }) as Error,
    );
  });

  it('uses only the words of Envoy for a host that is Envoy itself', () => {
    expect(() => requireLoadable(moduleFindings(oddTwice))).toThrow(
      expect.objectContaining({ message: missing }) as Error,
    );
  });

  it('accepts a module with nothing but warnings', () => {
    const command = parseModule(compileWat(filterText('(func (export "_start"))')));
    const findings = moduleFindings(command);
    expect(findings.map(({ level }) => level)).toEqual(['warning']);
    expect(() => requireLoadable(findings, refusal)).not.toThrow();
  });

  it('refuses for the same reason as the check that only reports', () => {
    expect(checkModule(oddTwice, parseHost('istio@1.30'))).toEqual({
      ok: false,
      reason: `${missing} (and 1 more)`,
      repair: 'no host has it: a symbol was left undefined at link time',
      notes: [],
    });
  });
});
