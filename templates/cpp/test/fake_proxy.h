// A proxy for native tests: it keeps what the filter sets, and plays one stream at a time through what the
// SDK exports. Include it in exactly one file of a test program.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "proxy_wasm_intrinsics.h"

extern "C" {
void proxy_on_context_create(uint32_t id, uint32_t root_id);
uint32_t proxy_on_vm_start(uint32_t id, uint32_t size);
uint32_t proxy_on_configure(uint32_t id, uint32_t size);
void proxy_on_tick(uint32_t id);
FilterStatus proxy_on_new_connection(uint32_t id);
FilterStatus proxy_on_downstream_data(uint32_t id, uint32_t size, uint32_t end);
FilterStatus proxy_on_upstream_data(uint32_t id, uint32_t size, uint32_t end);
FilterHeadersStatus proxy_on_request_headers(uint32_t id, uint32_t count, uint32_t end);
FilterHeadersStatus proxy_on_response_headers(uint32_t id, uint32_t count, uint32_t end);
void proxy_on_http_call_response(uint32_t id, uint32_t token, uint32_t headers, uint32_t size,
                                 uint32_t trailers);
void proxy_on_grpc_receive(uint32_t id, uint32_t token, uint32_t size);
void proxy_on_grpc_close(uint32_t id, uint32_t token, uint32_t status);
uint32_t proxy_on_done(uint32_t id);
void proxy_on_log(uint32_t id);
void proxy_on_delete(uint32_t id);
}

struct FakeProxy {
  struct Response {
    uint32_t status;
    std::string body;
    HeaderStringPairs headers;
  };
  struct Call {
    uint32_t token;
    std::string cluster;
    HeaderStringPairs headers;
  };

  std::map<WasmHeaderMapType, HeaderStringPairs> headers;
  std::map<WasmBufferType, std::string> buffers;
  std::map<std::string, std::string> properties;
  std::map<std::string, std::pair<std::string, uint32_t>> shared;
  std::vector<std::tuple<MetricType, std::string, uint64_t>> metrics;
  std::vector<std::pair<LogLevel, std::string>> logs;
  /// What its foreign functions answer, by name.
  std::map<std::string, std::function<std::string(std::string_view argument)>> foreign;
  std::vector<Call> calls;
  std::vector<WasmStreamType> continued;
  std::vector<WasmStreamType> closed;
  std::optional<Response> response;
  uint32_t tick_period = 0;
  uint32_t effective_context = 0;
  uint32_t next_token = 1;
  /// What the next call-outs are answered with.
  WasmResult call_result = WasmResult::Ok;

  /// Value of a header, or empty.
  std::string header(WasmHeaderMapType map, std::string_view name) {
    for (const auto &[key, value] : headers[map])
      if (key == name) return value;
    return "";
  }
};

inline FakeProxy proxy;

namespace fake_proxy_detail {

/// Memory that the filter frees, as if it came from a proxy.
inline WasmResult give(std::string_view bytes, const char **data, size_t *size) {
  auto *copy = static_cast<char *>(malloc(bytes.size() + 1));
  memcpy(copy, bytes.data(), bytes.size());
  *data = copy;
  *size = bytes.size();
  return WasmResult::Ok;
}

inline HeaderStringPairs pairs(const void *data, size_t size) {
  const char *copy = nullptr;
  give({static_cast<const char *>(data), size}, &copy, &size);
  HeaderStringPairs list;
  WasmData owned(copy, size);
  for (const auto &[name, value] : owned.pairs())
    list.emplace_back(name, value);
  return list;
}

inline WasmResult call(const char *cluster, size_t cluster_size, const void *headers, size_t headers_size,
                       uint32_t *token) {
  if (proxy.call_result != WasmResult::Ok) return proxy.call_result;
  *token = proxy.next_token++;
  proxy.calls.push_back({*token, {cluster, cluster_size}, pairs(headers, headers_size)});
  return WasmResult::Ok;
}

} // namespace fake_proxy_detail

