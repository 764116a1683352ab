/** The tree of an expression, as the parser makes it: macros are gone, operators and calls are alike. */
import type { Value } from '../values.ts';

export type Fold = 'all' | 'exists' | 'exists_one' | 'map' | 'filter';

export type Expr =
  | { readonly kind: 'literal'; readonly value: Value }
  | { readonly kind: 'ident'; readonly name: string }
  | { readonly kind: 'select'; readonly operand: Expr; readonly field: string }
  /** `has(operand.field)`. */
  | { readonly kind: 'has'; readonly operand: Expr; readonly field: string }
  /** Operators go by their sign: `+`, `==`, `in`, `[]`, `!`, and `-` with one operand or two. */
  | { readonly kind: 'operator'; readonly name: string; readonly operands: readonly Expr[] }
  | {
      readonly kind: 'call';
      readonly name: string;
      readonly target: Expr | undefined;
      readonly args: readonly Expr[];
    }
  | { readonly kind: 'and' | 'or'; readonly terms: readonly Expr[] }
  | { readonly kind: 'choice'; readonly condition: Expr; readonly yes: Expr; readonly no: Expr }
  | { readonly kind: 'list'; readonly items: readonly Expr[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [key: Expr, value: Expr])[] }
  | {
      readonly kind: 'fold';
      readonly fold: Fold;
      readonly range: Expr;
      readonly variable: string;
      /** `map` with three arguments. */
      readonly filter?: Expr;
      readonly body: Expr;
    };

/** The error for which expr_create refuses a text. */
export class SyntaxFailure extends Error {}
