/** Turns the errors of a schema into sentences that each name a field, with the intended name for a misspelt one. */
import type { z } from 'zod';
import { didYouMean } from './suggest.ts';

export interface Fault {
  readonly path: readonly string[];
  readonly what: string;
}

/** Returns the paths of keys named `__proto__` that are in `value` and not in what the schema made of it: it drops them. */
export function droppedKeys(value: unknown, parsed: unknown, path: readonly string[] = []): string[][] {
  if (!isObject(value) || !isObject(parsed)) return [];
  return Object.keys(value).flatMap(key =>
    Object.hasOwn(parsed, key)
      ? droppedKeys(value[key], parsed[key], [...path, key])
      : key === '__proto__'
        ? [[...path, key]]
        : [],
  );
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

type Issue = z.core.$ZodIssue;
type Schema = z.core.$ZodType;

/** Returns the faults that `error` reports for `value`. */
export function faultsOf(error: z.ZodError, schema: Schema, value: unknown): Fault[] {
  return error.issues.flatMap(chosen).flatMap(issue => {
    const path = issue.path.map(String);
    if (issue.code !== 'unrecognized_keys') return [{ path, what: faultText(issue, valueAt(value, path)) }];
    const known = keysAt(schema, path);
    return issue.keys.map(key => ({
      path: [...path, key],
      what: `there is no such field${didYouMean(key, known)}`,
    }));
  });
}

function faultText(issue: Issue, value: unknown): string {
  if (issue.code === 'invalid_value') {
    const names = issue.values.map(String);
    const meant = typeof value === 'string' ? didYouMean(value, names) : '';
    return value === undefined
      ? `is missing; it is one of ${names.join(', ')}`
      : `${JSON.stringify(value)} is none of ${names.join(', ')}${meant}`;
  }
  if (issue.code === 'invalid_union') {
    const types = issue.errors.flatMap(issues =>
      issues.flatMap(one => (one.path.length === 0 && one.code === 'invalid_type' ? [one.expected] : [])),
    );
    return types.length === 0 ? issue.message : `is of none of the types ${[...new Set(types)].join(', ')}`;
  }
  return issue.code === 'invalid_type' && value === undefined
    ? `is missing; it is of type ${issue.expected}`
    : issue.message;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (inner, step) =>
      typeof inner === 'object' && inner !== null && Object.hasOwn(inner, step)
        ? (inner as Record<string, unknown>)[step]
        : undefined,
    value,
  );
}

/** For a union returns the issues of the only member that the value can be, if there is only one; else the issue itself. */
function chosen(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union') return [issue];
  const fitting = issue.errors.filter(issues =>
    issues.every(({ code, path }) => path.length > 0 || code === 'unrecognized_keys'),
  );
  const [first = [], ...others] = fitting;
  // If several members fit, only a field that all of them lack is certainly wrong.
  const certain = first.filter(
    one => others.length === 0 || (one.code === 'unrecognized_keys' && others.every(has(one.keys))),
  );
  if (certain.length === 0) return [issue];
  return certain.flatMap(inner => chosen({ ...inner, path: [...issue.path, ...inner.path] }));
}

function has(keys: readonly string[]): (issues: readonly Issue[]) => boolean {
  return issues =>
    issues.some(issue => issue.code === 'unrecognized_keys' && keys.every(key => issue.keys.includes(key)));
}

/** Names of the fields that an object at `path` may have. */
function keysAt(schema: Schema, path: readonly string[]): string[] {
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const [step, ...rest] = path;
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'default':
      return keysAt(def.innerType, path);
    case 'union':
      return def.options.flatMap(option => keysAt(option, path));
    case 'array':
      return step === undefined ? [] : keysAt(def.element, rest);
    case 'record':
      return step === undefined ? [] : keysAt(def.valueType, rest);
    case 'object': {
      if (step === undefined) return Object.keys(def.shape);
      const inner = Object.hasOwn(def.shape, step) ? def.shape[step] : undefined;
      return inner === undefined ? [] : keysAt(inner, rest);
    }
    default:
      return [];
  }
}