extern "C" {

WasmResult proxy_log(LogLevel level, const char *text, size_t size) {
  proxy.logs.emplace_back(level, std::string(text, size));
  return WasmResult::Ok;
}
WasmResult proxy_get_log_level(LogLevel *level) {
  *level = LogLevel::info;
  return WasmResult::Ok;
}
WasmResult proxy_get_current_time_nanoseconds(uint64_t *nanoseconds) {
  *nanoseconds = 1'700'000'000'000'000'000;
  return WasmResult::Ok;
}
WasmResult proxy_set_tick_period_milliseconds(uint32_t milliseconds) {
  proxy.tick_period = milliseconds;
  return WasmResult::Ok;
}
WasmResult proxy_get_status(uint32_t *code, const char **message, size_t *size) {
  *code = 0;
  return fake_proxy_detail::give("", message, size);
}

WasmResult proxy_get_property(const char *path, size_t path_size, const char **value, size_t *size) {
  std::string name;
  for (size_t i = 0; i + 1 < path_size; i++)
    name += path[i] == '\0' ? '.' : path[i];
  const auto found = proxy.properties.find(name);
  if (found == proxy.properties.end()) return WasmResult::NotFound;
  return fake_proxy_detail::give(found->second, value, size);
}
WasmResult proxy_set_property(const char *path, size_t path_size, const char *value, size_t size) {
  proxy.properties[std::string(path, path_size)] = std::string(value, size);
  return WasmResult::Ok;
}

WasmResult proxy_continue_stream(WasmStreamType stream) {
  proxy.continued.push_back(stream);
  return WasmResult::Ok;
}
WasmResult proxy_close_stream(WasmStreamType stream) {
  proxy.closed.push_back(stream);
  return WasmResult::Ok;
}
WasmResult proxy_send_local_response(uint32_t status, const char *, size_t, const char *body,
                                     size_t body_size, const char *headers, size_t headers_size, uint32_t) {
  proxy.response = {status, {body, body_size}, fake_proxy_detail::pairs(headers, headers_size)};
  return WasmResult::Ok;
}

WasmResult proxy_add_header_map_value(WasmHeaderMapType map, const char *key, size_t key_size,
                                      const char *value, size_t size) {
  proxy.headers[map].emplace_back(std::string(key, key_size), std::string(value, size));
  return WasmResult::Ok;
}
WasmResult proxy_get_header_map_value(WasmHeaderMapType map, const char *key, size_t key_size,
                                      const char **value, size_t *size) {
  for (const auto &[name, text] : proxy.headers[map])
    if (name == std::string_view(key, key_size)) return fake_proxy_detail::give(text, value, size);
  return WasmResult::NotFound;
}
WasmResult proxy_remove_header_map_value(WasmHeaderMapType map, const char *key, size_t key_size) {
  const std::string name(key, key_size);
  std::erase_if(proxy.headers[map], [&](const auto &pair) { return pair.first == name; });
  return WasmResult::Ok;
}
WasmResult proxy_replace_header_map_value(WasmHeaderMapType map, const char *key, size_t key_size,
                                          const char *value, size_t size) {
  proxy_remove_header_map_value(map, key, key_size);
  return proxy_add_header_map_value(map, key, key_size, value, size);
}
WasmResult proxy_get_header_map_pairs(WasmHeaderMapType map, const char **data, size_t *size) {
  exportPairs(proxy.headers[map], data, size);
  return WasmResult::Ok;
}
WasmResult proxy_set_header_map_pairs(WasmHeaderMapType map, const char *data, size_t size) {
  proxy.headers[map] = fake_proxy_detail::pairs(data, size);
  return WasmResult::Ok;
}
WasmResult proxy_get_header_map_size(WasmHeaderMapType map, size_t *size) {
  *size = 0;
  for (const auto &[name, value] : proxy.headers[map])
    *size += name.size() + value.size();
  return WasmResult::Ok;
}

WasmResult proxy_get_buffer_bytes(WasmBufferType buffer, uint32_t start, uint32_t length, const char **data,
                                  size_t *size) {
  const auto found = proxy.buffers.find(buffer);
  if (found == proxy.buffers.end() || start > found->second.size()) return WasmResult::NotFound;
  return fake_proxy_detail::give(std::string_view(found->second).substr(start, length), data, size);
}
WasmResult proxy_get_buffer_status(WasmBufferType buffer, size_t *size, uint32_t *flags) {
  *size = proxy.buffers[buffer].size();
  *flags = 0;
  return WasmResult::Ok;
}
WasmResult proxy_set_buffer_bytes(WasmBufferType buffer, uint32_t start, uint32_t length, const char *data,
                                  size_t size) {
  proxy.buffers[buffer].replace(start, length, data, size);
  return WasmResult::Ok;
}

WasmResult proxy_get_shared_data(const char *key, size_t key_size, const char **value, size_t *size,
                                 uint32_t *cas) {
  const auto found = proxy.shared.find(std::string(key, key_size));
  if (found == proxy.shared.end()) return WasmResult::NotFound;
  *cas = found->second.second;
  return fake_proxy_detail::give(found->second.first, value, size);
}
WasmResult proxy_set_shared_data(const char *key, size_t key_size, const char *value, size_t size,
                                 uint32_t cas) {
  auto &entry = proxy.shared[std::string(key, key_size)];
  if (cas != 0 && cas != entry.second) return WasmResult::CasMismatch;
  entry = {std::string(value, size), entry.second + 1};
  return WasmResult::Ok;
}
WasmResult proxy_register_shared_queue(const char *, size_t, uint32_t *) { return WasmResult::Unimplemented; }
WasmResult proxy_resolve_shared_queue(const char *, size_t, const char *, size_t, uint32_t *) {
  return WasmResult::Unimplemented;
}
WasmResult proxy_enqueue_shared_queue(uint32_t, const char *, size_t) { return WasmResult::Unimplemented; }
WasmResult proxy_dequeue_shared_queue(uint32_t, const char **, size_t *) { return WasmResult::Unimplemented; }

WasmResult proxy_http_call(const char *cluster, size_t cluster_size, void *headers, size_t headers_size,
                           const char *, size_t, void *, size_t, uint32_t, uint32_t *token) {
  return fake_proxy_detail::call(cluster, cluster_size, headers, headers_size, token);
}
WasmResult proxy_grpc_call(const char *cluster, size_t cluster_size, const char *, size_t, const char *,
                           size_t, void *metadata, size_t metadata_size, const char *, size_t, uint32_t,
                           uint32_t *token) {
  return fake_proxy_detail::call(cluster, cluster_size, metadata, metadata_size, token);
}
WasmResult proxy_grpc_stream(const char *cluster, size_t cluster_size, const char *, size_t, const char *,
                             size_t, void *metadata, size_t metadata_size, uint32_t *token) {
  return fake_proxy_detail::call(cluster, cluster_size, metadata, metadata_size, token);
}
WasmResult proxy_grpc_send(uint32_t, const char *, size_t, uint32_t) { return WasmResult::Ok; }
WasmResult proxy_grpc_close(uint32_t) { return WasmResult::Ok; }
WasmResult proxy_grpc_cancel(uint32_t) { return WasmResult::Ok; }

WasmResult proxy_define_metric(MetricType type, const char *name, size_t size, uint32_t *metric) {
  *metric = static_cast<uint32_t>(proxy.metrics.size());
  proxy.metrics.emplace_back(type, std::string(name, size), 0);
  return WasmResult::Ok;
}
WasmResult proxy_increment_metric(uint32_t metric, int64_t offset) {
  std::get<2>(proxy.metrics.at(metric)) += static_cast<uint64_t>(offset);
  return WasmResult::Ok;
}
WasmResult proxy_record_metric(uint32_t metric, uint64_t value) {
  std::get<2>(proxy.metrics.at(metric)) = value;
  return WasmResult::Ok;
}
WasmResult proxy_get_metric(uint32_t metric, uint64_t *value) {
  *value = std::get<2>(proxy.metrics.at(metric));
  return WasmResult::Ok;
}

WasmResult proxy_set_effective_context(uint32_t id) {
  proxy.effective_context = id;
  return WasmResult::Ok;
}
WasmResult proxy_done() { return WasmResult::Ok; }
WasmResult proxy_call_foreign_function(const char *name, size_t name_size, const char *argument,
                                       size_t argument_size, char **result, size_t *size) {
  const auto found = proxy.foreign.find(std::string(name, name_size));
  if (found == proxy.foreign.end()) return WasmResult::NotFound;
  const char *data = nullptr;
  fake_proxy_detail::give(found->second({argument, argument_size}), &data, size);
  *result = const_cast<char *>(data);
  return WasmResult::Ok;
}
}

// --- For the tests

inline int failures = 0;

#define EXPECT(condition)                                                                                    \
  do {                                                                                                       \
    if (!(condition)) {                                                                                      \
      failures++;                                                                                            \
      fprintf(stderr, "%s:%d: not true: %s\n", __FILE__, __LINE__, #condition);                              \
    }                                                                                                        \
  } while (false)

constexpr uint32_t kRoot = 1;

/// A new proxy with the filter in it. False: it refused the configuration.
inline bool start(std::string_view root_id, std::string_view configuration) {
  proxy = FakeProxy();
  proxy.properties["plugin_root_id"] = root_id;
  proxy.buffers[WasmBufferType::PluginConfiguration] = configuration;
  proxy_on_delete(kRoot);
  proxy_on_context_create(kRoot, 0);
  return proxy_on_vm_start(kRoot, 0) != 0 &&
         proxy_on_configure(kRoot, static_cast<uint32_t>(configuration.size())) != 0;
}

/// The end of a stream, as a proxy plays it.
inline void finish(uint32_t id) {
  proxy_on_done(id);
  proxy_on_log(id);
  proxy_on_delete(id);
}
