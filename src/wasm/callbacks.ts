/** The ABI table, guest side: every export a host looks for, with the type it must have. */
import { type AbiVersion, abiVersions, v02 } from './functions.ts';
import type { FunctionType, ValueType } from './module.ts';

export interface GuestCallback {
  readonly name: string;
  readonly type: FunctionType;
  readonly abis: readonly AbiVersion[];
  /** Parameter names, for traces and docs. */
  readonly parameters: readonly string[];
}

function define(
  name: string,
  parameters: string,
  result: 'none' | 'value',
  abis: readonly AbiVersion[] = abiVersions,
): GuestCallback {
  const names = parameters.split(' ').filter(Boolean);
  const type: FunctionType = {
    params: names.map((): ValueType => 'i32'),
    results: result === 'value' ? ['i32'] : [],
  };
  return { name, type, abis, parameters: names };
}

/** All optional. `proxy_on_request_headers` and `proxy_on_response_headers` have a shorter form in 0.1.0. */
export const guestCallbacks: readonly GuestCallback[] = [
  define('proxy_on_context_create', 'context parent', 'none'),
  define('proxy_on_vm_start', 'context configuration_size', 'value'),
  define('proxy_validate_configuration', 'context configuration_size', 'value'),
  define('proxy_on_configure', 'context configuration_size', 'value'),
  define('proxy_on_tick', 'context', 'none'),
  define('proxy_on_queue_ready', 'context queue', 'none'),
  define('proxy_on_new_connection', 'context', 'value'),
  define('proxy_on_downstream_data', 'context size end_of_stream', 'value'),
  define('proxy_on_upstream_data', 'context size end_of_stream', 'value'),
  define('proxy_on_downstream_connection_close', 'context peer', 'none'),
  define('proxy_on_upstream_connection_close', 'context peer', 'none'),
  define('proxy_on_request_headers', 'context count', 'value', ['0.1.0']),
  define('proxy_on_request_headers', 'context count end_of_stream', 'value', v02),
  define('proxy_on_request_body', 'context size end_of_stream', 'value'),
  define('proxy_on_request_trailers', 'context count', 'value'),
  define('proxy_on_request_metadata', 'context count', 'value'),
  define('proxy_on_response_headers', 'context count', 'value', ['0.1.0']),
  define('proxy_on_response_headers', 'context count end_of_stream', 'value', v02),
  define('proxy_on_response_body', 'context size end_of_stream', 'value'),
  define('proxy_on_response_trailers', 'context count', 'value'),
  define('proxy_on_response_metadata', 'context count', 'value'),
  define('proxy_on_http_call_response', 'context call headers body_size trailers', 'none'),
  define('proxy_on_grpc_receive_initial_metadata', 'context call count', 'none'),
  define('proxy_on_grpc_receive', 'context call size', 'none'),
  define('proxy_on_grpc_receive_trailing_metadata', 'context call count', 'none'),
  define('proxy_on_grpc_close', 'context call status', 'none'),
  define('proxy_on_foreign_function', 'context function size', 'none', v02),
  define('proxy_on_done', 'context', 'value'),
  define('proxy_on_log', 'context', 'none'),
  define('proxy_on_delete', 'context', 'none'),
  define('envoy_on_resolve_dns', 'context token size', 'none'),
  define('envoy_on_stats_update', 'context size', 'none'),
];

/** Entry points and allocators, which are looked up beside the callbacks. */
export const guestEntries: ReadonlyMap<string, FunctionType> = new Map<string, FunctionType>([
  ['_initialize', { params: [], results: [] }],
  ['_start', { params: [], results: [] }],
  ['main', { params: ['i32', 'i32'], results: ['i32'] }],
  ['__main_void', { params: [], results: ['i32'] }],
  ['malloc', { params: ['i32'], results: ['i32'] }],
  ['proxy_on_memory_allocate', { params: ['i32'], results: ['i32'] }],
]);
