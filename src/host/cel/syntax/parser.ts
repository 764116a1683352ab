/**
 * Text → tree, with the limits of Envoy's parser: how deep expressions may lie in each other, counted as its own
 * recursive walk over the text's structure counts them.
 */
import { maxExpressionDepth, maxExpressionLength } from '../../limits.ts';
import type { Dialect } from '../code.ts';
import { literalOf } from './literals.ts';
import { expandMacro } from './macros.ts';
import { type Expr, SyntaxFailure } from './syntax-tree.ts';
import { TokenReader } from './token-reader.ts';

/** `depth`: levels of Envoy's walk that the tree takes. `bare`: a choice without parentheses around it. */
interface Parsed {
  readonly expr: Expr;
  readonly depth: number;
  readonly bare?: boolean;
}

const reserved = new Set(
  'as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
);

const relations = new Set(['<', '<=', '>=', '>', '==', '!=', 'in']);

/** Parses an expression; throws a SyntaxFailure. */
export function parse(text: string, dialect: Dialect): Expr {
  // Pairs of surrogates are one character.
  const length = text.length - (text.match(/[\ud800-\udbff]/g)?.length ?? 0);
  if (length > maxExpressionLength) {
    throw new SyntaxFailure(`an expression may have ${maxExpressionLength} characters, this has ${length}`);
  }
  return new Parser(text, dialect).whole();
}

class Parser extends TokenReader {
  readonly #dialect: Dialect;
  #nesting = 0;

  constructor(text: string, dialect: Dialect) {
    super(text);
    this.#dialect = dialect;
  }

  whole(): Expr {
    const { expr } = this.#expression();
    if (this.token.kind !== 'end') this.unexpected();
    return expr;
  }

