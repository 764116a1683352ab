/** Reads and writes properties: Envoy's attributes, and filter state under a filter's own names. */
import { uint32, utf8ByteString } from '../encoding/bytes.ts';
import type { Context, PropertyValue } from '../vm/context.ts';
import {
  connectionAttribute,
  destinationAttribute,
  sourceAttribute,
  upstreamAttribute,
} from './connection-attributes.ts';
import { requestAttribute, responseAttribute } from './http-attributes.ts';
import { nodeAttribute, xdsAttribute } from './xds-attributes.ts';
import { Status } from '../status.ts';
import type { ByteString } from '../types.ts';

/** Returns the encoded value, or a status other than Ok. `path` has `\0` between segments. */
export function readProperty(context: Context, path: ByteString): PropertyValue | number {
  if (path === '') return Status.SerializationFailure;
  const clean = path.endsWith('\0') ? path.slice(0, -1) : path;
  const own = context.streamInfo?.attributes?.get(clean);
  if (own !== undefined) return own;
  const cut = clean.indexOf('\0');
  const first = cut < 0 ? clean : clean.slice(0, cut);
  const rest = cut < 0 ? undefined : clean.slice(cut + 1);
  return readAttribute(context, first, rest) ?? Status.NotFound;
}

type Answer = PropertyValue | number | undefined;

function readAttribute(context: Context, first: ByteString, rest: ByteString | undefined): Answer {
  const info = context.streamInfo;
  switch (first) {
    case 'request':
    case 'response':
    case 'connection':
    case 'source':
    case 'destination':
    case 'upstream':
    case 'metadata':
    case 'filter_state':
    case 'upstream_filter_state':
      if (info === undefined) return undefined;
      return rest === undefined ? wholeGroup(first) : streamAttribute(context, first, rest);
    case 'xds':
      return rest === undefined ? Status.SerializationFailure : xdsAttribute(context, rest);
    case 'plugin_name':
      return leaf(rest, context.root && utf8ByteString(context.root.plugin.name));
    case 'plugin_root_id':
      return leaf(rest, context.root && utf8ByteString(context.root.plugin.rootId));
    case 'plugin_vm_id':
      return leaf(rest, utf8ByteString(context.vm.options.vmId));
    case 'connection_id':
      return info && leaf(rest, connectionAttribute(info, 'id'));
    default:
      return otherAttribute(context, first, rest);
  }
}

/** Answers for a group as a whole: `request`, `connection` … cannot be serialized; `metadata` is an empty message. */
function wholeGroup(name: ByteString): Answer {
  return name === 'metadata' ? '' : Status.SerializationFailure;
}

function leaf(rest: ByteString | undefined, value: Answer): Answer {
  return rest === undefined ? value : undefined;
}

function streamAttribute(context: Context, first: ByteString, rest: ByteString): Answer {
  const info = context.streamInfo;
  if (info === undefined) return undefined;
  switch (first) {
    case 'request':
      return requestAttribute(context, info, rest);
    case 'response':
      return responseAttribute(context, info, rest);
    case 'connection':
      return connectionAttribute(info, rest);
    case 'source':
      return sourceAttribute(info, rest);
    case 'destination':
      return destinationAttribute(info, rest);
    case 'upstream':
      return upstreamAttribute(info, rest);
    case 'metadata':
      // No dynamic metadata here: the map of namespaces is empty, which is a count of 0.
      return rest === 'filter_metadata' ? uint32(0) : undefined;
    case 'filter_state':
      return stateValue(context, rest);
    default:
      return undefined;
  }
}

/** Returns a property that a filter has set, or one of the top-level names of old Envoys. */
function otherAttribute(context: Context, first: ByteString, rest: ByteString | undefined): Answer {
  const set = rest === undefined ? stateValue(context, `wasm.${first}`) : undefined;
  if (set !== undefined || !context.vm.services.profile.topLevelAttributes) return set;
  if (first === 'node') return nodeAttribute(context, rest);
  if (first === 'listener_direction') return xdsAttribute(context, 'listener_direction');
  if (first === 'cluster_name' || first === 'route_name') return leaf(rest, xdsAttribute(context, first));
  return undefined;
}

function stateValue(context: Context, name: ByteString): PropertyValue | undefined {
  return context.shownState?.get(name)?.value;
}

/** The type String of `declare_property`. */
const stringType = 1;

/**
 * Stores a property and returns a status. It needs a stream; the name is the raw path, so that only one segment can be read
 * back.
 */
export function writeProperty(context: Context, path: ByteString, value: Uint8Array): number {
  const state = context.filterState;
  if (state === undefined) return Status.NotFound;
  const name = `wasm.${path}`;
  if (state.get(name)?.readOnly === true) return Status.BadArgument;
  const declared = context.root?.declared.get(path);
  if (path.includes('\0')) {
    const shown = path.replaceAll('\0', '.');
    context.vm.report('warn', `set_property ${shown}: a path of several segments cannot be read back`);
  }
  state.set(name, { value, readOnly: declared?.readOnly ?? false, text: declared?.type === stringType });
  return Status.Ok;
}
