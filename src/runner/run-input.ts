/** Prepares the input of every way of running: the filters, and the flags with defaults from the project. */
import { WasmeError } from '../errors.ts';
import type { SystemContext } from '../io/system-context.ts';
import { type RunnableFilter, loadFilters } from './load-filters.ts';
import type { ListenAddress, RunEvent, RunOptions } from './run-options.ts';
import type { StreamKind } from '../project/names.ts';

export interface RunInput {
  readonly options: RunOptions;
  readonly system: SystemContext;
  readonly filters: readonly RunnableFilter[];
  readonly kind: StreamKind;
  readonly listen: ListenAddress;
  readonly admin: ListenAddress | undefined;
  /** Worker threads. */
  readonly concurrency: number;
  /** A URL; `echo` for the built-in upstream. */
  readonly upstream: string;
  readonly clusters: Readonly<Record<string, string>>;
  /** As typed, or as the project has it. */
  readonly host: string | undefined;
  readonly onEvent: (event: RunEvent) => void;
}

const defaultPort = 8080;

/** Loads the filters; what the flags leave open is from the project of the first filter that has one. */
export async function openRun(options: RunOptions, system: SystemContext): Promise<RunInput> {
  const filters = await loadFilters(options, system);
  const project = filters.find(filter => filter.project !== undefined)?.project?.project;
  const { port, admin, concurrency, upstream, host, clusters } = project?.run ?? {};
  return {
    options,
    system,
    filters,
    kind: kindOf(options.kind, filters),
    listen: {
      address: options.listen?.address ?? '127.0.0.1',
      port: options.listen?.port ?? port ?? defaultPort,
    },
    admin: options.admin ?? (admin === undefined ? undefined : { address: '127.0.0.1', port: admin }),
    concurrency: options.concurrency ?? concurrency ?? 1,
    upstream: options.upstream ?? upstream ?? 'echo',
    host: options.host ?? host,
    clusters: { ...clusters, ...options.clusters },
    onEvent: options.onEvent ?? (() => undefined),
  };
}

/** All filters of one run sit at the same place. */
function kindOf(wanted: StreamKind | undefined, filters: readonly RunnableFilter[]): StreamKind {
  if (wanted !== undefined) return wanted;
  const kinds = new Set(filters.map(filter => filter.kind));
  if (kinds.size > 1) {
    throw new WasmeError('USAGE', `these filters are of different kinds: ${[...kinds].join(', ')}`, {
      hint: 'run them one by one, or say with --kind what all of them are',
    });
  }
  return kinds.has('network') ? 'network' : 'http';
}
