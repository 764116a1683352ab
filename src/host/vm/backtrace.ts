/** Formats where a guest trapped: offsets and names as Envoy prints them. */
import { demangle } from '../../wasm/demangle.ts';
import { functionNames } from '../../wasm/names.ts';
import type { CompiledFilter } from './compile.ts';
import { maxBacktraceFrames } from '../limits.ts';

/** Returns the lines of a trap's backtrace; none when the engine gave no frames. */
export function backtrace(error: unknown, { info, offsetShift }: CompiledFilter): string[] {
  if (!(error instanceof Error) || error.stack === undefined) return [];
  const all = [...error.stack.matchAll(/(wasm:[^\s():]*\/[^\s():]*):wasm-function\[(\d+)\]:0x([0-9a-f]+)/g)];
  // The outermost frame is the guest's; one of another module is the host's, which made the trap.
  const frames = all.filter(([, module]) => module === all.at(-1)?.[1]);
  if (frames.length === 0) return [];
  const names = functionNames(info);
  const lines = frames.slice(0, maxBacktraceFrames).map(([, , index, offset], depth) => {
    const name = names.get(Number(index));
    const shown = name === undefined ? `unknown(function index:${index ?? ''})` : demangle(name);
    return frameLine(depth, parseInt(offset ?? '', 16) - offsetShift, shown);
  });
  return [backtraceTitle, ...lines];
}

export const backtraceTitle = 'Proxy-Wasm plugin in-VM backtrace:';

/** Formats one frame; `offset` is that of the call in the module's file. */
export function frameLine(depth: number, offset: number, name: string): string {
  return `${String(depth).padStart(3)}:  0x${offset.toString(16)} - ${name}`;
}
