/** The answers a proxy gives by itself, in Envoy's words. */
import { requestRefusal } from '../host/http/message-validity.ts';
import type { ByteString, LocalReply } from '../host/types.ts';
import { flags } from './stream-info.ts';
import type { ResetReason } from './streams.ts';

const noBytes = new Uint8Array(0);

export function localReply(status: number, body: string, details: string): LocalReply {
  return { status, body: body === '' ? noBytes : Buffer.from(body, 'latin1'), details };
}

export interface FailureReply {
  readonly reply: LocalReply;
  readonly flag: number;
}

/**
 * Returns the reply of Envoy's router when the upstream fails before its response has begun. Its details name the cause; with
 * `causeInText`, as in older Envoys, its text does too.
 */
export function upstreamFailure(
  reason: ResetReason,
  transportFailure: string | undefined,
  causeInText: boolean,
): FailureReply {
  if (reason === 'no healthy upstream') {
    return {
      reply: localReply(503, 'no healthy upstream', 'no_healthy_upstream'),
      flag: flags.noHealthyUpstream,
    };
  }
  const cause =
    causeInText && transportFailure !== undefined ? `, transport failure reason: ${transportFailure}` : '';
  const text = `upstream connect error or disconnect/reset before headers. reset reason: ${reason}${cause}`;
  const inDetails = transportFailure === undefined ? reason : `${reason}|${transportFailure}`;
  const details = `upstream_reset_before_response_started{${inDetails.replaceAll(' ', '_')}}`;
  return { reply: localReply(reason === 'protocol error' ? 502 : 503, text, details), flag: flagOf(reason) };
}

/** Returns the reply of Envoy's router when request headers cannot be sent. */
export function requestRefused(fault: ByteString): FailureReply {
  const { reply, flags: flag } = requestRefusal(fault);
  return { reply, flag };
}

export const upstreamTimeout: FailureReply = {
  reply: localReply(504, 'upstream request timeout', 'response_timeout'),
  flag: flags.upstreamRequestTimeout,
};

export const routeNotFound: FailureReply = {
  reply: localReply(404, '', 'route_not_found'),
  flag: flags.noRouteFound,
};

export const clusterNotFound: FailureReply = {
  reply: localReply(503, '', 'cluster_not_found'),
  flag: flags.noClusterFound,
};

function flagOf(reason: ResetReason): number {
  switch (reason) {
    case 'overflow':
      return flags.upstreamOverflow;
    case 'protocol error':
      return flags.upstreamProtocolError;
    case 'remote reset':
      return flags.upstreamRemoteReset;
    case 'connection termination':
      return flags.upstreamConnectionTermination;
    default:
      return flags.upstreamConnectionFailure;
  }
}
