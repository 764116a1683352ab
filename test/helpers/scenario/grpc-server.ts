/** A real gRPC server (grpc-js) for scenarios: `test.Probe/Ask` is unary, `test.Probe/Talk` a stream of both sides. */
import {
  Metadata,
  Server,
  ServerCredentials,
  type ServerDuplexStream,
  type ServiceDefinition,
  type UntypedHandleCall,
  type sendUnaryData,
} from '@grpc/grpc-js';
import { createServer } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Pairs } from '../guests/probe/script.ts';

export interface GrpcAnswer {
  /** Of the unary call, and of the stream after its first message. */
  readonly messages?: readonly string[];
  readonly status?: number;
  readonly details?: string;
  readonly initial?: Pairs;
  readonly trailing?: Pairs;
  readonly delayMs?: number;
  /** The stream's status comes without waiting for the client's half-close. */
  readonly endsFirst?: true;
  /** Never an answer: grpc-js itself would keep to the client's deadline. */
  readonly silent?: true;
  /** The server is shut down after the stream's messages. */
  readonly breaks?: true;
}

export interface GrpcSeen {
  readonly method: string;
  readonly metadata: readonly string[];
  readonly messages: readonly string[];
  /** `answered`: the status was sent before anything else happened. */
  readonly end: 'answered' | 'cancelled' | 'open';
}

export interface TestGrpcServer {
  readonly port: number;
  readonly seen: readonly GrpcSeen[];
  close(): void;
}

type Seen = { -readonly [Key in keyof GrpcSeen]: GrpcSeen[Key] } & { messages: string[] };

const same = (bytes: Buffer): Buffer => bytes;
const method = (name: string, stream: boolean): ServiceDefinition[string] => ({
  path: `/test.Probe/${name}`,
  requestStream: stream,
  responseStream: stream,
  requestSerialize: same,
  requestDeserialize: same,
  responseSerialize: same,
  responseDeserialize: same,
});

export async function startGrpcServer(answer: GrpcAnswer = {}): Promise<TestGrpcServer> {
  if (answer.silent) return startSilentServer();
  const seen: Seen[] = [];
  const note = (name: string, metadata: Metadata): Seen => {
    const lines = Object.entries(metadata.getMap()).map(
      ([key, value]) => `${key}: ${mask(key, String(value))}`,
    );
    const call: Seen = { method: name, metadata: lines.toSorted(), messages: [], end: 'open' };
    seen.push(call);
    return call;
  };
  const server = new Server();
  const handlers: Record<string, UntypedHandleCall> = {
    Ask: (
      call: {
        request: Buffer;
        metadata: Metadata;
        sendMetadata(metadata: Metadata): void;
      } & NodeJS.EventEmitter,
      reply: sendUnaryData<Buffer>,
    ) => {
      const record = note('Ask', call.metadata);
      record.messages.push(call.request.toString('latin1'));
      call.on('cancelled', () => cancelled(record));
      void sleep(answer.delayMs ?? 0).then(() => {
        answered(record);
        if (answer.initial) call.sendMetadata(metadataOf(answer.initial));
        const trailing = metadataOf(answer.trailing);
        if (answer.status) reply({ code: answer.status, details: answer.details ?? '', metadata: trailing });
        else reply(null, Buffer.from(answer.messages?.[0] ?? '', 'latin1'), trailing);
      });
    },
    Talk: (call: ServerDuplexStream<Buffer, Buffer>) =>
      talk(call, answer, note('Talk', call.metadata), () => server.forceShutdown()),
  };
  server.addService({ Ask: method('Ask', false), Talk: method('Talk', true) }, handlers);
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  return { port, seen, close: () => server.forceShutdown() };
}

async function startSilentServer(): Promise<TestGrpcServer> {
  const server = createServer();
  const sessions = new Set<{ destroy(): void }>();
  server.on('session', session => sessions.add(session.on('error', () => undefined)));
  server.on('stream', stream => stream.on('error', () => undefined).resume());
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const close = (): void => {
    for (const session of sessions) session.destroy();
    server.close();
  };
  return { port: (server.address() as AddressInfo).port, seen: [], close };
}

function talk(
  call: ServerDuplexStream<Buffer, Buffer>,
  answer: GrpcAnswer,
  record: Seen,
  shutDown: () => void,
): void {
  const finish = async (): Promise<void> => {
    // grpc-js takes the status of a stream from an error, whatever the code.
    await sleep(20);
    answered(record);
    const metadata = metadataOf(answer.trailing);
    if (answer.status) call.emit('error', { code: answer.status, details: answer.details ?? '', metadata });
    else call.end(metadata);
  };
  call.on('data', (message: Buffer) => {
    record.messages.push(message.toString('latin1'));
    if (record.messages.length > 1) return;
    call.sendMetadata(metadataOf(answer.initial));
    void (async () => {
      for (const text of answer.messages ?? []) {
        await sleep(20);
        call.write(Buffer.from(text, 'latin1'));
      }
      if (answer.endsFirst) await finish();
      if (answer.breaks) setTimeout(shutDown, 50);
    })();
  });
  call.on('cancelled', () => cancelled(record));
  call.on('error', () => undefined);
  call.on('end', () => {
    if (record.end === 'open' && !answer.endsFirst) void finish();
  });
}

function answered(record: Seen): void {
  if (record.end === 'open') record.end = 'answered';
}

/** Also comes when a call has ended well. */
function cancelled(record: Seen): void {
  if (record.end === 'open') record.end = 'cancelled';
}

function metadataOf(pairs: Pairs = []): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of pairs) metadata.add(name, value);
  return metadata;
}

/** Addresses of the machine and what is left of a timeout differ from run to run. */
function mask(name: string, value: string): string {
  return name === 'x-forwarded-for' || name === 'grpc-timeout' ? '*' : value;
}
