/** Finds the stack of a guest that does not return: pauses its worker through the inspector, reads the frames, and resumes it. */
import type { Debugger, NodeWorker, Session } from 'node:inspector';
import { backtraceTitle, frameLine } from '../../host/vm/backtrace.ts';
import { type RunningCallback, runningCallbackExpression } from '../../host/vm/guest-calls.ts';
import { maxBacktraceFrames } from '../../host/limits.ts';
import { demangle } from '../../wasm/demangle.ts';

export interface GuestStack {
  /** `proxy_on_request_headers`; undefined when the host's frames did not tell. */
  readonly callback: string | undefined;
  /** `wasm log <plugin> …: `, the log prefix of the context that the callback is about. */
  readonly context: string | undefined;
  /** `  0:  0x24 - spin`, the innermost first, as in the backtrace of a trap. */
  readonly frames: readonly string[];
}

/** Global function of a worker that sends what its guest has logged so far. */
export const flushName = 'wasmeSendEvents';

/** A worker that waits for something else than a guest does not pause; then there is nothing to tell. */
const limitMs = 2_000;

/**
 * Undefined when there is no guest on the stack, or no way to look (Node without inspector). To be asked by the thread
 * that started the worker. The worker continues afterwards; its code stays slower, since the engine made it debuggable.
 */
export async function findGuestStack(threadId: number): Promise<GuestStack | undefined> {
  let probe: Probe | undefined;
  let timer: NodeJS.Timeout | undefined;
  try {
    const inspector = await import('node:inspector');
    probe = new Probe(new inspector.Session(), threadId);
    const late = new Promise<undefined>(resolve => (timer = setTimeout(() => resolve(undefined), limitMs)));
    return await Promise.race([probe.look(), late]);
  } catch {
    return undefined;
  } finally {
    clearTimeout(timer);
    probe?.end();
  }
}

/** Message of the worker's inspector: an answer to a message of ours, or an event. */
interface Received {
  readonly id?: number;
  readonly result?: unknown;
  readonly error?: { readonly message: string };
  readonly method?: string;
  readonly params?: unknown;
}

class Probe {
  readonly #session: Session;
  readonly #title: string;
  readonly #wasmScripts = new Set<string>();
  readonly #answers = new Map<number, (message: Received) => void>();
  readonly #paused: Promise<readonly Debugger.CallFrame[]>;
  #onPaused: (frames: readonly Debugger.CallFrame[]) => void = () => undefined;
  #sessionId = '';
  #lastId = 0;

  constructor(session: Session, threadId: number) {
    this.#session = session;
    this.#title = `[worker ${threadId}]`;
    this.#paused = new Promise(resolve => (this.#onPaused = resolve));
  }

  async look(): Promise<GuestStack | undefined> {
    const session = this.#session;
    session.connect();
    session.on('NodeWorker.attachedToWorker', ({ params }) => {
      // The id it has there is the session's own count; its title has the thread's.
      if (params.workerInfo.title.startsWith(this.#title)) this.#sessionId = params.sessionId;
    });
    session.on('NodeWorker.receivedMessageFromWorker', ({ params }) => this.#received(params));
    await new Promise(resolve =>
      session.post('NodeWorker.enable', { waitForDebuggerOnStart: false }, resolve),
    );
    if (this.#sessionId === '') return undefined;
    await this.#ask('Debugger.enable', {});
    await this.#ask('Debugger.pause', {});
    const frames = await this.#paused;
    const guest = frames.filter(frame => this.#wasmScripts.has(frame.location.scriptId));
    if (guest.length === 0) return undefined;
    const entry = frames[frames.indexOf(guest.at(-1) as Debugger.CallFrame) + 1];
    if (entry !== undefined) await this.#evaluate(entry, `${flushName}()`);
    const running = entry === undefined ? undefined : await this.#runningCallback(entry);
    const shown = guest.slice(0, maxBacktraceFrames);
    return {
      callback: running?.name,
      context: running?.logPrefix,
      frames: shown.map((frame, depth) => shownFrame(frame, depth, running?.offsetShift ?? 0)),
    };
  }

  /** Lets the worker go, also one that pauses later than it should. */
  end(): void {
    if (this.#sessionId !== '') void this.#ask('Debugger.disable', {}).catch(() => undefined);
    this.#session.disconnect();
  }

  /** Asks the frame below the guest's, which is the host's `Vm.invoke`; undefined when it is another one. */
  async #runningCallback(frame: Debugger.CallFrame): Promise<RunningCallback | undefined> {
    const value = (await this.#evaluate(frame, runningCallbackExpression)) as
      | Partial<RunningCallback>
      | undefined;
    return value?.name === undefined ? undefined : (value as RunningCallback);
  }

  async #evaluate({ callFrameId }: Debugger.CallFrame, expression: string): Promise<unknown> {
    const { result } = (await this.#ask('Debugger.evaluateOnCallFrame', {
      callFrameId,
      expression,
      returnByValue: true,
    })) as Debugger.EvaluateOnCallFrameReturnType;
    return result.value;
  }

  #ask(method: string, params: object): Promise<unknown> {
    const id = ++this.#lastId;
    const message = JSON.stringify({ id, method, params });
    return new Promise((resolve, reject) => {
      this.#answers.set(id, ({ result, error }) =>
        error === undefined ? resolve(result) : reject(new Error(error.message)),
      );
      this.#session.post('NodeWorker.sendMessageToWorker', { sessionId: this.#sessionId, message }, error => {
        if (error !== null) reject(error);
      });
    });
  }

  #received({ sessionId, message }: NodeWorker.ReceivedMessageFromWorkerEventDataType): void {
    if (sessionId !== this.#sessionId) return;
    const received = JSON.parse(message) as Received;
    if (received.id !== undefined) {
      this.#answers.get(received.id)?.(received);
      this.#answers.delete(received.id);
    } else if (received.method === 'Debugger.scriptParsed') {
      const { scriptId, scriptLanguage } = received.params as { scriptId: string; scriptLanguage?: string };
      if (scriptLanguage === 'WebAssembly') this.#wasmScripts.add(scriptId);
    } else if (received.method === 'Debugger.paused') {
      this.#onPaused((received.params as Debugger.PausedEventDataType).callFrames);
    }
  }
}

/** For the user, below the sentence that says what happened. */
export function stackLines(stack: GuestStack | undefined): string[] {
  if (stack === undefined) return [];
  return [`${stack.context ?? ''}${backtraceTitle}`, ...stack.frames];
}

/** The engine puts `$` before a name; the column is the offset in the module. */
function shownFrame({ functionName, location }: Debugger.CallFrame, depth: number, shift: number): string {
  return frameLine(depth, (location.columnNumber ?? 0) - shift, demangle(functionName.replace(/^\$/, '')));
}
