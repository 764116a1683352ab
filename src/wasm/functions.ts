/** The ABI table, host side: every function a Proxy-Wasm host offers, with its parameters and the versions that have it. */
import type { FunctionType, ValueType } from './module.ts';

export type AbiVersion = '0.1.0' | '0.2.0' | '0.2.1';

export const abiVersions: readonly AbiVersion[] = ['0.1.0', '0.2.0', '0.2.1'];

/**
 * The meaning of a parameter. `text`, `bytes`, `pairs` and `path` are a pointer and a size; the rest is one number.
 * The names ending in `-type` and `-level` are the enumerations of the specification.
 */
export type ParameterKind =
  | 'u32'
  | 'i32'
  | 'i64'
  | 'u64'
  | 'text'
  | 'bytes'
  | 'pairs'
  | 'path'
  | 'map-type'
  | 'buffer-type'
  | 'stream-type'
  | 'metric-type'
  | 'log-level';

/** The content of a result cell. `bytes` and `pairs` are a pointer cell and a size cell. */
export type ResultKind = 'u32' | 'u64' | 'bytes' | 'pairs';

export interface HostFunction {
  readonly name: string;
  readonly abis: readonly AbiVersion[];
  readonly parameters: readonly (readonly [name: string, kind: ParameterKind])[];
  /** Cells whose addresses come after the parameters. */
  readonly results: readonly (readonly [name: string, kind: ResultKind])[];
  readonly type: FunctionType;
}

const all = abiVersions;
const v01: readonly AbiVersion[] = ['0.1.0'];
/** Versions that have what came with 0.2. */
export const v02: readonly AbiVersion[] = ['0.2.0', '0.2.1'];

function define<const Name extends string>(
  abis: readonly AbiVersion[],
  name: Name,
  parameters: string,
  results = '',
): [Name, HostFunction] {
  const split = <T extends string>(list: string): [string, T][] =>
    list === '' ? [] : list.split(' ').map(item => item.split(':') as [string, T]);
  const ins = split<ParameterKind>(parameters);
  const outs = split<ResultKind>(results);
  const params = [
    ...ins.flatMap(([, kind]) => parameterTypes(kind)),
    ...outs.flatMap(([, kind]) => cells(kind)),
  ];
  return [name, { name, abis, parameters: ins, results: outs, type: { params, results: ['i32'] } }];
}

function parameterTypes(kind: ParameterKind): ValueType[] {
  if (kind === 'i64' || kind === 'u64') return ['i64'];
  return kind === 'text' || kind === 'bytes' || kind === 'pairs' || kind === 'path'
    ? ['i32', 'i32']
    : ['i32'];
}

function cells(kind: ResultKind): ValueType[] {
  return kind === 'bytes' || kind === 'pairs' ? ['i32', 'i32'] : ['i32'];
}

/** `env.proxy_*`, in the order of the specification, and what Envoy has besides. */
const table = [
  define(all, 'proxy_log', 'level:log-level message:text'),
  define(['0.2.1'], 'proxy_get_log_level', '', 'level:u32'),
  define(all, 'proxy_get_current_time_nanoseconds', '', 'time:u64'),
  define(all, 'proxy_set_tick_period_milliseconds', 'period:u32'),
  define(all, 'proxy_get_property', 'path:path', 'value:bytes'),
  define(all, 'proxy_set_property', 'path:path value:bytes'),
  define(v01, 'proxy_get_configuration', '', 'configuration:bytes'),
  define(all, 'proxy_get_status', '', 'code:u32 message:bytes'),
  define(v01, 'proxy_continue_request', ''),
  define(v01, 'proxy_continue_response', ''),
  define(v01, 'proxy_clear_route_cache', ''),
  define(v02, 'proxy_continue_stream', 'stream:stream-type'),
  define(v02, 'proxy_close_stream', 'stream:stream-type'),
  define(
    all,
    'proxy_send_local_response',
    'status:u32 details:text body:bytes headers:pairs grpc_status:i32',
  ),
  define(all, 'proxy_get_shared_data', 'key:text', 'value:bytes cas:u32'),
  define(all, 'proxy_set_shared_data', 'key:text value:bytes cas:u32'),
  define(all, 'proxy_register_shared_queue', 'name:text', 'queue:u32'),
  define(all, 'proxy_resolve_shared_queue', 'vm_id:text name:text', 'queue:u32'),
  define(all, 'proxy_dequeue_shared_queue', 'queue:u32', 'data:bytes'),
  define(all, 'proxy_enqueue_shared_queue', 'queue:u32 data:bytes'),
  define(all, 'proxy_get_header_map_value', 'map:map-type key:text', 'value:bytes'),
  define(all, 'proxy_add_header_map_value', 'map:map-type key:text value:text'),
  define(all, 'proxy_replace_header_map_value', 'map:map-type key:text value:text'),
  define(all, 'proxy_remove_header_map_value', 'map:map-type key:text'),
  define(all, 'proxy_get_header_map_pairs', 'map:map-type', 'pairs:pairs'),
  define(all, 'proxy_set_header_map_pairs', 'map:map-type pairs:pairs'),
  define(all, 'proxy_get_header_map_size', 'map:map-type', 'size:u32'),
  define(all, 'proxy_get_buffer_bytes', 'buffer:buffer-type start:u32 max:u32', 'data:bytes'),
  define(all, 'proxy_get_buffer_status', 'buffer:buffer-type', 'length:u32 flags:u32'),
  define(all, 'proxy_set_buffer_bytes', 'buffer:buffer-type start:u32 size:u32 data:bytes'),
  define(
    all,
    'proxy_http_call',
    'upstream:text headers:pairs body:bytes trailers:pairs timeout_ms:i32',
    'call:u32',
  ),
  define(
    all,
    'proxy_grpc_call',
    'upstream:text service:text method:text metadata:pairs message:bytes timeout_ms:i32',
    'call:u32',
  ),
  define(all, 'proxy_grpc_stream', 'upstream:text service:text method:text metadata:pairs', 'call:u32'),
  define(all, 'proxy_grpc_cancel', 'call:u32'),
  define(all, 'proxy_grpc_close', 'call:u32'),
  define(all, 'proxy_grpc_send', 'call:u32 message:bytes end_of_stream:u32'),
  define(all, 'proxy_define_metric', 'type:metric-type name:text', 'metric:u32'),
  define(all, 'proxy_increment_metric', 'metric:u32 offset:i64'),
  define(all, 'proxy_record_metric', 'metric:u32 value:u64'),
  define(all, 'proxy_get_metric', 'metric:u32', 'value:u64'),
  define(all, 'proxy_set_effective_context', 'context:u32'),
  define(all, 'proxy_done', ''),
  define(all, 'proxy_call_foreign_function', 'name:text arguments:bytes', 'result:bytes'),
  define(all, 'envoy_resolve_dns', 'name:text', 'token:u32'),
];

