/** Where a guest was when it trapped, as lines for a person: offsets and names as Envoy prints them. */
import { demangle } from '../wasm/demangle.ts';
import type { ModuleInfo } from '../wasm/module.ts';
import { functionNames } from '../wasm/names.ts';
import { maxBacktraceFrames } from './limits.ts';

/** Empty when the engine gave no frames. */
export function backtrace(error: unknown, info: ModuleInfo): string[] {
  if (!(error instanceof Error) || error.stack === undefined) return [];
  const frames = [...error.stack.matchAll(/wasm-function\[(\d+)\]:0x([0-9a-f]+)/g)];
  if (frames.length === 0) return [];
  const names = functionNames(info);
  const lines = frames.slice(0, maxBacktraceFrames).map(([, index, offset], depth) => {
    const name = names.get(Number(index));
    const shown = name === undefined ? `function ${index ?? ''}` : demangle(name);
    return `${String(depth).padStart(3)}:  0x${offset ?? ''} - ${shown}`;
  });
  return ['Proxy-Wasm plugin in-VM backtrace:', ...lines];
}
