/**
 * One item of a list inside an object that others own too (a Gloo Gateway, another tool's policy): put in, changed and taken
 * out again by JSON patches that contain that item only, so that wasme never sends the content of others.
 */
import { WasmeError } from '../../errors.ts';
import { type KubeObject, sharedAnnotation, showObject } from './objects.ts';

export interface ListEdit {
  /** Keys from the root of the object to the list; those that are missing are made. */
  readonly list: readonly string[];
  /** `name` of the item. */
  readonly id: string;
  readonly hash: string;
  readonly item: Readonly<Record<string, unknown>>;
}

export interface PatchStep {
  readonly op: 'add' | 'replace' | 'remove';
  /** JSON pointer. */
  readonly path: string;
  readonly value?: unknown;
}

/** Content of the annotation on a shared object. */
interface Ownership {
  /** id → intent hash of our items. */
  readonly filters: Readonly<Record<string, string>>;
  /** Number of keys to the list, counted from its end, that wasme created and removes with its last item. */
  readonly made: number;
}

/** Ids of our items in the object. */
export function sharedIds(object: KubeObject): string[] {
  return Object.keys(ownership(object).filters);
}

/**
 * Steps that bring the item into the object; empty when it is there as it should be.
 * Fails with KUBE_CONFLICT when an item of that name was not created by wasme, unless `force`.
 */
export function putItem(object: KubeObject, edit: ListEdit, force: boolean): PatchStep[] {
  const owned = ownership(object);
  const items = listAt(object, edit.list);
  const at = items?.findIndex(({ name }) => name === edit.id) ?? -1;
  if (at >= 0 && !Object.hasOwn(owned.filters, edit.id) && !force) {
    throw new WasmeError(
      'KUBE_CONFLICT',
      `${showObject(object)} has a filter ${edit.id} that was not deployed by this wasme`,
      { hint: 'choose another --id, or take it over with --force-conflicts', details: { id: edit.id } },
    );
  }
  if (at >= 0 && owned.filters[edit.id] === edit.hash && sameJson(items?.[at], edit.item)) return [];
  const missing = missingKeys(object, edit.list);
  const made = Object.keys(owned.filters).length > 0 ? owned.made : missing;
  const steps: PatchStep[] =
    at >= 0
      ? [{ op: 'replace', path: pointer([...edit.list, String(at)]), value: edit.item }]
      : missing === 0
        ? [{ op: 'add', path: pointer([...edit.list, '-']), value: edit.item }]
        : [makeKeys(edit, missing)];
  return [
    guard(object),
    ...steps,
    annotate(object, { filters: { ...owned.filters, [edit.id]: edit.hash }, made }),
  ];
}

/** Steps that take our item out, and with the last one what was made to hold it. Empty when it is not ours or not there. */
export function takeItem(object: KubeObject, list: readonly string[], id: string): PatchStep[] {
  const owned = ownership(object);
  if (!Object.hasOwn(owned.filters, id)) return [];
  const filters = Object.fromEntries(Object.entries(owned.filters).filter(([other]) => other !== id));
  const rest = { filters, made: owned.made };
  const items = listAt(object, list) ?? [];
  const at = items.findIndex(({ name }) => name === id);
  const steps: PatchStep[] = [];
  if (at >= 0) {
    const whole = items.length === 1 && owned.made > 0;
    const path = whole ? emptiedBy(object, list, owned.made) : [...list, String(at)];
    steps.push({ op: 'remove', path: pointer(path) });
  }
  const annotations = object.metadata.annotations ?? {};
  const forget: PatchStep =
    Object.keys(annotations).length === 1 && owned.made > 0
      ? { op: 'remove', path: '/metadata/annotations' }
      : { op: 'remove', path: pointer(['metadata', 'annotations', sharedAnnotation]) };
  return [guard(object), ...steps, Object.keys(filters).length === 0 ? forget : annotate(object, rest)];
}

/** The annotation of an object that starts its life with our item. */
export function ownershipOf(filters: Readonly<Record<string, string>>, made: number): string {
  return JSON.stringify({ filters, made } satisfies Ownership);
}

/** id → intent hash of our items. */
export function sharedHashes(object: KubeObject): Readonly<Record<string, string>> {
  return ownership(object).filters;
}

