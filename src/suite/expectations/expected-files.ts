/** Files that a suite names as expectations: read once when the suite is loaded, so that comparing stays synchronous. */
import { resolve } from 'node:path';
import { maxParsedBytes } from '../../io/files/file-limits.ts';
import { readText } from '../../io/files/files.ts';
import type { Condition, Expectation, Matcher, Suite } from '../file/schema.ts';

type ExpectedFile = Extract<Condition, { readonly file: string }>;

const texts = new WeakMap<ExpectedFile, string>();

/** Reads the files relative to `dir`. Fails with FILE_NOT_FOUND and FILE_ACCESS. */
export async function readExpectedFiles(suite: Suite, dir: string): Promise<void> {
  for (const one of expectedFilesOf(suite))
    texts.set(one, await readText(resolve(dir, one.file), maxParsedBytes));
}

export function expectedText(expected: ExpectedFile): string | undefined {
  return texts.get(expected);
}

export function expectedFilesOf({ cases }: Suite): ExpectedFile[] {
  return cases
    .flatMap(({ expect }) => (expect === undefined ? [] : conditionsOf(expect)))
    .filter(condition => typeof condition === 'object' && 'file' in condition);
}

function conditionsOf({ upstream, response, callouts = [], logs = [] }: Expectation): Condition[] {
  const lines = logs.map(line => (typeof line === 'object' && 'absent' in line ? line.absent : line));
  return [upstream, response, ...callouts]
    .flatMap(message => (message ? matchersOf(message) : []))
    .concat(lines)
    .flatMap(matcher => matcher ?? []);
}

type ExpectedMessage = NonNullable<Expectation['upstream'] | Expectation['response']>;

/** The fields that are no matchers, such as `status` and `cluster`, are no objects either. */
function matchersOf({ headers = {}, trailers = {}, ...fields }: ExpectedMessage): Matcher[] {
  const own = Object.values(fields as Readonly<Record<string, Matcher | undefined>>);
  return [...own, ...Object.values(headers), ...Object.values(trailers)].filter(one => one !== undefined);
}
