/** Whether a built module is one that hosts load, and within its budget. */
import { WasmeError } from '../errors.ts';
import { judgeModule } from '../wasm/abi.ts';
import { type ModuleInfo, parseModule } from '../wasm/module.ts';
import { checkBudget } from './size.ts';

/** Fails with WASM_INVALID, WASM_ABI (every reason a host would have to refuse it) or BUILD_TOO_LARGE. */
export function checkModule(bytes: Uint8Array, sizeBudget: number | string | undefined): ModuleInfo {
  const module = parseModule(bytes);
  const { findings } = judgeModule(module);
  const errors = findings.filter(({ level }) => level === 'error');
  if (errors.length > 0) {
    throw new WasmeError(
      'WASM_ABI',
      `hosts would refuse the module:\n${errors.map(({ message }) => `  ${message}`).join('\n')}`,
      {
        hint: errors[0]?.repair,
        details: { findings },
      },
    );
  }
  checkBudget(module, sizeBudget);
  return module;
}