export type HostFunctionName = (typeof table)[number][0];

export const hostFunctions: ReadonlyMap<string, HostFunction> = new Map<string, HostFunction>(table);

/** Other `env` functions Envoy links, whatever the ABI version. */
const runtimeFunctions: Readonly<Record<RuntimeFunctionName, FunctionType>> = {
  emscripten_notify_memory_growth: { params: ['i32'], results: [] },
  pthread_equal: { params: ['i32', 'i32'], results: ['i32'] },
};

export type RuntimeFunctionName = 'emscripten_notify_memory_growth' | 'pthread_equal';

export const envFunctions: ReadonlyMap<string, FunctionType> = new Map(Object.entries(runtimeFunctions));

/**
 * Tier of WASI functions → first Envoy 1.x that has it; A has been there always. The last step was looked up in the released
 * binaries of 1.37.0, 1.38.2 and 1.39.0.
 */
export const wasiTiers = { A: 0, B: 21, C: 33, D: 39 } as const;
export type WasiTier = keyof typeof wasiTiers;

export interface WasiFunction {
  readonly type: FunctionType;
  readonly tier: WasiTier;
}

/** One letter a parameter: `i` is i32, `l` is i64. */
const wasiTable: readonly (readonly [tier: WasiTier, parameters: string, names: string])[] = [
  ['A', 'iiii', 'fd_write fd_read'],
  ['A', 'ilii', 'fd_seek'],
  ['A', 'i', 'fd_close'],
  ['A', 'ii', 'fd_fdstat_get environ_sizes_get environ_get args_sizes_get args_get random_get'],
  ['A', 'ili', 'clock_time_get'],
  ['B', 'iiiiillii', 'path_open'],
  ['B', 'ii', 'fd_prestat_get'],
  ['B', 'iii', 'fd_prestat_dir_name'],
  ['C', 'ii', 'fd_fdstat_set_flags'],
  ['C', '', 'sched_yield'],
  ['C', 'iiii', 'poll_oneoff'],
  ['D', 'ill', 'fd_fdstat_set_rights fd_allocate'],
  ['D', 'ii', 'clock_res_get fd_filestat_get fd_renumber fd_tell sock_shutdown'],
  ['D', 'iiiii', 'path_filestat_get sock_send'],
  ['D', 'illi', 'fd_advise fd_filestat_set_times'],
  ['D', 'il', 'fd_filestat_set_size'],
  ['D', 'i', 'fd_datasync fd_sync'],
  ['D', 'iiili', 'fd_pread fd_pwrite fd_readdir'],
  ['D', 'iii', 'path_create_directory path_remove_directory path_unlink_file sock_accept'],
  ['D', 'iiiilli', 'path_filestat_set_times'],
  // Envoy's types of path_link and path_symlink are one parameter short of WASI's; a real import of them does not link.
  ['D', 'iiiiii', 'path_link path_readlink path_rename sock_recv'],
  ['D', 'iiii', 'path_symlink'],
];

/** WASI preview 1 as Envoy registers it, under both module names. */
export const wasiFunctions: ReadonlyMap<string, WasiFunction> = new Map([
  ...wasiTable.flatMap(([tier, letters, names]) => {
    const params = [...letters].map((letter): ValueType => (letter === 'l' ? 'i64' : 'i32'));
    return names
      .split(' ')
      .map((name): [string, WasiFunction] => [name, { tier, type: { params, results: ['i32'] } }]);
  }),
  ['proc_exit', { tier: 'A', type: { params: ['i32'], results: [] } }],
]);

export const wasiModules: readonly string[] = ['wasi_unstable', 'wasi_snapshot_preview1'];