/** The object after the steps. For diffs and documents, not for sending. */
export function patched(object: KubeObject, steps: readonly PatchStep[]): KubeObject {
  const result = structuredClone(object) as unknown as Record<string, unknown>;
  for (const step of steps) {
    const keys = step.path.slice(1).split('/').map(unescapeKey);
    const last = keys.pop() ?? '';
    const holder = keys.reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], result);
    if (Array.isArray(holder)) {
      const index = last === '-' ? holder.length : Number(last);
      if (step.op === 'remove') holder.splice(index, 1);
      else holder.splice(index, step.op === 'replace' ? 1 : 0, step.value);
    } else if (step.op === 'remove') delete (holder as Record<string, unknown>)[last];
    else (holder as Record<string, unknown>)[last] = step.value;
  }
  return result as unknown as KubeObject;
}

function ownership(object: KubeObject): Ownership {
  const text = object.metadata.annotations?.[sharedAnnotation];
  if (text === undefined) return { filters: {}, made: 0 };
  try {
    const value = JSON.parse(text) as Partial<Ownership> | null;
    const filters = value?.filters;
    if (typeof filters === 'object' && Object.values(filters).every(hash => typeof hash === 'string')) {
      return { filters, made: Number.isInteger(value?.made) ? Number(value?.made) : 0 };
    }
  } catch {
    // The error below: after an edit by hand it is unknown which items wasme put in.
  }
  throw new WasmeError(
    'KUBE_CONFLICT',
    `the annotation ${sharedAnnotation} of ${showObject(object)} is damaged`,
    {
      hint: 'take the annotation and the filters it was about out by hand',
    },
  );
}

function listAt(
  object: KubeObject,
  list: readonly string[],
): readonly Readonly<Record<string, unknown>>[] | undefined {
  const value = valueAt(object, list);
  return Array.isArray(value) ? (value as readonly Readonly<Record<string, unknown>>[]) : undefined;
}

function valueAt(object: KubeObject, keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    object,
  );
}

/** Returns the number of keys at the end of the path that do not exist (null counts as absent). */
function missingKeys(object: KubeObject, list: readonly string[]): number {
  let depth = list.length;
  while (depth > 0 && (valueAt(object, list.slice(0, depth)) ?? undefined) === undefined) depth--;
  return list.length - depth;
}

function makeKeys({ list, item }: ListEdit, missing: number): PatchStep {
  const keys = list.slice(list.length - missing);
  const value = keys.slice(1).reduceRight<unknown>((inner, key) => ({ [key]: inner }), [item]);
  return { op: 'add', path: pointer(list.slice(0, list.length - missing + 1)), value };
}

/** The outermost of the keys made for us that holds nothing else by now. */
function emptiedBy(object: KubeObject, list: readonly string[], made: number): readonly string[] {
  let path = list;
  for (let level = 1; level < made; level++) {
    const holder = path.slice(0, -1);
    if (Object.keys(valueAt(object, holder) as object).length > 1) break;
    path = holder;
  }
  return path;
}

/**
 * Makes the whole patch fail when the object changed after it was read: the server takes no other version than its own, and
 * says so. A `test` step would fail as well, but kubectl only reports "the request is invalid" for it.
 */
function guard(object: KubeObject): PatchStep {
  return { op: 'replace', path: '/metadata/resourceVersion', value: object.metadata.resourceVersion };
}

function annotate(object: KubeObject, owned: Ownership): PatchStep {
  const value = ownershipOf(owned.filters, owned.made);
  return object.metadata.annotations === undefined
    ? { op: 'add', path: '/metadata/annotations', value: { [sharedAnnotation]: value } }
    : { op: 'add', path: pointer(['metadata', 'annotations', sharedAnnotation]), value };
}

function pointer(keys: readonly string[]): string {
  return keys.map(key => `/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('');
}

function unescapeKey(key: string): string {
  return key.replaceAll('~1', '/').replaceAll('~0', '~');
}

function sameJson(a: unknown, b: unknown): boolean {
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b;
  const keys = new Set([...Object.keys(a), ...Object.keys(b)]);
  return (
    Array.isArray(a) === Array.isArray(b) &&
    [...keys].every(key => sameJson((a as Record<string, unknown>)[key], (b as Record<string, unknown>)[key]))
  );
}
