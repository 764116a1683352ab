/** The foreign functions expr_create, expr_evaluate and expr_delete: each root context has expressions of its own. */
import { type ByteString, fromByteString, uint32 } from '../encoding/bytes.ts';
import type { Context } from '../vm/context.ts';
import { maxKeptExpressionBytes } from '../limits.ts';
import { Status } from '../status.ts';
import type { Vm } from '../vm/vm.ts';
import { attributeOf } from './attributes.ts';
import type { Code } from './code.ts';
import { compile } from './compile.ts';
import { parse } from './syntax/parser.ts';
import { serialize } from './serialize.ts';
import { showText, showValue } from './format-value.ts';
import { SyntaxFailure } from './syntax/syntax-tree.ts';
import { Failure, type Result } from './values.ts';

interface Expression {
  readonly text: string;
  readonly size: number;
  readonly code: Code;
}

class Table {
  readonly expressions = new Map<number, Expression>();
  next = 0;
  size = 0;
}

/** By root context; they go with it. */
const tables = new WeakMap<Context, Table>();

type Answer = Uint8Array | number;

export const expressionFunctions: ReadonlyMap<string, (vm: Vm, argument: Uint8Array) => Answer> = new Map([
  ['expr_create', create],
  ['expr_evaluate', evaluate],
  ['expr_delete', remove],
]);

function tableOf(vm: Vm): Table {
  const owner = vm.current.root ?? vm.current;
  let table = tables.get(owner);
  if (!table) tables.set(owner, (table = new Table()));
  return table;
}

function create(vm: Vm, argument: Uint8Array): Answer {
  const table = tableOf(vm);
  if (table.size + argument.length > maxKeptExpressionBytes) {
    vm.note(`the expressions that were not deleted take ${table.size} bytes: delete some with expr_delete`);
    return Status.InternalFailure;
  }
  const text = decode(argument);
  if (text === undefined) {
    vm.note('the expression is not UTF-8');
    return Status.BadArgument;
  }
  const given = (): string => `name="expr_create" expression=${showText(text)}`;
  vm.options.tracer?.show({ arguments: given() });
  const { profile } = vm.services;
  try {
    const tree = parse(text, profile);
    // A number is used up even when a function in the text does not exist.
    const token = table.next++;
    table.expressions.set(token, { text, size: argument.length, code: compile(tree, profile) });
    table.size += argument.length;
    vm.options.tracer?.show({ arguments: given(), results: `token=${token}` });
    return fromByteString(uint32(token));
  } catch (error) {
    if (!(error instanceof SyntaxFailure)) throw error;
    vm.note(error.message);
    return Status.BadArgument;
  }
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

function decode(bytes: Uint8Array): string | undefined {
  try {
    return strict.decode(bytes);
  } catch {
    return undefined;
  }
}

function tokenOf(vm: Vm, argument: Uint8Array): number | undefined {
  if (argument.length !== 4) {
    vm.note(`a token is 4 bytes, these are ${argument.length}`);
    return undefined;
  }
  return argument.reduceRight((token, byte) => token * 256 + byte, 0);
}

function evaluate(vm: Vm, argument: Uint8Array): Answer {
  const token = tokenOf(vm, argument);
  if (token === undefined) return Status.BadArgument;
  const expression = tableOf(vm).expressions.get(token);
  if (!expression) {
    vm.note(`no expression has the token ${token} (any more)`);
    return Status.NotFound;
  }
  const value = run(vm.current, expression.code);
  vm.options.tracer?.show({
    arguments: `name="expr_evaluate" token=${token} expression=${showText(expression.text)}`,
    results: value instanceof Failure ? '' : `value=${showValue(value)}`,
  });
  if (value instanceof Failure) {
    vm.note(value.reason);
    return Status.InternalFailure;
  }
  const bytes = serialize(value);
  if (bytes !== undefined) return fromByteString(bytes);
  vm.note(
    'the value cannot be given to a guest: it is a null, a type, a whole group of attributes, or too large',
  );
  return Status.SerializationFailure;
}

function run(context: Context, code: Code): Result {
  return code({
    lookup: (name: ByteString) => attributeOf(context, name),
    variables: [],
    steps: 0,
    items: 0,
  });
}

function remove(vm: Vm, argument: Uint8Array): Answer {
  const token = tokenOf(vm, argument);
  if (token === undefined) return Status.BadArgument;
  vm.options.tracer?.show({ arguments: `name="expr_delete" token=${token}`, results: '' });
  const table = tableOf(vm);
  table.size -= table.expressions.get(token)?.size ?? 0;
  table.expressions.delete(token);
  return Status.Ok;
}
