/** The `service` argument of gRPC calls: a cluster name, or a serialized core.v3.GrpcService that names one. */
import { displayText } from './bytes.ts';
import { readMessage, subMessage, textField } from './protobuf.ts';

/** Returns `envoy_grpc.cluster_name` (fields 1, 1) when the bytes are such a message, else the bytes as text. */
export function grpcTarget(bytes: Uint8Array): string {
  const inner = subMessage(readMessage(bytes), 1);
  const name = inner && textField(inner, 1);
  return name !== undefined && name !== '' ? name : displayText(bytes);
}
