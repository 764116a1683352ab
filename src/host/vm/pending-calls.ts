/** Call-outs under way: who asked, and how to stop them. */
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