  #made(expr: Expr, ...parts: readonly Parsed[]): Parsed {
    return this.#deep(expr, 1 + Math.max(0, ...parts.map(part => part.depth)));
  }

  #deep(expr: Expr, depth: number): Parsed {
    if (depth > maxExpressionDepth) this.#tooDeep();
    return { expr, depth };
  }

  #tooDeep(): never {
    throw new SyntaxFailure(`expressions lie in each other ${maxExpressionDepth} deep at most`);
  }

  #expression(): Parsed {
    if (this.#nesting++ > maxExpressionDepth) this.#tooDeep();
    const condition = this.#logic('or');
    let whole = condition;
    if (this.take('?')) {
      const yes = this.#logic('or');
      this.expect(':');
      const no = this.#expression();
      const expr = { kind: 'choice', condition: condition.expr, yes: yes.expr, no: no.expr } as const;
      whole = { ...this.#made(expr, condition, yes, no), bare: true };
    }
    this.#nesting--;
    return whole;
  }

  #logic(kind: 'or' | 'and'): Parsed {
    const sign = kind === 'or' ? '||' : '&&';
    const next = (): Parsed => (kind === 'or' ? this.#logic('and') : this.#relation());
    const first = next();
    if (!this.is(sign)) return first;
    const terms = [first.expr];
    let { depth } = first;
    while (this.take(sign)) {
      const term = next();
      terms.push(term.expr);
      depth = Math.max(depth, term.depth);
    }
    return this.#deep({ kind, terms }, depth + 1);
  }

  #relation(): Parsed {
    let left = this.#sum();
    while (this.token.kind === 'sign' && relations.has(this.token.text))
      left = this.#binary(left, () => this.#sum());
    return left;
  }

  #sum(): Parsed {
    let left = this.#product();
    while (this.is('+') || this.is('-')) left = this.#binary(left, () => this.#product());
    return left;
  }

  #product(): Parsed {
    let left = this.#unary();
    while (this.is('*') || this.is('/') || this.is('%')) left = this.#binary(left, () => this.#unary());
    return left;
  }

  #binary(left: Parsed, operand: () => Parsed): Parsed {
    const name = this.token.text;
    this.at++;
    const right = operand();
    return this.#made({ kind: 'operator', name, operands: [left.expr, right.expr] }, left, right);
  }

  /** Parses signs; an even number of them has no effect, whatever follows. */
  #unary(): Parsed {
    const sign = this.is('!') ? '!' : '-';
    const single =
      sign === '-' && !this.is('-', 1) && /^(int|float)$/.test(this.tokens[this.at + 1]?.kind ?? '');
    let count = 0;
    if (!single) while (this.take(sign)) count++;
    const operand = this.#member();
    if (count % 2 === 0) return count === 0 ? operand : this.#made(operand.expr, operand);
    return this.#made({ kind: 'operator', name: sign, operands: [operand.expr] }, operand);
  }

  #member(): Parsed {
    let value = this.#primary();
    for (;;) {
      if (this.take('[')) {
        const index = this.#expression();
        this.expect(']');
        value = this.#made(
          { kind: 'operator', name: '[]', operands: [value.expr, index.expr] },
          value,
          index,
        );
      } else if (this.take('.')) {
        value = this.#selection(value);
      } else return value;
    }
  }

  #selection(operand: Parsed): Parsed {
    const { kind, text } = this.token;
    if (kind !== 'ident' && !(kind === 'quoted' && this.#dialect.newerExpressions)) this.unexpected('a name');
    this.at++;
    if (kind === 'ident' && this.take('(')) return this.#call(text, operand);
    const field = kind === 'quoted' ? text.slice(1, -1) : text;
    return this.#made({ kind: 'select', operand: operand.expr, field }, operand);
  }

  /** Parses a call behind its opening parenthesis. */
  #call(name: string, target?: Parsed): Parsed {
    const args = this.is(')') ? [] : this.#list(() => this.#argument());
    this.expect(')');
    const parts = args.map(({ expr }) => expr);
    const expr = expandMacro(name, target?.expr, parts) ?? {
      kind: 'call',
      name,
      target: target?.expr,
      args: parts,
    };
    return this.#made(expr, ...(target ? [target] : []), ...args);
  }

  /** Parses an argument or a list item, which is one level less deep when it is a choice. */
  #argument(): Parsed {
    const { expr, depth, bare } = this.#expression();
    return { expr, depth: bare === true ? depth - 1 : depth };
  }

  #list<T>(item: () => T): T[] {
    const items = [item()];
    while (this.is(',') && !this.is(']', 1) && !this.is('}', 1)) {
      this.at++;
      items.push(item());
    }
    return items;
  }

  #primary(): Parsed {
    const negative = this.take('-');
    const { token } = this;
    if (negative && token.kind !== 'int' && token.kind !== 'float') this.unexpected('a number');
    const value = literalOf(token, negative);
    if (value !== undefined) {
      this.at++;
      return this.#deep({ kind: 'literal', value }, 1);
    }
    if (this.take('(')) {
      const { expr, depth } = this.#expression();
      this.expect(')');
      return { expr, depth };
    }
    if (this.take('[')) return this.#listLiteral();
    if (this.take('{')) return this.#mapLiteral();
    const dot = this.take('.') ? '.' : '';
    const name = this.token.text;
    if (this.token.kind !== 'ident') this.unexpected('a value');
    this.at++;
    if (this.#namesMessage())
      throw new SyntaxFailure(`messages such as ${name}{} are not known to this host`);
    if (reserved.has(name)) throw new SyntaxFailure(`"${name}" is reserved`);
    if (this.take('(')) return this.#call(name);
    return this.#deep({ kind: 'ident', name: dot + name }, 1);
  }

  /** Returns true when `.b.c{` follows a name. */
  #namesMessage(): boolean {
    let ahead = 0;
    while (this.is('.', ahead) && this.tokens[this.at + ahead + 1]?.kind === 'ident') ahead += 2;
    return this.is('{', ahead);
  }

  #listLiteral(): Parsed {
    const items = this.is(']') || this.is(',') ? [] : this.#list(() => this.#argument());
    this.take(',');
    this.expect(']');
    return this.#made({ kind: 'list', items: items.map(({ expr }) => expr) }, ...items);
  }

  #mapLiteral(): Parsed {
    const entry = (): readonly [Parsed, Parsed] => {
      const key = this.#expression();
      this.expect(':');
      return [key, this.#expression()];
    };
    const entries = this.is('}') || this.is(',') ? [] : this.#list(entry);
    this.take(',');
    this.expect('}');
    const pairs = entries.map(([key, value]) => [key.expr, value.expr] as const);
    return this.#made({ kind: 'map', entries: pairs }, ...entries.flat());
  }
}
