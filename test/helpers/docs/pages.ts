/** Pages of docs/ as something to follow: the lines that a reader types, in order, and what the page says is answered. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../tree.ts';

export interface Step {
  /** Without the prompt. */
  readonly line: string;
  readonly answer: readonly string[];
}

/** `$ …` lines of the code blocks of a page. */
export function stepsOf(page: string): Step[] {
  const text = readFileSync(join(root, page), 'utf8');
  const blocks = [...text.matchAll(/^ *```\w*\n([^]*?)^ *```/gm)].map(match => match[1] ?? '');
  return blocks.flatMap(block =>
    block
      .replace(/\\\n\s*/g, '')
      .split(/^\$ /m)
      .slice(1)
      .map(part => {
        const [line = '', ...answer] = part.trimEnd().split('\n');
        return { line, answer };
      }),
  );
}

/** Returns the arguments that a shell would pass: without quotes, and without everything after #, |, >, &, && and ;. */
export function wordsOf(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:"[^"]*"|'[^']*'|\\.|[^\s"'\\])+/g)) {
    if (/^(#|\||>|&|;|←|→)/.test(word)) break;
    words.push(word.replace(/"([^"]*)"|'([^']*)'|\\(.)/g, '$1$2$3').replace(/;$/, ''));
    if (word.endsWith(';')) break;
  }
  return words;
}

/** Turns a line of printed output into a pattern in which digests and ports may differ and … matches anything. */
export function answerPattern(line: string): RegExp {
  const pattern = line
    .trim()
    .replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
    .replace(/ {2,}/g, ' +')
    .replace(/\b[0-9a-f]{12}\b/g, '[0-9a-f]{12}')
    .replace(/127\\\.0\\\.0\\\.1:\d+/g, '127\\.0\\.0\\.1:\\d+')
    .replace(/[0-9a-f]*…[0-9a-f]*/g, '.*');
  return new RegExp(`^${pattern}$`, 'm');
}
