/**
 * Changes to the user's YAML or JSON as text: only the lines that come or go differ, so comments, order, quotes and large
 * numbers stay as they are. Each addition can be taken out again byte for byte.
 */
import { type Node, type Pair, type YAMLMap, type YAMLSeq, isNode } from 'yaml';
import {
  type TextEdit,
  appendLines,
  columnOf,
  endOf,
  eolOf,
  lineEnd,
  lineStart,
  removeLines,
  startOf,
} from '../../../io/text-edits.ts';
import { stringifyFlow } from '../../../io/yaml-text.ts';
import { renderYaml } from '../../yaml.ts';
import type { AnnotatedDocument } from '../../annotated-document.ts';
import { plain } from '../../annotated-document.ts';

/** Says in a block list's key line that the key came with the filter, and goes with it. */
const addedKeyNote = ' # added by wasme';

/** Puts items into a list, before the one at `index`; a list that is empty has to be a flow list (`[]`). */
export function insertItems(
  text: string,
  list: YAMLSeq,
  index: number,
  added: readonly AnnotatedDocument[],
): TextEdit {
  const next = list.items[index];
  if (list.flow === true || !isNode(next)) {
    const at = isNode(next) ? startOf(next) : startOf(list) + 1;
    const insert = flowItems(text, at, added);
    return { start: at, end: at, insert: isNode(next) ? `${insert},${gapBefore(text, at)}` : insert };
  }
  const column = columnOf(text, startOf(list));
  const at = aboveComments(text, dashLine(text, startOf(next), column), column);
  return { start: at, end: at, insert: blockLines(text, added, column) };
}

/** Puts items behind all others; in a flow list (JSON) in front of them, where the comma is certain. */
export function appendItems(text: string, list: YAMLSeq, added: readonly AnnotatedDocument[]): TextEdit {
  if (list.flow === true) return insertItems(text, list, 0, added);
  return appendLines(text, endOf(text, list), blockLines(text, added, columnOf(text, startOf(list))));
}

/** Replaces an item in its place. */
export function replaceItem(text: string, list: YAMLSeq, index: number, item: AnnotatedDocument): TextEdit {
  const old = list.items[index];
  if (!isNode(old)) throw new TypeError('no such item');
  if (list.flow === true) {
    const start = startOf(old);
    return { start, end: old.range?.[1] ?? start, insert: flowText(text, start, item) };
  }
  const column = columnOf(text, startOf(list));
  const { start, end } = itemLines(text, list, index);
  const lines = blockLines(text, [item], column);
  return { start, end, insert: text.slice(start, end).endsWith('\n') ? lines : lines.replace(/\r?\n$/, '') };
}

/** Adds `key` with a list of items to a mapping. */
export function insertKey(
  text: string,
  map: YAMLMap,
  key: string,
  added: readonly AnnotatedDocument[],
): TextEdit {
  const first = map.items[0]?.key;
  if (map.flow === true || !isNode(first)) {
    const at = isNode(first) ? startOf(first) : startOf(map) + 1;
    // By the space after "[" removeItem knows that the key came with the item.
    const list = `${stringifyFlow(key)}: [ ${flowItems(text, at, added)}]`;
    return { start: at, end: at, insert: isNode(first) ? `${list},${gapBefore(text, at)}` : list };
  }
  const column = columnOf(text, startOf(first));
  const eol = eolOf(text);
  const head = `${' '.repeat(column)}${key}:${addedKeyNote}${eol}`;
  return appendLines(text, endOf(text, map), head + blockLines(text, added, column + 2));
}

/** Fills a key of a block mapping that is there without a value (`clusters:`): the items come on the lines below it. */
export function fillKey(text: string, key: Node, added: readonly AnnotatedDocument[]): TextEdit {
  return appendLines(text, endOf(text, key), blockLines(text, added, columnOf(text, startOf(key)) + 2));
}

/**
 * Takes the items at `indexes` out, and the key above them when it came with them. `owner` is the mapping that has the
 * list.
 */
export function removeItems(
  text: string,
  list: YAMLSeq,
  indexes: readonly number[],
  owner: YAMLMap,
): TextEdit[] {
  if (indexes.length === 0) return [];
  const pair = owner.items.find(({ value }) => value === list);
  const all = indexes.length === list.items.length;
  if (list.flow === true) {
    const open = startOf(list);
    const keyCame = text[open + 1] === ' ' && text[open + 2] !== ']';
    return all && keyCame && pair !== undefined
      ? [removeFlowPair(text, owner, pair)]
      : runsOf(indexes).map(run => removeFlowItems(list, run));
  }
  const lines = indexes.map(index => itemLines(text, list, index));
  const first = lines[0]?.start ?? 0;
  const keyLine = isNode(pair?.key) ? lineStart(text, startOf(pair.key)) : first;
  const keyCame = text.slice(keyLine, lineEnd(text, keyLine)).trimEnd().endsWith(addedKeyNote);
  if (all && keyCame) return [removeLines(text, keyLine, lines.at(-1)?.end ?? first)];
  return joined(lines).map(({ start, end }) => removeLines(text, start, end));
}

