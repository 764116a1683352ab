/** Tables and memories that a module imports; test/real/host/verify-envoy.test.ts asks Envoy about the same modules. */
import { expect, it } from 'vitest';
import { createHost } from '../../../../src/host/index.ts';
import { moduleFindings } from '../../../../src/wasm/compatibility/module-findings.ts';
import { parseModule } from '../../../../src/wasm/module.ts';
import { TestEnvironment } from '../../../helpers/guests/test-environment.ts';
import { storageModules } from '../../../helpers/guests/storage-modules.ts';

it.each(Object.entries(storageModules))('%s', async (_title, { module, refusal }) => {
  const errors = moduleFindings(parseModule(module)).filter(({ level }) => level === 'error');
  expect(errors.map(({ message }) => message)).toEqual(refusal === undefined ? [] : [refusal]);
  const load = createHost({ environment: new TestEnvironment() }).loadPlugin(module, { name: 'p' });
  if (refusal === undefined) await expect(load).resolves.toBeDefined();
  else await expect(load).rejects.toMatchObject({ code: 'WASM_ABI', message: refusal });
});
