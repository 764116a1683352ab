// What a filter can ask of the proxy: headers, bodies, properties, streams, shared data, metrics, call-outs.
#pragma once

#include <cstring>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "proxy_wasm_data.h"

// --- Headers

inline WasmResult addHeaderMapValue(WasmHeaderMapType map, std::string_view key, std::string_view value) {
  return proxy_add_header_map_value(map, key.data(), key.size(), value.data(), value.size());
}

/// Empty data when there is no such header. Several values come as one, joined by the proxy.
inline WasmDataPtr getHeaderMapValue(WasmHeaderMapType map, std::string_view key) {
  return proxy_wasm_detail::receive([&](const char **data, size_t *size) {
    return proxy_get_header_map_value(map, key.data(), key.size(), data, size);
  });
}

/// Sets the header, present or not.
inline WasmResult replaceHeaderMapValue(WasmHeaderMapType map, std::string_view key, std::string_view value) {
  return proxy_replace_header_map_value(map, key.data(), key.size(), value.data(), value.size());
}

inline WasmResult removeHeaderMapValue(WasmHeaderMapType map, std::string_view key) {
  return proxy_remove_header_map_value(map, key.data(), key.size());
}

/// All of them; read with `->pairs()`.
inline WasmDataPtr getHeaderMapPairs(WasmHeaderMapType map) {
  return proxy_wasm_detail::receive(
      [&](const char **data, size_t *size) { return proxy_get_header_map_pairs(map, data, size); });
}

inline WasmResult setHeaderMapPairs(WasmHeaderMapType map, const HeaderStringPairs &pairs) {
  const std::string bytes = proxy_wasm_detail::serialize(pairs);
  return proxy_set_header_map_pairs(map, bytes.data(), bytes.size());
}

/// Size in bytes of all of them together.
inline WasmResult getHeaderMapSize(WasmHeaderMapType map, size_t *size) {
  return proxy_get_header_map_size(map, size);
}

// addRequestHeader, getRequestHeader, replaceRequestHeader, removeRequestHeader, getRequestHeaderPairs,
// setRequestHeaderPairs, getRequestHeaderSize; and the same for the other three maps of a stream.
#define PROXY_WASM_HEADER_MAP(Name, Map)                                                                     \
  inline WasmResult add##Name(std::string_view key, std::string_view value) {                                \
    return addHeaderMapValue(WasmHeaderMapType::Map, key, value);                                            \
  }                                                                                                          \
  inline WasmDataPtr get##Name(std::string_view key) {                                                       \
    return getHeaderMapValue(WasmHeaderMapType::Map, key);                                                   \
  }                                                                                                          \
  inline WasmResult replace##Name(std::string_view key, std::string_view value) {                            \
    return replaceHeaderMapValue(WasmHeaderMapType::Map, key, value);                                        \
  }                                                                                                          \
  inline WasmResult remove##Name(std::string_view key) {                                                     \
    return removeHeaderMapValue(WasmHeaderMapType::Map, key);                                                \
  }                                                                                                          \
  inline WasmDataPtr get##Name##Pairs() { return getHeaderMapPairs(WasmHeaderMapType::Map); }                \
  inline WasmResult set##Name##Pairs(const HeaderStringPairs &pairs) {                                       \
    return setHeaderMapPairs(WasmHeaderMapType::Map, pairs);                                                 \
  }                                                                                                          \
  inline WasmResult get##Name##Size(size_t *size) { return getHeaderMapSize(WasmHeaderMapType::Map, size); }
PROXY_WASM_HEADER_MAP(RequestHeader, RequestHeaders)
PROXY_WASM_HEADER_MAP(RequestTrailer, RequestTrailers)
PROXY_WASM_HEADER_MAP(ResponseHeader, ResponseHeaders)
PROXY_WASM_HEADER_MAP(ResponseTrailer, ResponseTrailers)
#undef PROXY_WASM_HEADER_MAP

// --- Buffers

inline WasmDataPtr getBufferBytes(WasmBufferType buffer, size_t start, size_t length) {
  return proxy_wasm_detail::receive([&](const char **data, size_t *size) {
    return proxy_get_buffer_bytes(buffer, start, length, data, size);
  });
}

inline WasmResult getBufferStatus(WasmBufferType buffer, size_t *size, uint32_t *flags) {
  return proxy_get_buffer_status(buffer, size, flags);
}

/// Puts `data` in the place of `length` bytes from `start`. `*size`, when given, is kept up to date.
inline WasmResult setBuffer(WasmBufferType buffer, size_t start, size_t length, std::string_view data,
                            size_t *size = nullptr) {
  const WasmResult result = proxy_set_buffer_bytes(buffer, start, length, data.data(), data.size());
  if (result == WasmResult::Ok && size != nullptr) *size += data.size() - length;
  return result;
}

// --- Properties

