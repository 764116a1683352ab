/** Changes to a text that leave the rest of it byte for byte, and the places in YAML and JSON texts that they are made at. */

/** Replaces `text.slice(start, end)` by `insert`. */
export interface TextEdit {
  readonly start: number;
  readonly end: number;
  readonly insert: string;
}

/** A node of the YAML parser: start, end of the value, end with what follows it. */
interface Ranged {
  readonly range?: readonly number[] | null | undefined;
}

/** Applies edits that do not overlap, in any order. */
export function applyEdits(text: string, edits: readonly TextEdit[]): string {
  let result = text;
  for (const { start, end, insert } of [...edits].sort((a, b) => b.start - a.start)) {
    result = result.slice(0, start) + insert + result.slice(end);
  }
  return result;
}

/** Adds lines behind the line on which `contentEnd` lies. */
export function appendLines(text: string, contentEnd: number, lines: string): TextEdit {
  const at = lineEnd(text, contentEnd);
  // A last line without a newline stays one: removal takes the newline in front away again.
  if (at === text.length && !text.endsWith('\n')) {
    return { start: at, end: at, insert: eolOf(text) + lines.replace(/\r?\n$/, '') };
  }
  return { start: at, end: at, insert: lines };
}

/** Removes lines; those that end a text without a newline go with the newline in front. */
export function removeLines(text: string, start: number, end: number): TextEdit {
  if (end < text.length || text.endsWith('\n') || start === 0) return { start, end, insert: '' };
  return { start: text[start - 2] === '\r' ? start - 2 : start - 1, end, insert: '' };
}

export function startOf({ range }: Ranged): number {
  return range?.[0] ?? 0;
}

/** Returns the end of a node's content: line breaks and blanks after it are not part of it. */
export function endOf(text: string, { range }: Ranged): number {
  return text.slice(0, range?.[1] ?? 0).trimEnd().length;
}

export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset);
}

export function lineStart(text: string, offset: number): number {
  return offset === 0 ? 0 : text.lastIndexOf('\n', offset - 1) + 1;
}

/** Returns the offset behind the line's newline, or the end of the text. */
export function lineEnd(text: string, offset: number): number {
  const newline = text.indexOf('\n', offset);
  return newline < 0 ? text.length : newline + 1;
}

export function eolOf(text: string): '\r\n' | '\n' {
  return text.includes('\r\n') ? '\r\n' : '\n';
}
