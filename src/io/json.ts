/** JSON that another program printed or answered: text in, a value out, nested no deeper than can be walked. */

/** Envoy parses 100 nested messages, each of them at most a few levels of JSON; recursion over a thousand is safe. */
const maxDepth = 1_000;

/** Fails with a SyntaxError for text that is not JSON, and with a RangeError for values nested too deeply. */
export function parseJson(text: string): unknown {
  const value: unknown = JSON.parse(text);
  if (isDeeper(value, maxDepth)) throw new RangeError(`nested more than ${maxDepth} levels deep`);
  return value;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  return levels === 0 || Object.values(value).some(item => isDeeper(item, levels - 1));
}
