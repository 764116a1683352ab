/** Call-outs under way: who asked, and how to stop them. */
import type { RootContext } from './root-context.ts';
import type { GrpcCall } from '../types.ts';

export interface HttpCallOut {
  readonly root: RootContext;
  cancel: () => void;
}

export interface GrpcExchange {
  readonly root: RootContext;
  readonly kind: 'unary' | 'stream';
  call: GrpcCall | undefined;
  localClosed: boolean;
  remoteClosed: boolean;
}
