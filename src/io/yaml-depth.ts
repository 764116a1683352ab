/** Refuses YAML and JSON texts that are nested so deeply that the parser, which calls itself, would end the process. */
import { type CST, Parser } from 'yaml';

/** Envoy reads no message deeper than 100; the parser stands some thousand. */
const maxDepth = 256;

/** Throws the error of `fail` for a text that is nested more deeply than `maxDepth`. To be called before the text is parsed. */
export function checkDepth(source: string, fail: (what: string) => Error): void {
  if (!mayBeDeep(source)) return;
  // What is parsed first is flat: its tokens hold each other, and no function calls itself.
  for (const token of new Parser().parse(source)) {
    if (isDeep(token)) throw fail(`values are nested more than ${maxDepth} deep`);
  }
}

/** Each level takes a bracket, or a column in front of what stands in its line; a list may share that of its key. */
function mayBeDeep(source: string): boolean {
  return (source.match(/[[{]/g)?.length ?? 0) > maxDepth / 2 || /^[ \t?:-]{64}/m.test(source);
}

function isDeep(top: CST.Token): boolean {
  let level: CST.Token[] = [top];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > maxDepth) return true;
    level = level.flatMap(inner);
  }
  return false;
}

function inner(token: CST.Token): CST.Token[] {
  if (token.type === 'document') return token.value === undefined ? [] : [token.value];
  if (!('items' in token)) return [];
  return token.items.flatMap(({ key, value }) =>
    [key, value].filter(part => part !== null && part !== undefined),
  );
}
