/** The attributes `xds.*`: the node, and the route of the stream. */
import { concat } from '../../wasm/writer.ts';
import { int64, toByteString, uint32, utf8ByteString } from '../encoding/bytes.ts';
import type { Context, PropertyValue } from '../vm/context.ts';
import { writeMessage } from '../encoding/protobuf.ts';
import type { NodeInfo } from '../services.ts';
import { Status } from '../status.ts';
import type { ByteString } from '../types.ts';

type Answer = PropertyValue | number | undefined;

export function xdsAttribute(context: Context, rest: ByteString): Answer {
  if (rest === 'node' || rest.startsWith('node\0')) {
    return nodeAttribute(context, rest === 'node' ? undefined : rest.slice(5));
  }
  const info = context.streamInfo;
  if (info === undefined) return undefined;
  switch (rest) {
    case 'cluster_name':
      return text(info.clusterName);
    case 'route_name':
      return text(info.routeName);
    case 'virtual_host_name':
      return text(info.virtualHostName);
    case 'filter_chain_name':
      return '';
    case 'listener_direction':
      return int64(context.vm.services.listenerDirection);
    case 'cluster_metadata':
      return info.clusterName === undefined ? undefined : '';
    case 'route_metadata':
    case 'virtual_host_metadata':
    case 'listener_metadata':
      return '';
    case 'upstream_host_metadata':
    case 'upstream_host_locality_metadata':
      // Without any, Envoy has a null there, which has no bytes.
      return info.upstream && Status.SerializationFailure;
    case 'route_metadata\0filter_metadata':
      return uint32(0);
    default:
      return undefined;
  }
}

function text(value: string | undefined): Answer {
  return value === undefined ? undefined : utf8ByteString(value);
}

/** Returns `node` as a message, or one of its fields. */
export function nodeAttribute(context: Context, rest: ByteString | undefined): Answer {
  const { node } = context.vm.services;
  if (rest === undefined) return nodeMessage(node);
  const [field, key, ...more] = rest.split('\0');
  if (field === 'id' && key === undefined) return utf8ByteString(node.id);
  if (field === 'cluster' && key === undefined) return utf8ByteString(node.cluster);
  if (field === 'metadata' && key !== undefined && more.length === 0) {
    const value = node.metadata && Object.hasOwn(node.metadata, key) ? node.metadata[key] : undefined;
    return text(value);
  }
  return field === 'metadata' && key === undefined ? Status.SerializationFailure : undefined;
}

/** Encodes core.v3.Node: id, cluster, and metadata as a Struct of strings. */
function nodeMessage(node: NodeInfo): ByteString {
  const entries = Object.entries(node.metadata ?? {}).map(([key, value]) =>
    writeMessage([
      [
        1,
        writeMessage([
          [1, key],
          [2, writeMessage([[3, value]])],
        ]),
      ],
    ]),
  );
  const struct = concat(
    entries,
    entries.reduce((total, entry) => total + entry.length, 0),
  );
  return toByteString(
    writeMessage([
      [1, node.id],
      [2, node.cluster],
      [3, struct],
    ]),
  );
}
