/** Parses WWW-Authenticate: every challenge of every header line. https://www.rfc-editor.org/rfc/rfc9110#section-11.6.1 */

export interface Challenge {
  /** Lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Names in lower case. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** One token, quoted string, or separator at a time. */
const lexer = /\s*(?:("(?:[^"\\]|\\.)*")|([^\s",=]+=*(?=\s*(?:,|$)))|([^\s",=]+)|([,=]))/y;

/**
 * Returns all challenges of the header's lines, in order. One line may hold several, separated by the same commas that
 * separate parameters; commas in quotes (scopes) belong to the value. Unreadable parts are skipped.
 */
export function parseChallenges(lines: readonly string[]): readonly Challenge[] {
  return lines.flatMap(parseLine);
}

function parseLine(line: string): Challenge[] {
  const words = split(line);
  const found: { scheme: string; parameters: Record<string, string> }[] = [];
  for (let at = 0; at < words.length; at++) {
    const [word = '', next = '', value = ''] = words.slice(at, at + 3);
    if (word === ',' || word === '=') continue;
    const current = found.at(-1);
    if (next === '=') {
      const name = word.toLowerCase();
      // The first value counts, so that a joined header cannot change what an earlier line says.
      if (value !== ',' && current !== undefined) current.parameters[name] ??= unquote(value);
      at += value === ',' ? 1 : 2;
    } else if (/^[\w!#$%&'*+.^`|~-]+$/.test(word) && (at === 0 || words[at - 1] === ',')) {
      found.push({ scheme: word.toLowerCase(), parameters: Object.create(null) as Record<string, string> });
    }
  }
  return found;
}

function split(line: string): string[] {
  const words: string[] = [];
  lexer.lastIndex = 0;
  for (let match = lexer.exec(line); match !== null; match = lexer.exec(line)) {
    words.push(match[1] ?? match[2] ?? match[3] ?? match[4] ?? '');
  }
  return words;
}

function unquote(value: string): string {
  return value.startsWith('"') ? value.slice(1, -1).replace(/\\(.)/g, '$1') : value;
}
