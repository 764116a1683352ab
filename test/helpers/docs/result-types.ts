/** The TypeScript shapes of a verb's result, taken from the source: what `--json` prints, field by field. */
import { sourceFiles } from '../tree.ts';

const texts = sourceFiles('src').map(({ text }) => text);

/** By the name in the first group of `pattern`, from there to the `;` or `}` that ends it; of two with one name the first. */
function byName(pattern: RegExp): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const text of texts) {
    for (const match of text.matchAll(pattern)) {
      const [, name = ''] = match;
      if (!found.has(name)) found.set(name, text.slice(match.index, endOf(text, match.index)));
    }
  }
  return found;
}

function endOf(text: string, start: number): number {
  const last = text.startsWith('export interface', start) ? '}' : ';';
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if ('{[('.includes(text[at] ?? '')) depth++;
    if ('}])'.includes(text[at] ?? '')) depth--;
    if (depth === 0 && text[at] === last) return at + 1;
  }
  return text.length;
}

const declarations = byName(/^export (?:interface|type) (\w+)/gm);
const lists = byName(/^(?:export )?const (\w+) = \[/gm);

/** The declaration of a type and of every type it names, the outer one first; empty when there is no such type. */
export function resultTypes(name: string): string[] {
  const seen = new Set<string>();
  const out: string[] = [];
  const visit = (type: string): void => {
    const declaration = declarations.get(type);
    if (declaration === undefined || seen.has(type)) return;
    seen.add(type);
    const source = spelledOut(declaration);
    out.push(source.replace(/^export /, '').replace(/\breadonly /g, ''));
    for (const [word] of withoutComments(source).matchAll(/\b[A-Z]\w+\b/g)) visit(word);
  };
  visit(name);
  return out;
}

function withoutComments(source: string): string {
  return source.replace(/\/\*\*[^]*?\*\//g, '');
}

/** With the words of a list, the keys of a type and the type of its field in the place of its name. */
function spelledOut(source: string): string {
  return source
    .replace(/\(typeof (\w+)\)\[number\]/g, (_, list: string) => union(wordsOf(list)))
    .replace(/\bkeyof (\w+)/g, (_, type: string) => union(keysOf(type)))
    .replace(/\b([A-Z]\w+)\['(\w+)'\]/g, (_, type: string, field: string) => fieldOf(type, field));
}

function wordsOf(list: string): string[] {
  const items = lists.get(list)?.matchAll(/\.\.\.(\w+)|'([^']+)'/g) ?? [];
  return [...items].flatMap(([, other, word]) => (other === undefined ? [word ?? ''] : wordsOf(other)));
}

function keysOf(type: string): string[] {
  const keys = declarations.get(type)?.matchAll(/^ {2}(?:readonly )?'?([\w-]+)'?\??:/gm) ?? [];
  return [...keys].map(([, key]) => key ?? '');
}

function fieldOf(type: string, field: string): string {
  const line = new RegExp(`^ {2}(?:readonly )?${field}\\??: (.*);$`, 'm').exec(declarations.get(type) ?? '');
  if (line === null) throw new Error(`no field ${field} of ${type} in one line`);
  return spelledOut(line[1] ?? '');
}

function union(words: readonly string[]): string {
  if (words.length === 0) throw new Error('a list or a type whose words are not found');
  return words.map(word => `'${word}'`).join(' | ');
}
