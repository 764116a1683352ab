/** Compiles a tree to closures that compute it. It looks up the functions, so that expr_create refuses unknown ones. */
import { type Code, type Dialect, counted } from './code.ts';
import { folds, logic } from './folds.ts';
import { findFunction } from './functions.ts';
import { callOperator } from './operators.ts';
import { type Expr, SyntaxFailure } from './syntax/syntax-tree.ts';
import {
  Failure,
  isKey,
  LiteralMap,
  CelMessage,
  noOverload,
  type Result,
  TypeName,
  type Value,
  ValueMap,
} from './values.ts';

const typeNames = new Set('bool bytes double int list map null_type string type uint'.split(' '));

/** Compiles a tree; throws a SyntaxFailure. */
export function compile(expr: Expr, dialect: Dialect): Code {
  return new Compiler(dialect).code(expr, []);
}

class Compiler {
  readonly #dialect: Dialect;

  constructor(dialect: Dialect) {
    this.#dialect = dialect;
  }

  /** Compiles one node; `scope` has the variables of the enclosing folds. */
  code(expr: Expr, scope: readonly string[]): Code {
    switch (expr.kind) {
      case 'literal': {
        const { value } = expr;
        return () => value;
      }
      case 'ident':
        return this.#ident(expr.name, scope);
      case 'select': {
        const operand = this.code(expr.operand, scope);
        return frame => select(operand(frame), expr.field);
      }
      case 'has': {
        const operand = this.code(expr.operand, scope);
        return frame => present(operand(frame), expr.field);
      }
      case 'operator':
        return this.#operator(expr.name, this.#all(expr.operands, scope));
      case 'call':
        return this.#call(expr, scope);
      case 'and':
      case 'or':
        return logic(expr.kind === 'or', this.#all(expr.terms, scope));
      case 'choice':
        return this.#choice(expr, scope);
      case 'list':
        return list(this.#all(expr.items, scope));
      case 'map':
        return map(expr.entries.map(([key, value]) => [this.code(key, scope), this.code(value, scope)]));
      default:
        return this.#fold(expr, scope);
    }
  }

  #all(exprs: readonly Expr[], scope: readonly string[]): readonly Code[] {
    return exprs.map(expr => this.code(expr, scope));
  }

  #ident(given: string, scope: readonly string[]): Code {
    const { newerExpressions } = this.#dialect;
    const root = given.startsWith('.');
    const name = root && newerExpressions ? given.slice(1) : given;
    const slot = root ? -1 : scope.lastIndexOf(name);
    const type = typeNames.has(name) ? new TypeName(name) : undefined;
    if (type !== undefined && !(newerExpressions && slot >= 0)) return frame => frame.lookup(name) ?? type;
    if (slot >= 0) return frame => frame.variables[slot] as Value;
    const missing = new Failure(`nothing is called ${name} here`);
    return frame => {
      const value = frame.lookup(name);
      return value === undefined ? missing : value;
    };
  }

  #operator(name: string, operands: readonly Code[]): Code {
    const [left, right] = operands as [Code, Code?];
    return frame => {
      const a = left(frame);
      if (a instanceof Failure) return a;
      if (right === undefined) return callOperator(name, a);
      const b = right(frame);
      return b instanceof Failure ? b : counted(frame, callOperator(name, a, b));
    };
  }

  #call({ name, target, args }: Expr & { kind: 'call' }, scope: readonly string[]): Code {
    const call = findFunction(name, target !== undefined, args.length, this.#dialect);
    if (call === undefined) {
      const shown = target === undefined ? name : `x.${name}`;
      throw new SyntaxFailure(`no function ${shown} takes ${args.length} arguments`);
    }
    const codes = this.#all(target === undefined ? args : [target, ...args], scope);
    return frame => {
      const values: Value[] = [];
      for (const code of codes) {
        const value = code(frame);
        if (value instanceof Failure) return value;
        values.push(value);
      }
      return call(values);
    };
  }

  #choice(expr: Expr & { kind: 'choice' }, scope: readonly string[]): Code {
    const [condition, yes, no] = this.#all([expr.condition, expr.yes, expr.no], scope) as [Code, Code, Code];
    return frame => {
      const chosen = condition(frame);
      if (chosen instanceof Failure) return chosen;
      return typeof chosen === 'boolean' ? (chosen ? yes : no)(frame) : noOverload('?:', chosen);
    };
  }

  #fold(expr: Expr & { kind: 'fold' }, scope: readonly string[]): Code {
    const range = this.code(expr.range, scope);
    const inner = [...scope, expr.variable];
    const body = this.code(expr.body, inner);
    const filter = expr.filter && this.code(expr.filter, inner);
    const slot = scope.length;
    return frame => {
      const over = range(frame);
      if (over instanceof Failure) return over;
      const items = over instanceof ValueMap ? over.keys() : over;
      if (!Array.isArray(items)) return noOverload(`.${expr.fold}()`, over);
      const each = (item: Value, code: Code): Result => {
        frame.variables[slot] = item;
        return code(frame);
      };
      return folds[expr.fold](
        frame,
        items as readonly Value[],
        item => each(item, body),
        filter && (item => each(item, filter)),
      );
    };
  }
}

function list(items: readonly Code[]): Code {
  return frame => {
    const values: Value[] = [];
    for (const item of items) {
      const value = item(frame);
      if (value instanceof Failure) return value;
      values.push(value);
    }
    return counted(frame, values);
  };
}

function map(entries: readonly (readonly [Code, Code])[]): Code {
  return frame => {
    const made = new LiteralMap();
    for (const [keyCode, valueCode] of entries) {
      const key = keyCode(frame);
      if (key instanceof Failure) return key;
      const value = valueCode(frame);
      if (value instanceof Failure) return value;
      if (!isKey(key) || typeof key === 'number') return noOverload('a key', key);
      if (!made.add(key, value)) return new Failure('a key is in the map twice');
    }
    frame.items += entries.length;
    return counted(frame, made);
  };
}

function select(operand: Result, field: string): Result {
  if (operand instanceof Failure) return operand;
  const found =
    operand instanceof ValueMap
      ? operand.get(field)
      : operand instanceof CelMessage
        ? operand.field(field)?.value
        : noOverload(`.${field}`, operand);
  return found === undefined ? new Failure(`no such key: ${field}`) : found;
}

function present(operand: Result, field: string): Result {
  if (operand instanceof Failure) return operand;
  if (operand instanceof ValueMap) return operand.get(field) !== undefined;
  if (!(operand instanceof CelMessage)) return noOverload(`has(x.${field})`, operand);
  const found = operand.field(field);
  return found === undefined ? new Failure(`no such field: ${field}`) : found.set;
}
