/** Texts that YAML readers disagree about: the same ones each time, from a fixed seed. */

/** Matches characters that YAML written by wasme must escape: YAML 1.1 readers break lines there, drop them, or refuse the document. */

export const rawInYaml = /[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]/;

const breaks = ['\u0085', '\u2028', '\u2029'];
const parts = [
  ...breaks,
  ...['\ufeff', '\ufffe', '\uffff', '\0', '\x01', '\x1b', '\x7f', '\x80', '\x9f', '\ud800', '\udc00'],
  ...[
    '\n',
    '\r',
    '\t',
    ' ',
    '  ',
    'a',
    'b: c',
    '# d',
    '- ',
    '"',
    "'",
    '\\',
    '{',
    '}',
    '[',
    ']',
    '|',
    '>',
    '---',
    '...',
  ],
  ...[
    '\u00a0',
    'é',
    '\u{1f600}',
    '%',
    ':',
    ',',
    '&a',
    '*a',
    '!x',
    'on',
    '0x1',
    '~',
    '0777',
    '1_000',
    '=',
    '<<',
  ],
  ...['\\u2028', 'x'.repeat(50)],
];

/** Texts of up to eight parts; the first ones are a line break of YAML 1.1 and what would be a key behind it. */
export function hostileTexts(count: number): string[] {
  let state = 7;
  const random = (below: number): number => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  const made = Array.from({ length: count }, () =>
    Array.from({ length: random(9) }, () => parts[random(parts.length)]).join(''),
  );
  return [...breaks.map(character => `a${character}        injected: true`), ...made];
}

/** The value as UTF-8 can carry it: half of a surrogate pair becomes U+FFFD. */
export function asUtf8(value: unknown): unknown {
  if (typeof value === 'string') return Buffer.from(value, 'utf8').toString('utf8');
  if (Array.isArray(value)) return value.map(asUtf8);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [asUtf8(key), asUtf8(item)]));
}

/** A JSON object with hostile texts as values, list items and keys. */
export function hostileObject(count: number): Record<string, unknown> {
  const texts = hostileTexts(count);
  return {
    texts,
    nested: Object.fromEntries(texts.map((text, index) => [`${index}${text}`, { [text]: text }])),
  };
}
