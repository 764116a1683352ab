/** The `name` custom section: function index → name, for stack traces. */
import { BinaryReader } from './reader.ts';
import type { ModuleInfo } from './module.ts';

/** Names by function index (imports count first). A damaged section gives what could be read: it is only for display. */
export function functionNames(module: ModuleInfo): Map<number, string> {
  const names = new Map<number, string>();
  const section = module.customSections.find(item => item.name === 'name');
  if (!section) return names;
  try {
    const reader = new BinaryReader(section.bytes);
    while (!reader.done) {
      const id = reader.byte();
      const part = reader.part(reader.u32());
      if (id !== 1) continue;
      for (let left = part.count(); left > 0; left--) names.set(part.u32(), part.name());
    }
  } catch {
    // Display only: a module with a broken name section runs as well as any.
  }
  return names;
}
