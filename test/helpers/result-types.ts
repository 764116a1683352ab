/** The TypeScript shapes of a verb's result, taken from the source: what `--json` prints, field by field. */
import { sourceFiles } from './tree.ts';

const declaration = /^export (?:interface|type) (\w+)[^\n]*(?:\{\n[^]*?^\}|;)$/gm;

/** Name → source of the declaration, comments included. */
function declarations(): Map<string, { source: string; path: string }> {
  const found = new Map<string, { source: string; path: string }>();
  for (const { path, text } of sourceFiles('src')) {
    for (const match of text.matchAll(declaration)) {
      const name = match[1] ?? '';
      if (!found.has(name)) found.set(name, { source: match[0], path });
    }
  }
  return found;
}

const known = declarations();

/** The declaration of a type and of every type it names, the outer one first; empty when there is no such type. */
export function resultTypes(name: string): string[] {
  const seen = new Set<string>();
  const out: string[] = [];
  const visit = (type: string): void => {
    const entry = known.get(type);
    if (!entry || seen.has(type)) return;
    seen.add(type);
    out.push(entry.source.replace(/^export /, '').replace(/\breadonly /g, ''));
    for (const [word] of entry.source.matchAll(/\b[A-Z]\w+\b/g)) visit(word);
  };
  visit(name);
  return out;
}
