/** The numbers of the ABI: statuses of host calls and what callbacks return. */

export const Status = {
  Ok: 0,
  NotFound: 1,
  BadArgument: 2,
  SerializationFailure: 3,
  ParseFailure: 4,
  BadExpression: 5,
  InvalidMemoryAccess: 6,
  Empty: 7,
  CasMismatch: 8,
  ResultMismatch: 9,
  InternalFailure: 10,
  BrokenConnection: 11,
  Unimplemented: 12,
} as const;

export const statusNames = Object.keys(Status);

/** Errno of WASI preview 1, those that the host returns. */
export const Errno = {
  Success: 0,
  BadFile: 8,
  Fault: 21,
  Invalid: 28,
  NoEntry: 44,
  NoSystem: 52,
  NotSupported: 58,
  NotCapable: 76,
} as const;

export const HeadersStatus = {
  Continue: 0,
  StopIteration: 1,
  ContinueAndEndStream: 2,
  StopAllIterationAndBuffer: 3,
  StopAllIterationAndWatermark: 4,
} as const;

export const DataStatus = {
  Continue: 0,
  StopIterationAndBuffer: 1,
  StopIterationAndWatermark: 2,
  StopIterationNoBuffer: 3,
} as const;

/** For trailers, metadata and network callbacks. */
export const FilterStatus = { Continue: 0, StopIteration: 1 } as const;

export const MapType = {
  RequestHeaders: 0,
  RequestTrailers: 1,
  ResponseHeaders: 2,
  ResponseTrailers: 3,
  GrpcInitialMetadata: 4,
  GrpcTrailingMetadata: 5,
  CallResponseHeaders: 6,
  CallResponseTrailers: 7,
} as const;

export const mapNames = [
  'request headers',
  'request trailers',
  'response headers',
  'response trailers',
  'gRPC initial metadata',
  'gRPC trailing metadata',
  'call-out response headers',
  'call-out response trailers',
];

export const BufferType = {
  RequestBody: 0,
  ResponseBody: 1,
  DownstreamData: 2,
  UpstreamData: 3,
  CallResponseBody: 4,
  GrpcMessage: 5,
  VmConfiguration: 6,
  PluginConfiguration: 7,
  CallData: 8,
} as const;

export const bufferNames = [
  'request body',
  'response body',
  'downstream data',
  'upstream data',
  'call-out response body',
  'gRPC message',
  'VM configuration',
  'plugin configuration',
  'call data',
];

export const StreamType = { Request: 0, Response: 1, Downstream: 2, Upstream: 3 } as const;
export const streamNames = ['request', 'response', 'downstream', 'upstream'];
export const metricNames = ['counter', 'gauge', 'histogram'];
export const logLevels = ['trace', 'debug', 'info', 'warn', 'error', 'critical'] as const;
