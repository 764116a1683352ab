/** Status on stderr: plain lines, or progress bars on a terminal. Never stdout, which belongs to the result. */
import { cursorTo, moveCursor, clearLine } from 'node:readline';
import type { Reporter, Task, TaskOptions } from '../../src/reporter.ts';
import { redact } from '../../src/errors.ts';
import { indented, visibleLine } from '../../src/io/printable.ts';
import { colorsFor } from './colors.ts';
import type { Context } from './context.ts';
import type { GlobalOptions } from './options.ts';
import type { Pieces } from './output-stream.ts';

/** The reporter that the global flags ask for. */
export function reporterFor(context: Context, options: Partial<GlobalOptions>): Reporter {
  const colors = colorsFor(context.stderr, context, options.color);
  const { stderr, env } = context;
  // A dumb terminal cannot go back to a line.
  const live = stderr.isTTY && !options.quiet && !options.json && !env['CI'] && env['TERM'] !== 'dumb';
  const board = new Board(context, live);
  return {
    info: message => {
      if (!options.quiet) board.line(indented(redact(message)));
    },
    detail: message => {
      if (options.verbose) board.line(colors.dim(indented(redact(message))));
    },
    warn: (message, hint) => {
      board.line(colors.yellow('warning'), `: ${indented(redact(message))}`);
      if (hint !== undefined) board.line(colors.cyan('help'), `: ${indented(hint)}`);
    },
    task: (label, task = {}) => (options.quiet ? silentTask : board.task(label, task, context.now)),
  };
}

const redrawMs = 80;
const frames = [...'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'];
const silentTask: Task = { advance() {}, done() {}, fail() {} };

/** The running tasks, redrawn in place on a terminal; on a pipe each task is one line when it ends. */
class Board {
  readonly #context: Context;
  readonly #live: boolean;
  readonly #running = new Map<Task, () => string>();
  #drawn = 0;
  #lastDraw = 0;
  /** Moves the spinners while a task has nothing to tell. */
  #ticker: NodeJS.Timeout | undefined;

  constructor(context: Context, live: boolean) {
    this.#context = context;
    this.#live = live;
  }

  line(...pieces: Pieces): void {
    this.#erase();
    this.#context.stderr.write(...pieces, '\n');
    this.#draw();
  }

  task(label: string, options: TaskOptions, now: () => number): Task {
    let amount = 0;
    const startedAt = now();
    const redraw = (): void => {
      this.#lastDraw = now();
      this.#erase();
      this.#draw();
    };
    const end = (mark: string, note?: string): void => {
      if (!this.#running.delete(task)) return;
      if (this.#running.size === 0) clearInterval(this.#ticker);
      if (!options.transient)
        return this.line(indented(`${mark} ${label}${note === undefined ? '' : ` ${note}`}`));
      this.#erase();
      this.#draw();
    };
    const task: Task = {
      advance: by => {
        amount += by;
        if (this.#live && now() - this.#lastDraw > redrawMs) redraw();
      },
      done: note => end('✓', note),
      fail: note => end('✗', note),
    };
    this.#erase();
    if (this.#live && this.#running.size === 0) this.#ticker = setInterval(redraw, redrawMs).unref();
    this.#running.set(task, () => taskLine(label, amount, options, (now() - startedAt) / 1000));
    this.#draw();
    return task;
  }

  #erase(): void {
    if (this.#drawn === 0) return;
    const stream = this.#context.stderr.raw as NodeJS.WriteStream;
    for (let row = 0; row < this.#drawn; row++) {
      moveCursor(stream, 0, -1);
      cursorTo(stream, 0);
      clearLine(stream, 0);
    }
    this.#drawn = 0;
  }

  #draw(): void {
    if (!this.#live) return;
    const width = (this.#context.stderr.columns ?? 80) - 1;
    // One row each, or the cursor would not go back far enough.
    for (const line of this.#running.values()) {
      this.#context.stderr.write(`${visibleLine(line()).slice(0, width)}\n`);
    }
    this.#drawn = this.#running.size;
  }
}

function taskLine(label: string, amount: number, { total, unit }: TaskOptions, seconds: number): string {
  const show = unit === 'bytes' ? formatBytes : String;
  if (total === undefined || total === 0) {
    const frame = frames[Math.floor((seconds * 1000) / redrawMs) % frames.length] ?? '';
    const since = seconds < 1 ? '' : ` ${Math.floor(seconds)}s`;
    return `${frame} ${label}${amount > 0 ? ` ${show(amount)}` : ''}${since}`;
  }
  const share = Math.min(1, amount / total);
  const bar = '█'.repeat(Math.round(share * 20)).padEnd(20, '░');
  const rate = unit === 'bytes' && seconds > 0.5 ? ` ${formatBytes(amount / seconds)}/s` : '';
  const rest = share > 0.02 && seconds > 1 ? ` ${Math.ceil((seconds / share) * (1 - share))}s left` : '';
  return `${bar} ${label} ${show(amount)}/${show(total)}${rate}${rest}`;
}

/** 1234567 → "1.2 MB": decimal units, as registries and disks count. */
export function formatBytes(bytes: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  let index = 0;
  let value = bytes;
  while (value >= 1000 && index < units.length - 1) {
    value /= 1000;
    index++;
  }
  return `${index === 0 || value >= 100 ? Math.round(value) : value.toFixed(1)} ${units[index] ?? ''}`;
}
