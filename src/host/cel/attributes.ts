/**
 * Attributes as values. `proxy_get_property` decides what they are and when they exist; this file adds the kind of each, so
 * that expressions see a number where a guest gets eight bytes.
 */
import { type ByteString, toByteString } from '../encoding/bytes.ts';
import type { Context } from '../vm/context.ts';
import { readProperty } from '../properties/properties.ts';
import { MapType, Status } from '../status.ts';
import { Bytes, Duration, LiteralMap, CelMessage, Timestamp, Uint, type Value, ValueMap } from './values.ts';

type Kind =
  | 'string'
  | 'bool'
  | 'int'
  | 'uint'
  | 'timestamp'
  | 'duration'
  | 'headers'
  | 'metadata'
  | 'node'
  | 'locality';

const metadataType = 'envoy.config.core.v3.Metadata';

/** The attributes that are not text, by kind. */
const kinds: ReadonlyMap<string, ReadonlyMap<string, Kind>> = new Map(
  Object.entries<Readonly<Record<string, Kind>>>({
    request: { time: 'timestamp', duration: 'duration', size: 'int', total_size: 'int', headers: 'headers' },
    response: {
      code: 'int',
      flags: 'int',
      grpc_status: 'int',
      size: 'int',
      total_size: 'int',
      backend_latency: 'duration',
      headers: 'headers',
      trailers: 'headers',
    },
    connection: { id: 'uint', mtls: 'bool' },
    source: { port: 'int' },
    destination: { port: 'int' },
    upstream: { port: 'int', request_attempt_count: 'uint', locality: 'locality' },
    xds: {
      node: 'node',
      listener_direction: 'int',
      cluster_metadata: 'metadata',
      route_metadata: 'metadata',
      virtual_host_metadata: 'metadata',
      listener_metadata: 'metadata',
      upstream_host_metadata: 'metadata',
      upstream_host_locality_metadata: 'metadata',
    },
  }).map(([group, fields]) => [group, new Map(Object.entries(fields))]),
);

const headerMaps: ReadonlyMap<ByteString, number> = new Map(
  Object.entries({
    'request\0headers': MapType.RequestHeaders,
    'response\0headers': MapType.ResponseHeaders,
    'response\0trailers': MapType.ResponseTrailers,
  }),
);

/** Returns the value of an attribute, undefined when it does not exist or not in this phase. */
export function attributeOf(context: Context, name: string): Value | undefined {
  const info = context.streamInfo;
  if (name === 'xds') return new Group(context, name);
  if (kinds.has(name)) return info && new Group(context, name);
  if (name === 'filter_state') return info && new FilterState(context);
  if (name === 'upstream_filter_state') return info?.upstream && new Group(context, name);
  if (name === 'metadata') return info && metadata('');
  if (name === 'connection_id') return valueOf(context, name, 'uint');
  return /^plugin_(name|root_id|vm_id)$/.test(name)
    ? valueOf(context, name, 'string')
    : (stateValue(context, `wasm.${name}`) ?? valueOf(context, name, 'string'));
}

function valueOf(context: Context, path: ByteString, kind: Kind): Value | undefined {
  if (kind === 'headers') return new Headers(context, path);
  const value = readProperty(context, path);
  // Metadata that is not there is a null that cannot be written down.
  if (value === Status.SerializationFailure && kind === 'metadata') return null;
  return typeof value === 'number' ? undefined : decode(context, kind, toText(value));
}

function toText(value: ByteString | Uint8Array): ByteString {
  return typeof value === 'string' ? value : toByteString(value);
}

function decode(context: Context, kind: Kind, bytes: ByteString): Value {
  switch (kind) {
    case 'bool':
      return bytes !== '\0';
    case 'int':
      return BigInt.asIntN(64, number(bytes));
    case 'uint':
      return new Uint(number(bytes));
    case 'timestamp':
      return new Timestamp(BigInt.asIntN(64, number(bytes)));
    case 'duration':
      return new Duration(BigInt.asIntN(64, number(bytes)));
    case 'metadata':
      return metadata(bytes);
    case 'locality':
      return new CelMessage('envoy.config.core.v3.Locality', bytes, () => undefined);
    case 'node':
      return new CelMessage('envoy.config.core.v3.Node', bytes, field => nodeField(context, field));
    default:
      return bytes;
  }
}

function number(bytes: ByteString): bigint {
  let value = 0n;
  for (let at = bytes.length - 1; at >= 0; at--) value = (value << 8n) | BigInt(bytes.charCodeAt(at));
  return value;
}

/** The host has none, so that the namespaces are no keys. */
function metadata(bytes: ByteString): CelMessage {
  const empty = { value: new LiteralMap(), set: false };
  return new CelMessage(metadataType, bytes, name =>
    /^(typed_)?filter_metadata$/.test(name) ? empty : undefined,
  );
}

function nodeField(context: Context, name: string): { value: Value; set: boolean } | undefined {
  const { node } = context.vm.services;
  if (name === 'metadata') {
    const map = new LiteralMap();
    for (const key of Object.keys(node.metadata ?? {})) {
      const value = valueOf(context, `xds\0node\0metadata\0${key}`, 'string');
      if (value !== undefined) map.add(key, value);
    }
    return { value: map, set: map.keys().length > 0 };
  }
  const value =
    name === 'id' || name === 'cluster' ? valueOf(context, `xds\0node\0${name}`, 'string') : undefined;
  return value === undefined ? undefined : { value, set: value !== '' };
}

/** A map whose values are the properties below a path. A key that contains the separator of paths would reach deeper. */
abstract class Properties extends ValueMap {
  protected readonly context: Context;
  protected readonly path: ByteString;

  constructor(context: Context, path: ByteString) {
    super();
    this.context = context;
    this.path = path;
  }

  get(key: Value): Value | undefined {
    return typeof key !== 'string' || key.includes('\0') ? undefined : this.property(key);
  }

  protected abstract property(key: string): Value | undefined;
}

/** `request`, `connection` …: their names can be asked for, not listed. */
class Group extends Properties {
  protected property(key: string): Value | undefined {
    return valueOf(this.context, `${this.path}\0${key}`, kinds.get(this.path)?.get(key) ?? 'string');
  }

  keys(): readonly Value[] {
    return [];
  }

  override get listed(): boolean {
    return false;
  }
}

/** Names in any case; every value of a name, joined. */
class Headers extends Properties {
  protected property(key: string): Value | undefined {
    const value = readProperty(this.context, `${this.path}\0${key}`);
    return typeof value === 'number' ? undefined : toText(value);
  }

  keys(): readonly Value[] {
    const map = this.context.headersFor(headerMaps.get(this.path) as number);
    return map === undefined ? [] : [...new Set(map.entries.map(([name]) => name))];
  }
}

/** The filter state of a stream. Envoy cannot list it. */
class FilterState extends ValueMap {
  readonly #context: Context;

  constructor(context: Context) {
    super();
    this.#context = context;
  }

  get(key: Value): Value | undefined {
    return typeof key === 'string' ? stateValue(this.#context, key) : undefined;
  }

  keys(): readonly Value[] {
    return [];
  }

  override get listed(): boolean {
    return false;
  }
}

/** Bytes, unless the filter declared it to be text. */
function stateValue(context: Context, name: ByteString): Value | undefined {
  const entry = context.filterState?.get(name);
  if (entry === undefined) return undefined;
  const bytes = toText(entry.value);
  return entry.text === true ? bytes : new Bytes(bytes);
}