namespace proxy_wasm_detail {

template <typename Parts> std::optional<WasmDataPtr> property(const Parts &parts) {
  std::string path;
  for (const auto &part : parts)
    path.append(part).append(1, '\0');
  WasmResult result;
  auto data = receive([&](const char **value,
                          size_t *size) { return proxy_get_property(path.data(), path.size(), value, size); },
                      &result);
  if (result != WasmResult::Ok) return std::nullopt;
  return data;
}

/// Text as it is; numbers and booleans as the proxy has them in memory, when the size fits.
template <typename T> bool assign(WasmData &data, T *out) {
  if constexpr (std::is_same_v<T, std::string>) {
    *out = data.toString();
  } else {
    static_assert(std::is_trivially_copyable_v<T>);
    if (data.size() != sizeof(T)) return false;
    memcpy(out, data.data(), sizeof(T));
  }
  return true;
}

/// True with an untouched message when there are no bytes.
template <typename T> bool assignMessage(WasmData &data, T *out) {
  return data.size() == 0 || out->ParseFromArray(data.data(), data.size());
}

template <typename Parts, typename T> bool value(const Parts &parts, T *out) {
  const auto found = property(parts);
  return found && assign(**found, out);
}

template <typename Parts, typename T> bool message(const Parts &parts, T *out) {
  const auto found = property(parts);
  return found && assignMessage(**found, out);
}

} // namespace proxy_wasm_detail

/// For example getProperty({"source", "address"}).
inline std::optional<WasmDataPtr> getProperty(const std::initializer_list<std::string_view> &parts) {
  return proxy_wasm_detail::property(parts);
}
template <typename S> std::optional<WasmDataPtr> getProperty(const std::vector<S> &parts) {
  return proxy_wasm_detail::property(parts);
}

/// False when the property is not there or is not of this type.
template <typename T> bool getValue(const std::initializer_list<std::string_view> &parts, T *out) {
  return proxy_wasm_detail::value(parts, out);
}
template <typename S, typename T> bool getValue(const std::vector<S> &parts, T *out) {
  return proxy_wasm_detail::value(parts, out);
}

/// For properties that are Protobuf messages.
template <typename T> bool getMessageValue(const std::initializer_list<std::string_view> &parts, T *out) {
  return proxy_wasm_detail::message(parts, out);
}
template <typename S, typename T> bool getMessageValue(const std::vector<S> &parts, T *out) {
  return proxy_wasm_detail::message(parts, out);
}

/// A value that lives as long as the stream and that other filters can read.
inline WasmResult setFilterState(std::string_view key, std::string_view value) {
  return proxy_set_property(key.data(), key.size(), value.data(), value.size());
}
inline WasmResult setFilterStateStringValue(std::string_view key, std::string_view value) {
  return setFilterState(key, value);
}

// --- Streams

inline WasmResult continueRequest() { return proxy_continue_stream(WasmStreamType::Request); }
inline WasmResult continueResponse() { return proxy_continue_stream(WasmStreamType::Response); }
inline WasmResult continueDownstream() { return proxy_continue_stream(WasmStreamType::Downstream); }
inline WasmResult continueUpstream() { return proxy_continue_stream(WasmStreamType::Upstream); }
inline WasmResult closeRequest() { return proxy_close_stream(WasmStreamType::Request); }
inline WasmResult closeResponse() { return proxy_close_stream(WasmStreamType::Response); }
inline WasmResult closeDownstream() { return proxy_close_stream(WasmStreamType::Downstream); }
inline WasmResult closeUpstream() { return proxy_close_stream(WasmStreamType::Upstream); }

/// Answers the request in the upstream's place. The callback that calls this then returns StopIteration.
inline WasmResult sendLocalResponse(uint32_t status, std::string_view details, std::string_view body,
                                    const HeaderStringPairs &headers,
                                    GrpcStatus grpc_status = GrpcStatus::InvalidCode) {
  const std::string bytes = proxy_wasm_detail::serialize(headers);
  return proxy_send_local_response(status, details.data(), details.size(), body.data(), body.size(),
                                   bytes.data(), bytes.size(), static_cast<uint32_t>(grpc_status));
}

// --- Shared data and queues

/// `*cas` goes into setSharedData, which then fails with CasMismatch when somebody was faster.
inline WasmResult getSharedData(std::string_view key, WasmDataPtr *value, uint32_t *cas = nullptr) {
  uint32_t unused = 0;
  WasmResult result;
  *value = proxy_wasm_detail::receive(
      [&](const char **data, size_t *size) {
        return proxy_get_shared_data(key.data(), key.size(), data, size, cas == nullptr ? &unused : cas);
      },
      &result);
  return result;
}

/// As getSharedData, for a key that must be there: anything else ends the VM.
inline WasmDataPtr getSharedDataValue(std::string_view key, uint32_t *cas = nullptr) {
  WasmDataPtr value;
  CHECK_RESULT(getSharedData(key, &value, cas));
  return value;
}

