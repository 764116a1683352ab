/** The compiled form of a tree, and the limits of one evaluation. */
import type { ByteString } from '../encoding/bytes.ts';
import { maxExpressionItems, maxExpressionSteps } from '../limits.ts';
import type { HostProfile } from '../profiles.ts';
import { Failure, type Result, type Value } from './values.ts';

/** One evaluation. */
export interface Frame {
  /** Attributes by their first name; undefined: there is none now. */
  lookup(name: ByteString): Value | undefined;
  /** Of the folds around, the outermost first. */
  readonly variables: Value[];
  steps: number;
  /** Items made so far. */
  items: number;
}

export type Code = (frame: Frame) => Result;

/** The parts of the language that depend on Envoy's version. */
export type Dialect = Pick<HostProfile, 'newerExpressions' | 'boolsAsText'>;

const tooManySteps = new Failure(`the folds of an expression take fewer than ${maxExpressionSteps} steps`);

/** Counts one step of a fold; returns a failure when there were too many. */
export function spent(frame: Frame): Failure | undefined {
  frame.steps++;
  return frame.steps >= maxExpressionSteps ? tooManySteps : undefined;
}

const tooManyItems = new Failure(`an expression makes at most ${maxExpressionItems} items`);

/** Counts the items of a new list or map; returns a failure when there were too many. */
export function counted(frame: Frame, value: Result): Result {
  if (Array.isArray(value)) frame.items += value.length;
  return frame.items > maxExpressionItems ? tooManyItems : value;
}
