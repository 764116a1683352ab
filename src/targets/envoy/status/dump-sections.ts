/** Splits /config_dump into its sections: listeners, discovered filters, the bootstrap. No field is assumed to be there. */

export type Json = Readonly<Record<string, unknown>>;

export interface DumpSections {
  readonly listeners: readonly DumpedListener[];
  readonly discoveries: readonly {
    readonly resource: Json | undefined;
    readonly version: string | undefined;
    readonly loadedAt: Date | undefined;
  }[];
  /** Of the bootstrap: filters beside the traffic. */
  readonly extensions: unknown;
  readonly startedAt: Date | undefined;
}

/** Joins sections of one type: Envoy writes one EcdsConfigDump for HTTP filters and one for network filters. */
export function sectionsOf(dump: unknown): DumpSections {
  const sections = list(object(dump)?.['configs']);
  const ofType = (type: string): Json[] =>
    sections.filter(section => String(section['@type']).replace(/^.*\./, '') === type);
  const start = ofType('BootstrapConfigDump').at(-1);
  const discovered = ofType('EcdsConfigDump').flatMap(section => list(section['ecds_filters']));
  return {
    listeners: ofType('ListenersConfigDump').flatMap(listenersOf),
    discoveries: discovered.map(filter => ({
      resource: object(filter['ecds_filter']),
      version: typeof filter['version_info'] === 'string' ? filter['version_info'] : undefined,
      loadedAt: date(filter['last_updated']),
    })),
    extensions: object(start?.['bootstrap'])?.['bootstrap_extensions'],
    startedAt: date(start?.['last_updated']),
  };
}

export interface DumpedListener {
  readonly configuration: unknown;
  /** The configuration that Envoy prepares to take its place. */
  readonly warming: unknown;
  readonly loadedAt: Date | undefined;
  readonly refused: { readonly configuration: unknown; readonly details: string } | undefined;
}

function listenersOf(section: Json): DumpedListener[] {
  const fixed = list(section['static_listeners']).map(item => ({
    configuration: item['listener'],
    warming: undefined,
    loadedAt: date(item['last_updated']),
    refused: undefined,
  }));
  const changing = list(section['dynamic_listeners']).map(item => {
    const active = object(item['active_state']);
    const error = object(item['error_state']);
    return {
      configuration: active?.['listener'],
      warming: object(item['warming_state'])?.['listener'],
      loadedAt: date(active?.['last_updated']),
      refused: error && { configuration: error['failed_configuration'], details: String(error['details']) },
    };
  });
  return [...fixed, ...changing];
}

/** Returns what `match` makes of each object inside, at any depth; the depth was limited when the page was parsed. */
export function all<T>(value: unknown, match: (node: Json) => T | undefined): T[] {
  const found: T[] = [];
  const visit = (at: unknown): void => {
    if (Array.isArray(at)) return at.forEach(visit);
    const node = object(at);
    if (node === undefined) return;
    const made = match(node);
    if (made !== undefined) found.push(made);
    Object.values(node).forEach(visit);
  };
  visit(value);
  return found;
}

export function object(value: unknown): Json | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : undefined;
}

/** Returns the objects of a list; nothing for a value that is no list. */
export function list(value: unknown): Json[] {
  return Array.isArray(value) ? value.map(object).filter(item => item !== undefined) : [];
}

function date(value: unknown): Date | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN;
  return Number.isNaN(time) ? undefined : new Date(time);
}
