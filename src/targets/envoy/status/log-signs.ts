/** Finds in Envoy's log what no counter shows: a crash, and in a mesh, whose proxies have few counters, a refused update. */
import { stat } from 'node:fs/promises';
import { maxFileBytes } from '../../../io/files/file-limits.ts';
import { readText } from '../../../io/files/files.ts';

/** The log from that moment on, or all of it. May give earlier lines too, but never leaves later ones out. */
export type LogReader = (since: Date | undefined) => Promise<string>;

export interface LogSigns {
  /** The first one: a guest that crashed under `closed` or `open` is not called again. */
  readonly crash: { readonly callback: string; readonly reason: string } | undefined;
  readonly rejection: string | undefined;
}

/** Envoy names no filter in these lines. In Istio's format, more text follows behind a tab. */
export function signsIn(log: string): LogSigns {
  const crash = /Function: (proxy_\w+) failed: ([^\t\n]*)/.exec(log);
  // From a file, and from a control plane in either form of its protocol.
  const rejection =
    /(?:Filesystem config update|onfig for \S*\.TypedExtensionConfig) rejected: ([^\t\n]*)/.exec(log)?.[1];
  return {
    crash: crash === null ? undefined : { callback: crash[1] ?? '', reason: crash[2] ?? '' },
    rejection,
  };
}

/** A file that Envoy's log goes to. Fails with FILE_NOT_FOUND and FILE_ACCESS. */
export function fileLog(path: string): LogReader {
  return async since => {
    const text = await readText(path, maxFileBytes);
    return since === undefined ? text : linesSince(text, since, (await stat(path)).mtime);
  };
}

/**
 * Envoy writes local time without saying which; in a container that is seldom ours. The last line is as old as the file,
 * or older, so the shift between the two makes no line seem older than it is.
 */
export function linesSince(log: string, since: Date, writtenAt: Date): string {
  const stamps = [...log.matchAll(/^\[?(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d\.\d{3})/gm)].map(stamp => ({
    at: stamp.index,
    time: Date.parse(`${stamp[1] ?? ''}T${stamp[2] ?? ''}Z`),
  }));
  const last = stamps.at(-1);
  if (last === undefined) return log;
  const shift = writtenAt.getTime() - last.time;
  const first = stamps.find(({ time }) => time + shift >= since.getTime());
  return first === undefined ? '' : log.slice(first.at);
}
