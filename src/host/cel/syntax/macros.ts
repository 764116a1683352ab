/** Calls that are written as such but are part of the language: `has`, and the folds over lists and maps. */
import { type Expr, type Fold, SyntaxFailure } from './syntax-tree.ts';

const folds: ReadonlyMap<string, readonly number[]> = new Map(
  Object.entries({
    all: [2],
    exists: [2],
    exists_one: [2],
    map: [2, 3],
    filter: [2],
  }),
);

/** The variable in which Envoy keeps the result of a fold. */
const accumulator = '__result__';

/** Expands a macro; returns undefined for an ordinary call. Throws a SyntaxFailure. */
export function expandMacro(name: string, target: Expr | undefined, args: readonly Expr[]): Expr | undefined {
  if (target === undefined)
    return name === 'has' && args.length === 1 ? expandHas(args[0] as Expr) : undefined;
  if (folds.get(name)?.includes(args.length) !== true) return undefined;
  const [variable, ...rest] = args as [Expr, Expr, ...Expr[]];
  if (variable.kind !== 'ident' || variable.name.startsWith('.')) {
    throw new SyntaxFailure(`the first argument of ${name} is the name of a variable`);
  }
  if (variable.name === accumulator) throw new SyntaxFailure(`${accumulator} cannot be a variable`);
  const body = rest.at(-1) as Expr;
  return {
    kind: 'fold',
    fold: name as Fold,
    range: target,
    variable: variable.name,
    ...(rest.length === 2 ? { filter: rest[0] } : {}),
    body,
  };
}

function expandHas(argument: Expr): Expr {
  if (argument.kind !== 'select') throw new SyntaxFailure('has() takes a field, as in has(request.id)');
  return { kind: 'has', operand: argument.operand, field: argument.field };
}
