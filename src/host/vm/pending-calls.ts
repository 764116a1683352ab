/** Call-outs that wait for their end: whose they are, how to cancel them, and their ids. */
import type { RootContext } from './root-context.ts';
import type { GrpcCall } from '../types.ts';

export interface PendingHttpCall {
  readonly root: RootContext;
  cancel: () => void;
}

export interface PendingGrpcCall {
  readonly root: RootContext;
  readonly kind: 'unary' | 'stream';
  call: GrpcCall | undefined;
  localClosed: boolean;
  remoteClosed: boolean;
}

/** The kinds of call-outs, which are the lowest two bits of their ids. */
export const CallKind = { Http: 0, GrpcUnary: 1, GrpcStream: 2 } as const;
type CallKind = (typeof CallKind)[keyof typeof CallKind];

/** Ids of one machine's call-outs: HTTP 4, 8 …, unary gRPC 5, 9 …, gRPC streams 6, 10 …. */
export class CallIds {
  readonly #next = [4, 5, 6];

  take(kind: CallKind): number {
    const id = this.#next[kind] as number;
    this.#next[kind] = id + 4;
    return id;
  }

  /** Takes back the last id of the kind: Envoy uses none for a cluster that it does not know. */
  giveBack(kind: CallKind): void {
    this.#next[kind] = (this.#next[kind] as number) - 4;
  }
}
