/**
 * Makes text that came from elsewhere (a registry, an image, a guest, a tool) fit for a terminal: what would move the
 * cursor, colour, hide or reorder text is shown as an escape such as `\x1b`. Letters of every language stay.
 */

/**
 * Control characters (C0, DEL, C1), formatting characters (bidi controls, zero width space, byte order mark, tags),
 * line and paragraph separators, and halves of surrogate pairs. The two joiners stay: words and emoji are written with
 * them, and they can do nothing but join.
 */
const unfit = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** Returns `text` with its lines and tabs, and every other unfit character as an escape. CRLF counts as a newline. */
export function visible(text: string): string {
  return text.replace(/\r+\n/g, '\n').replace(unfit, char => (/[\n\t]/.test(char) ? char : escaped(char)));
}

/**
 * Returns `text` with its further lines indented, so that none of them looks like a line of ours (`help: …`). Lines that are
 * indented already stay as they are.
 */
export function indented(text: string): string {
  return text.replace(/\n(?=\S)/g, '\n  ');
}

/** Returns `text` as a single line: a line break within it is shown as `\n`, a tab as `\t`. */
export function visibleLine(text: string): string {
  return text.replace(unfit, escaped);
}

/** Returns `text` as a single short line: runs of white space become a space, and the end is cut. */
export function printable(text: string, maxLength = 1000): string {
  const clean = visibleLine(text.replace(/[\t\n\v\f\r \u0085\u2028\u2029]+/g, ' ').trim());
  return clean.length > maxLength ? `${clean.slice(0, maxLength)}…` : clean;
}

/** Returns the same JSON with all unfit characters of its strings written as `\uXXXX`, which JSON.stringify does only for some. */
export function visibleJson(json: string): string {
  return json.replace(unfit, char =>
    char === '\n' ? char : char.replace(/[^]/g, unit => `\\u${hex(unit.charCodeAt(0), 4)}`),
  );
}

const named: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' };

/** `\r`, `\x1b`, `\u202e`, `\u{e0041}`. */
function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  if (code > 0xffff) return `\\u{${hex(code, 5)}}`;
  return named[char] ?? (code > 0xff ? `\\u${hex(code, 4)}` : `\\x${hex(code, 2)}`);
}

function hex(code: number, digits: number): string {
  return code.toString(16).padStart(digits, '0');
}
