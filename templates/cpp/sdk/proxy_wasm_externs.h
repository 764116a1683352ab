// The functions of the proxy as it offers them (ABI 0.2.1, module "env"), and those that it calls. Filters
// rather use proxy_wasm_api.h. What the proxy gives out lies in memory that it took with malloc: the receiver
// frees it.
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "proxy_wasm_common.h"
#include "proxy_wasm_enums.h"

// Named imports let the linker refuse all other undefined symbols. A native test defines these functions.
#ifdef __wasm__
#define PROXY_WASM_IMPORT(name) __attribute__((import_module("env"), import_name(#name))) WasmResult name
#else
#define PROXY_WASM_IMPORT(name) WasmResult name
#endif

extern "C" {

// Log, time, status.
PROXY_WASM_IMPORT(proxy_log)(LogLevel level, const char *text, size_t size);
PROXY_WASM_IMPORT(proxy_get_log_level)(LogLevel *level);
PROXY_WASM_IMPORT(proxy_get_current_time_nanoseconds)(uint64_t *nanoseconds);
PROXY_WASM_IMPORT(proxy_set_tick_period_milliseconds)(uint32_t milliseconds);
PROXY_WASM_IMPORT(proxy_get_status)(uint32_t *code, const char **message, size_t *message_size);

// Properties.
PROXY_WASM_IMPORT(proxy_get_property)
(const char *path, size_t path_size, const char **value, size_t *value_size);
PROXY_WASM_IMPORT(proxy_set_property)
(const char *path, size_t path_size, const char *value, size_t value_size);

// Streams.
PROXY_WASM_IMPORT(proxy_continue_stream)(WasmStreamType stream);
PROXY_WASM_IMPORT(proxy_close_stream)(WasmStreamType stream);
PROXY_WASM_IMPORT(proxy_send_local_response)
(uint32_t status, const char *details, size_t details_size, const char *body, size_t body_size,
 const char *headers, size_t headers_size, uint32_t grpc_status);

// Headers, trailers and metadata.
PROXY_WASM_IMPORT(proxy_add_header_map_value)
(WasmHeaderMapType map, const char *key, size_t key_size, const char *value, size_t value_size);
PROXY_WASM_IMPORT(proxy_get_header_map_value)
(WasmHeaderMapType map, const char *key, size_t key_size, const char **value, size_t *value_size);
PROXY_WASM_IMPORT(proxy_replace_header_map_value)
(WasmHeaderMapType map, const char *key, size_t key_size, const char *value, size_t value_size);
PROXY_WASM_IMPORT(proxy_remove_header_map_value)
(WasmHeaderMapType map, const char *key, size_t key_size);
PROXY_WASM_IMPORT(proxy_get_header_map_pairs)
(WasmHeaderMapType map, const char **pairs, size_t *pairs_size);
PROXY_WASM_IMPORT(proxy_set_header_map_pairs)
(WasmHeaderMapType map, const char *pairs, size_t pairs_size);
PROXY_WASM_IMPORT(proxy_get_header_map_size)(WasmHeaderMapType map, size_t *size);

// Bodies, data and configurations.
PROXY_WASM_IMPORT(proxy_get_buffer_bytes)
(WasmBufferType buffer, uint32_t start, uint32_t length, const char **bytes, size_t *size);
PROXY_WASM_IMPORT(proxy_get_buffer_status)(WasmBufferType buffer, size_t *size, uint32_t *flags);
PROXY_WASM_IMPORT(proxy_set_buffer_bytes)
(WasmBufferType buffer, uint32_t start, uint32_t length, const char *bytes, size_t size);

// Data and queues that several VMs share.
PROXY_WASM_IMPORT(proxy_get_shared_data)
(const char *key, size_t key_size, const char **value, size_t *value_size, uint32_t *cas);
PROXY_WASM_IMPORT(proxy_set_shared_data)
(const char *key, size_t key_size, const char *value, size_t value_size, uint32_t cas);
PROXY_WASM_IMPORT(proxy_register_shared_queue)(const char *name, size_t name_size, uint32_t *token);
PROXY_WASM_IMPORT(proxy_resolve_shared_queue)
(const char *vm_id, size_t vm_id_size, const char *name, size_t name_size, uint32_t *token);
PROXY_WASM_IMPORT(proxy_enqueue_shared_queue)(uint32_t token, const char *data, size_t size);
PROXY_WASM_IMPORT(proxy_dequeue_shared_queue)(uint32_t token, const char **data, size_t *size);

// Call-outs.
PROXY_WASM_IMPORT(proxy_http_call)
(const char *cluster, size_t cluster_size, void *headers, size_t headers_size, const char *body,
 size_t body_size, void *trailers, size_t trailers_size, uint32_t timeout_milliseconds, uint32_t *token);
PROXY_WASM_IMPORT(proxy_grpc_call)
(const char *cluster, size_t cluster_size, const char *service, size_t service_size, const char *method,
 size_t method_size, void *metadata, size_t metadata_size, const char *message, size_t message_size,
 uint32_t timeout_milliseconds, uint32_t *token);
PROXY_WASM_IMPORT(proxy_grpc_stream)
(const char *cluster, size_t cluster_size, const char *service, size_t service_size, const char *method,
 size_t method_size, void *metadata, size_t metadata_size, uint32_t *token);
PROXY_WASM_IMPORT(proxy_grpc_send)
(uint32_t token, const char *message, size_t message_size, uint32_t end_stream);
PROXY_WASM_IMPORT(proxy_grpc_close)(uint32_t token);
PROXY_WASM_IMPORT(proxy_grpc_cancel)(uint32_t token);

// Metrics.
PROXY_WASM_IMPORT(proxy_define_metric)
(MetricType type, const char *name, size_t name_size, uint32_t *metric);
PROXY_WASM_IMPORT(proxy_increment_metric)(uint32_t metric, int64_t offset);
PROXY_WASM_IMPORT(proxy_record_metric)(uint32_t metric, uint64_t value);
PROXY_WASM_IMPORT(proxy_get_metric)(uint32_t metric, uint64_t *value);

// Contexts and functions of the proxy's own.
PROXY_WASM_IMPORT(proxy_set_effective_context)(uint32_t context);
PROXY_WASM_IMPORT(proxy_done)();
PROXY_WASM_IMPORT(proxy_call_foreign_function)
(const char *name, size_t name_size, const char *arguments, size_t arguments_size, char **results,
 size_t *results_size);

// Of ABI 0.1.0: a proxy refuses a module of this SDK that uses them. Envoy has the foreign function
// "clear_route_cache"; a configuration is in the buffers VmConfiguration and PluginConfiguration.
PROXY_WASM_IMPORT(proxy_get_configuration)(const char **configuration, size_t *size);
PROXY_WASM_IMPORT(proxy_clear_route_cache)();

// What the proxy calls: the life of contexts,
void proxy_on_context_create(uint32_t id, uint32_t root_id);
uint32_t proxy_on_vm_start(uint32_t id, uint32_t size);
uint32_t proxy_validate_configuration(uint32_t id, uint32_t size);
uint32_t proxy_on_configure(uint32_t id, uint32_t size);
uint32_t proxy_on_done(uint32_t id);
void proxy_on_log(uint32_t id);
void proxy_on_delete(uint32_t id);

// connections,
FilterStatus proxy_on_new_connection(uint32_t id);
FilterStatus proxy_on_downstream_data(uint32_t id, uint32_t size, uint32_t end);
FilterStatus proxy_on_upstream_data(uint32_t id, uint32_t size, uint32_t end);
void proxy_on_downstream_connection_close(uint32_t id, uint32_t by);
void proxy_on_upstream_connection_close(uint32_t id, uint32_t by);

// requests and responses,
FilterHeadersStatus proxy_on_request_headers(uint32_t id, uint32_t count, uint32_t end);
FilterMetadataStatus proxy_on_request_metadata(uint32_t id, uint32_t count);
FilterDataStatus proxy_on_request_body(uint32_t id, uint32_t size, uint32_t end);
FilterTrailersStatus proxy_on_request_trailers(uint32_t id, uint32_t count);
FilterHeadersStatus proxy_on_response_headers(uint32_t id, uint32_t count, uint32_t end);
FilterMetadataStatus proxy_on_response_metadata(uint32_t id, uint32_t count);
FilterDataStatus proxy_on_response_body(uint32_t id, uint32_t size, uint32_t end);
FilterTrailersStatus proxy_on_response_trailers(uint32_t id, uint32_t count);

// answers and events.
void proxy_on_tick(uint32_t id);
void proxy_on_queue_ready(uint32_t id, uint32_t token);
void proxy_on_http_call_response(uint32_t id, uint32_t token, uint32_t headers, uint32_t size,
                                 uint32_t trailers);
void proxy_on_grpc_receive_initial_metadata(uint32_t id, uint32_t token, uint32_t headers);
void proxy_on_grpc_receive(uint32_t id, uint32_t token, uint32_t size);
void proxy_on_grpc_receive_trailing_metadata(uint32_t id, uint32_t token, uint32_t trailers);
void proxy_on_grpc_close(uint32_t id, uint32_t token, uint32_t status);
void proxy_on_foreign_function(uint32_t id, uint32_t function, uint32_t size);
}