/// With `cas` 0 the value is set whatever was there.
inline WasmResult setSharedData(std::string_view key, std::string_view value, uint32_t cas = 0) {
  return proxy_set_shared_data(key.data(), key.size(), value.data(), value.size(), cas);
}

/// Who registers a queue gets onQueueReady.
inline WasmResult registerSharedQueue(std::string_view name, uint32_t *token) {
  return proxy_register_shared_queue(name.data(), name.size(), token);
}
inline WasmResult resolveSharedQueue(std::string_view vm_id, std::string_view name, uint32_t *token) {
  return proxy_resolve_shared_queue(vm_id.data(), vm_id.size(), name.data(), name.size(), token);
}
inline WasmResult enqueueSharedQueue(uint32_t token, std::string_view data) {
  return proxy_enqueue_shared_queue(token, data.data(), data.size());
}

/// Empty when the queue is.
inline WasmResult dequeueSharedQueue(uint32_t token, WasmDataPtr *data) {
  WasmResult result;
  *data = proxy_wasm_detail::receive(
      [&](const char **bytes, size_t *size) { return proxy_dequeue_shared_queue(token, bytes, size); },
      &result);
  return result;
}

// --- Metrics by number; proxy_wasm_metrics.h has them by name and tags

inline WasmResult defineMetric(MetricType type, std::string_view name, uint32_t *metric) {
  return proxy_define_metric(type, name.data(), name.size(), metric);
}
inline WasmResult incrementMetric(uint32_t metric, int64_t offset) {
  return proxy_increment_metric(metric, offset);
}
inline WasmResult recordMetric(uint32_t metric, uint64_t value) { return proxy_record_metric(metric, value); }
inline WasmResult getMetric(uint32_t metric, uint64_t *value) { return proxy_get_metric(metric, value); }

// --- Call-outs by token; RootContext has them with callbacks

inline WasmResult makeHttpCall(std::string_view cluster, const HeaderStringPairs &headers,
                               std::string_view body, const HeaderStringPairs &trailers,
                               uint32_t timeout_milliseconds, uint32_t *token) {
  std::string head = proxy_wasm_detail::serialize(headers);
  std::string tail = proxy_wasm_detail::serialize(trailers);
  return proxy_http_call(cluster.data(), cluster.size(), head.data(), head.size(), body.data(), body.size(),
                         tail.data(), tail.size(), timeout_milliseconds, token);
}

inline WasmResult grpcCall(std::string_view cluster, std::string_view service, std::string_view method,
                           const HeaderStringPairs &metadata, std::string_view message,
                           uint32_t timeout_milliseconds, uint32_t *token) {
  std::string bytes = proxy_wasm_detail::serialize(metadata);
  return proxy_grpc_call(cluster.data(), cluster.size(), service.data(), service.size(), method.data(),
                         method.size(), bytes.data(), bytes.size(), message.data(), message.size(),
                         timeout_milliseconds, token);
}
/// The same with a Protobuf message.
template <typename Message, typename = proxy_wasm_detail::IfMessage<Message>>
WasmResult grpcCall(std::string_view cluster, std::string_view service, std::string_view method,
                    const HeaderStringPairs &metadata, const Message &message, uint32_t timeout_milliseconds,
                    uint32_t *token) {
  std::string bytes;
  if (!message.SerializeToString(&bytes)) return WasmResult::SerializationFailure;
  return grpcCall(cluster, service, method, metadata, std::string_view(bytes), timeout_milliseconds, token);
}

inline WasmResult grpcStream(std::string_view cluster, std::string_view service, std::string_view method,
                             const HeaderStringPairs &metadata, uint32_t *token) {
  std::string bytes = proxy_wasm_detail::serialize(metadata);
  return proxy_grpc_stream(cluster.data(), cluster.size(), service.data(), service.size(), method.data(),
                           method.size(), bytes.data(), bytes.size(), token);
}

inline WasmResult grpcSend(uint32_t token, std::string_view message, bool end_stream) {
  return proxy_grpc_send(token, message.data(), message.size(), end_stream ? 1 : 0);
}
inline WasmResult grpcClose(uint32_t token) { return proxy_grpc_close(token); }
inline WasmResult grpcCancel(uint32_t token) { return proxy_grpc_cancel(token); }

// --- Others

inline uint64_t getCurrentTimeNanoseconds() {
  uint64_t now = 0;
  CHECK_RESULT(proxy_get_current_time_nanoseconds(&now));
  return now;
}

/// Code and message of the last call-out, for its callback.
inline std::pair<uint32_t, WasmDataPtr> getStatus() {
  uint32_t code = 0;
  auto text = proxy_wasm_detail::receive(
      [&](const char **data, size_t *size) { return proxy_get_status(&code, data, size); });
  return {code, std::move(text)};
}
