/**
 * Writes to a socket in as few system calls as possible: text and small bodies of one turn of the event loop are joined
 * into one write. Tells when the socket is full.
 */
import type { Socket } from 'node:net';

/** Bodies up to this size are cheaper to copy than to write on their own. */
const smallBytes = 8 * 1024;

export class SocketWriter {
  readonly #socket: Socket;
  readonly #onWritable: (writable: boolean) => void;
  #text = '';
  #scheduled = false;
  #full = false;

  constructor(socket: Socket, onWritable: (writable: boolean) => void) {
    this.#socket = socket;
    this.#onWritable = onWritable;
    socket.on('drain', () => {
      if (!this.#full) return;
      this.#full = false;
      this.#onWritable(true);
    });
  }

  get full(): boolean {
    return this.#full;
  }

  /** One character is one byte. */
  text(text: string): void {
    this.#text += text;
    if (!this.#scheduled) {
      this.#scheduled = true;
      queueMicrotask(() => this.flush());
    }
  }

  bytes(data: Uint8Array): void {
    const bytes = Buffer.isBuffer(data) ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    if (bytes.length <= smallBytes) {
      this.text(bytes.toString('latin1'));
      return;
    }
    const { socket, text } = { socket: this.#socket, text: this.#text };
    if (socket.destroyed) return;
    this.#text = '';
    socket.cork();
    if (text !== '') socket.write(text, 'latin1');
    const room = socket.write(bytes);
    socket.uncork();
    if (!room) this.#fill();
  }

  /** As one chunk of a chunked body. */
  chunk(data: Uint8Array): void {
    this.text(`${data.length.toString(16)}\r\n`);
    this.bytes(data);
    this.text('\r\n');
  }

  flush(): void {
    this.#scheduled = false;
    const text = this.#text;
    if (text === '') return;
    this.#text = '';
    if (!this.#socket.destroyed && this.#socket.writable && !this.#socket.write(text, 'latin1')) this.#fill();
  }

  #fill(): void {
    if (this.#full || this.#socket.writableLength === 0) return;
    this.#full = true;
    this.#onWritable(false);
  }
}
