/** The two ends of a TCP connection through the proxy: what each does, step by step, and what it saw. */
import { type AddressInfo, type Socket, connect, createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** `until`: wait for these bytes from the other side. After the last move a FIN is answered with a FIN. */
export type Move =
  | { readonly send: string }
  | { readonly until: string }
  | { readonly wait: number }
  | 'fin'
  | 'reset';

export interface PeerSeen {
  readonly received: string;
  readonly end: 'fin' | 'reset' | 'open';
}

export interface PeerSettings {
  /** Limits the wait for bytes, and for the end after the last action; the default is for connections that hang. */
  readonly patienceMs?: number | undefined;
  /** Default 1; more is slower. */
  readonly pace?: number | undefined;
}

/** Between two moves, so that the other side sees them apart. */
const gapMs = 50;

export async function playClient(
  port: number,
  moves: readonly Move[],
  settings: PeerSettings,
): Promise<PeerSeen> {
  const { patienceMs = 30_000 } = settings;
  const socket = connect({ host: '127.0.0.1', port, allowHalfOpen: true, noDelay: true });
  const peer = new ScriptedPeer(socket, settings);
  await peer.play(moves);
  await Promise.race([peer.over, sleep(patienceMs)]);
  const seen = peer.seen;
  socket.destroy();
  return seen;
}

export interface TestPeer {
  readonly port: number;
  readonly seen: readonly PeerSeen[];
  close(): Promise<void>;
}

export async function startPeer(moves: readonly Move[], settings: PeerSettings): Promise<TestPeer> {
  const peers: ScriptedPeer[] = [];
  const server = createServer({ allowHalfOpen: true, noDelay: true }, socket => {
    const peer = new ScriptedPeer(socket, settings);
    peers.push(peer);
    void peer.play(moves);
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    get seen() {
      return peers.map(peer => peer.seen);
    },
    close: async () => {
      for (const peer of peers) peer.socket.destroy();
      await new Promise(resolve => server.close(resolve));
    },
  };
}

class ScriptedPeer {
  readonly socket: Socket;
  readonly over: Promise<void>;
  #received = '';
  #end: PeerSeen['end'] = 'open';
  #played = false;
  readonly #settings: PeerSettings;

  constructor(socket: Socket, settings: PeerSettings) {
    this.socket = socket;
    this.#settings = settings;
    socket.on('data', (data: Buffer) => (this.#received += data.toString('latin1')));
    socket.on('end', () => {
      this.#end = 'fin';
      if (this.#played) socket.end();
    });
    socket.on('error', () => (this.#end = 'reset'));
    this.over = new Promise(resolve => socket.once('close', () => resolve()));
  }

  get seen(): PeerSeen {
    return { received: this.#received, end: this.#end };
  }

  async play(moves: readonly Move[]): Promise<void> {
    for (const move of moves) {
      if (move === 'fin') this.socket.end();
      else if (move === 'reset') this.socket.resetAndDestroy();
      else if ('send' in move) this.socket.write(Buffer.from(move.send, 'latin1'));
      else if ('wait' in move) await sleep(move.wait);
      else await this.#until(move.until);
      await sleep(gapMs * (this.#settings.pace ?? 1));
    }
    this.#played = true;
    if (this.#end === 'fin') this.socket.end();
  }

  async #until(text: string): Promise<void> {
    const { patienceMs = 30_000 } = this.#settings;
    for (let waited = 0; waited < patienceMs && !this.#received.includes(text); waited += 10) {
      if (this.socket.destroyed) return;
      await sleep(10);
    }
  }
}
