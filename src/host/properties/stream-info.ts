/** Makes the facts of a stream about which nothing is known yet. */
import type { ConnectionInfo, StreamInfo } from '../types.ts';

export function newConnectionInfo(facts: Partial<ConnectionInfo> = {}): ConnectionInfo {
  return { id: 1, localAddress: '127.0.0.1:10000', remoteAddress: '127.0.0.1:40000', ...facts };
}

export function newStreamInfo(facts: Partial<StreamInfo> = {}): StreamInfo {
  return {
    protocol: 'HTTP/1.1',
    startTimeNs: 1n,
    endTimeNs: undefined,
    bytesReceived: 0,
    bytesSent: 0,
    responseCode: undefined,
    responseCodeDetails: undefined,
    responseFlags: 0,
    upstreamFirstByteSentNs: undefined,
    upstreamLastByteReceivedNs: undefined,
    routeName: undefined,
    clusterName: undefined,
    virtualHostName: undefined,
    downstream: newConnectionInfo(),
    upstream: undefined,
    upstreamRequestAttempts: 0,
    upstreamTransportFailure: undefined,
    ...facts,
  };
}