/** Ranges that touch as one: only what ends the file may take the newline in front of it along. */
function joined(ranges: readonly { start: number; end: number }[]): { start: number; end: number }[] {
  const whole: { start: number; end: number }[] = [];
  for (const { start, end } of ranges) {
    const last = whole.at(-1);
    if (last?.end === start) last.end = end;
    else whole.push({ start, end });
  }
  return whole;
}

/** Neighbours as one: the commas between them belong to both. */
function runsOf(indexes: readonly number[]): { first: number; last: number }[] {
  const runs: { first: number; last: number }[] = [];
  for (const index of [...indexes].sort((a, b) => a - b)) {
    const run = runs.at(-1);
    if (run?.last === index - 1) run.last = index;
    else runs.push({ first: index, last: index });
  }
  return runs;
}

function removeFlowItems(list: YAMLSeq, { first, last }: { first: number; last: number }): TextEdit {
  const [item, end] = [list.items[first], list.items[last]];
  if (!isNode(item) || !isNode(end)) throw new TypeError('no such item');
  const next = list.items[last + 1];
  const previous = list.items[first - 1];
  const [start, behind] = [startOf(item), end.range?.[1] ?? startOf(end)];
  if (isNode(next)) return { start, end: startOf(next), insert: '' };
  return { start: isNode(previous) ? (previous.range?.[1] ?? start) : start, end: behind, insert: '' };
}

function removeFlowPair(text: string, map: YAMLMap, pair: Pair): TextEdit {
  const next = map.items[map.items.indexOf(pair) + 1]?.key;
  const start = isNode(pair.key) ? startOf(pair.key) : 0;
  if (isNode(next)) return { start, end: startOf(next), insert: '' };
  const end = isNode(pair.value) ? (pair.value.range?.[1] ?? start) : start;
  const before = text.slice(0, start).replace(/,\s*$/, '').length;
  return { start: before, end, insert: '' };
}

/** Lines from the item's dash to the end of its content. */
function itemLines(text: string, list: YAMLSeq, index: number): { start: number; end: number } {
  const item = list.items[index];
  if (!isNode(item)) throw new TypeError('no such item');
  const column = columnOf(text, startOf(list));
  return { start: dashLine(text, startOf(item), column), end: lineEnd(text, endOf(text, item)) };
}

/** Returns the start of the line with the item's `-`. Between the two there may be an anchor, a tag or a comment. */
function dashLine(text: string, offset: number, column: number): number {
  let line = lineStart(text, offset);
  while (line > 0 && text[line + column] !== '-') line = lineStart(text, line - 1);
  return line;
}

/** Comments right above a line at the same column belong to it; additions go above them. */
function aboveComments(text: string, line: number, column: number): number {
  let start = line;
  while (start > 0) {
    const above = lineStart(text, start - 1);
    if (text.slice(above, start).search(/\S/) !== column || text[above + column] !== '#') break;
    start = above;
  }
  return start;
}

function blockLines(text: string, list: readonly AnnotatedDocument[], column: number): string {
  const eol = eolOf(text);
  const lines = renderYaml([list]).trimEnd().split('\n');
  return lines.map(line => (line === '' ? eol : `${' '.repeat(column)}${line}${eol}`)).join('');
}

function flowItems(text: string, offset: number, added: readonly AnnotatedDocument[]): string {
  return added.map(item => flowText(text, offset, item)).join(`,${gapBefore(text, offset)}`);
}

/** JSON of a value at an offset: over several lines when the offset begins its line. */
function flowText(text: string, offset: number, value: AnnotatedDocument): string {
  const ownLine = text.slice(lineStart(text, offset), offset).trim() === '';
  if (!ownLine) return stringifyFlow(plain(value));
  const eol = eolOf(text);
  return stringifyFlow(plain(value), 2).replaceAll('\n', eol + ' '.repeat(columnOf(text, offset)));
}

/** Returns the text between two items: a new line with the indentation, or a space. */
function gapBefore(text: string, offset: number): string {
  const line = lineStart(text, offset);
  const indentation = text.slice(line, offset);
  if (indentation.trim() !== '' || line === 0) return ' ';
  return (text[line - 2] === '\r' ? '\r\n' : '\n') + indentation;
}
