/** Parses what kubectl printed into objects, each by the schema of its kind. */
import { WasmeError } from '../../errors.ts';
import { parseJson } from '../../io/json.ts';
import { printable } from '../../io/printable.ts';
import type { KubeObject } from './objects.ts';
import type { ObjectSchema } from './schema.ts';

/** A kind of object as kubectl is asked for it: plural and group, so that another project's kind of the same name is not meant. */
export interface Resource<T = KubeObject> {
  readonly kind: string;
  /** `wasmplugins.extensions.istio.io`. */
  readonly resource: string;
  /** The fields that wasme reads of the kind; absent: only those that every object has. */
  readonly schema?: () => Promise<ObjectSchema<T>>;
}

/** Returns the object of `-o json`, which has this name. Fails with TOOL_FAILED, naming the kubectl command. */
export async function parseObject<T = KubeObject>(
  text: string,
  resource: Resource<T>,
  name: string,
  args: readonly string[],
): Promise<T> {
  const object = check(parse(text, args), resource, await schemaOf(resource), args, '');
  const found = (object as KubeObject).metadata.name;
  if (found !== name) throw unexpected(args, `the ${resource.kind} ${found} and not ${name}`);
  return object;
}

/** Returns the objects of `get -o json` without a name. Fails with TOOL_FAILED, naming the kubectl command. */
export async function parseList<T = KubeObject>(
  text: string,
  resource: Resource<T>,
  args: readonly string[],
): Promise<readonly T[]> {
  const { kubeList } = await import('./schema.ts');
  const list = kubeList.safeParse(parse(text, args));
  if (!list.success) throw unexpected(args, describe(list.error.issues, ''));
  const schema = await schemaOf(resource);
  return list.data.items.map((item, index) => check(item, resource, schema, args, `items[${index}]`));
}

async function schemaOf<T>({ schema }: Resource<T>): Promise<ObjectSchema<T>> {
  if (schema !== undefined) return schema();
  const { kubeObject } = await import('./schema.ts');
  return kubeObject as unknown as ObjectSchema<T>;
}

/** The value itself, not a copy: its fields keep their order in diffs. */
function check<T>(
  value: unknown,
  { kind }: Resource<T>,
  schema: ObjectSchema<T>,
  args: readonly string[],
  at: string,
): T {
  const parsed = schema.safeParse(value);
  if (!parsed.success) throw unexpected(args, describe(parsed.error.issues, at));
  const found = (value as KubeObject).kind;
  if (found !== kind) throw unexpected(args, `${at === '' ? '' : `${at}: `}a ${found} and not a ${kind}`);
  return value as T;
}

interface Issue {
  readonly path: readonly PropertyKey[];
  readonly message: string;
}

function describe([issue]: readonly Issue[], at: string): string {
  const path = [at, ...(issue?.path ?? []).map(String)].filter(part => part !== '').join('.');
  return `${path === '' ? '' : `${path}: `}${issue?.message ?? 'it is not as expected'}`;
}

function parse(text: string, args: readonly string[]): unknown {
  try {
    return parseJson(text);
  } catch (error) {
    throw unexpected(args, error instanceof RangeError ? error.message : 'it is not JSON', error);
  }
}

function unexpected(args: readonly string[], what: string, cause?: unknown): WasmeError {
  const command = `kubectl ${args.join(' ')}`;
  return new WasmeError(
    'TOOL_FAILED',
    `${command} printed an answer that wasme cannot use: ${printable(what, 300)}`,
    {
      hint: 'run that command by hand, and check that the kubectl on PATH is the real one',
      cause,
      details: { command },
    },
  );
}
