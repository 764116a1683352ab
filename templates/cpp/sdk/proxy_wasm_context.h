// What a filter derives from: RootContext for one configuration, Context for one stream; how they are known.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

#include "proxy_wasm_grpc.h"
#include "proxy_wasm_hostcalls.h"

class RootContext;
class Context;

class ContextBase {
public:
  using HttpCallCallback = std::function<void(uint32_t headers, size_t body_size, uint32_t trailers)>;
  using GrpcSimpleCallCallback = std::function<void(GrpcStatus status, size_t body_size)>;

  explicit ContextBase(uint32_t id) : id_(id) {}
  virtual ~ContextBase() = default;

  uint32_t id() { return id_; }
  virtual RootContext *asRoot() { return nullptr; }
  virtual Context *asContext() { return nullptr; }

  /// Makes the proxy apply the following calls to this stream: needed in callbacks of a call-out.
  WasmResult setEffectiveContext() { return proxy_set_effective_context(id_); }
  WasmResult getLogLevel(LogLevel *level) { return proxy_get_log_level(level); }

  virtual void onCreate() {}
  virtual bool onDoneBase() = 0;
  /// After the end, for access logging: headers of both directions can be read.
  virtual void onLog() {}
  /// The last call.
  virtual void onDelete() {}
  virtual void onForeignFunction(uint32_t /* function */, uint32_t /* data_size */) {}

private:
  uint32_t id_;
};

class RootContext : public ContextBase {
public:
  RootContext(uint32_t id, std::string_view root_id) : ContextBase(id), root_id_(root_id) {}

  RootContext *asRoot() override { return this; }
  std::string_view root_id() { return root_id_; }

  /// The VM has started; its configuration is in the buffer VmConfiguration. False: the VM is given up.
  virtual bool onStart(size_t /* vm_configuration_size */) { return true; }
  virtual bool validateConfiguration(size_t /* size */) { return true; }
  /// There is a (new) configuration in the buffer PluginConfiguration. False: the proxy refuses it.
  virtual bool onConfigure(size_t /* plugin_configuration_size */) { return true; }
  /// As often as proxy_set_tick_period_milliseconds says.
  virtual void onTick() {}
  virtual void onQueueReady(uint32_t /* token */) {}
  /// False: not yet, `done()` follows.
  virtual bool onDone() { return true; }
  void done() { proxy_done(); }

  /// GETs, POSTs … a cluster. The callback runs once in any case; no headers at all mean: no answer.
  WasmResult httpCall(std::string_view cluster, const HeaderStringPairs &headers, std::string_view body,
                      const HeaderStringPairs &trailers, uint32_t timeout_milliseconds,
                      HttpCallCallback callback) {
    uint32_t token = 0;
    const auto result = makeHttpCall(cluster, headers, body, trailers, timeout_milliseconds, &token);
    if (result == WasmResult::Ok) http_calls_[token] = std::move(callback);
    return result;
  }

  /// One message there, one back.
  WasmResult grpcSimpleCall(std::string_view cluster, std::string_view service, std::string_view method,
                            const HeaderStringPairs &metadata, std::string_view message,
                            uint32_t timeout_milliseconds, GrpcSimpleCallCallback callback) {
    return grpcCallHandler(cluster, service, method, metadata, message, timeout_milliseconds,
                           std::make_unique<CallbackHandler>(std::move(callback)));
  }
  WasmResult grpcSimpleCall(std::string_view cluster, std::string_view service, std::string_view method,
                            const HeaderStringPairs &metadata, std::string_view message,
                            uint32_t timeout_milliseconds, std::function<void(size_t body_size)> success,
                            std::function<void(GrpcStatus status)> failure) {
    return grpcSimpleCall(cluster, service, method, metadata, message, timeout_milliseconds,
                          [success, failure](GrpcStatus status, size_t body_size) {
                            status == GrpcStatus::Ok ? success(body_size) : failure(status);
                          });
  }
  WasmResult grpcCallHandler(std::string_view cluster, std::string_view service, std::string_view method,
                             const HeaderStringPairs &metadata, std::string_view message,
                             uint32_t timeout_milliseconds, std::unique_ptr<GrpcCallHandlerBase> handler);

  // The same with a Protobuf message.
  template <typename Message, typename... Then, typename = proxy_wasm_detail::IfMessage<Message>>
  WasmResult grpcSimpleCall(std::string_view cluster, std::string_view service, std::string_view method,
                            const HeaderStringPairs &metadata, const Message &message,
                            uint32_t timeout_milliseconds, Then... then) {
    std::string bytes;
    if (!message.SerializeToString(&bytes)) return WasmResult::SerializationFailure;
    return grpcSimpleCall(cluster, service, method, metadata, std::string_view(bytes), timeout_milliseconds,
                          std::move(then)...);
  }
  template <typename Message, typename = proxy_wasm_detail::IfMessage<Message>>
  WasmResult grpcCallHandler(std::string_view cluster, std::string_view service, std::string_view method,
                             const HeaderStringPairs &metadata, const Message &message,
                             uint32_t timeout_milliseconds, std::unique_ptr<GrpcCallHandlerBase> handler) {
    std::string bytes;
    if (!message.SerializeToString(&bytes)) return WasmResult::SerializationFailure;
    return grpcCallHandler(cluster, service, method, metadata, std::string_view(bytes), timeout_milliseconds,
                           std::move(handler));
  }

  /// A stream of messages in both directions.
  WasmResult grpcStreamHandler(std::string_view cluster, std::string_view service, std::string_view method,
                               const HeaderStringPairs &metadata,
                               std::unique_ptr<GrpcStreamHandlerBase> handler);

  // Where answers arrive; they find their callback or handler. Override to see all of them.
  virtual void onHttpCallResponse(uint32_t token, uint32_t headers, size_t body_size, uint32_t trailers);
  virtual void onGrpcReceiveInitialMetadata(uint32_t token, uint32_t headers);
  virtual void onGrpcReceiveTrailingMetadata(uint32_t token, uint32_t trailers);
  virtual void onGrpcReceive(uint32_t token, size_t body_size);
  virtual void onGrpcClose(uint32_t token, GrpcStatus status);

private:
  friend class GrpcCallHandlerBase;
  friend class GrpcStreamHandlerBase;

  struct CallbackHandler : GrpcCallHandlerBase {
    explicit CallbackHandler(GrpcSimpleCallCallback then) : callback(std::move(then)) {}
    void onSuccess(size_t body_size) override { callback(GrpcStatus::Ok, body_size); }
    void onFailure(GrpcStatus status) override { callback(status, 0); }
    GrpcSimpleCallCallback callback;
  };

  bool onDoneBase() override { return onDone(); }

  const std::string root_id_;
  std::unordered_map<uint32_t, HttpCallCallback> http_calls_;
  std::unordered_map<uint32_t, std::unique_ptr<GrpcCallHandlerBase>> grpc_calls_;
  std::unordered_map<uint32_t, std::unique_ptr<GrpcStreamHandlerBase>> grpc_streams_;
};

/// One HTTP exchange or one connection. The defaults let everything pass.
class Context : public ContextBase {
public:
  Context(uint32_t id, RootContext *root) : ContextBase(id), root_(root) {}

  Context *asContext() override { return this; }
  RootContext *root() { return root_; }

  // Connections.
  virtual FilterStatus onNewConnection() { return FilterStatus::Continue; }
  virtual FilterStatus onDownstreamData(size_t /* size */, bool /* end_of_stream */) {
    return FilterStatus::Continue;
  }
  virtual FilterStatus onUpstreamData(size_t /* size */, bool /* end_of_stream */) {
    return FilterStatus::Continue;
  }
  virtual void onDownstreamConnectionClose(CloseType /* by */) {}
  virtual void onUpstreamConnectionClose(CloseType /* by */) {}

  // Requests.
  virtual FilterHeadersStatus onRequestHeaders(uint32_t /* count */, bool /* end_of_stream */) {
    return FilterHeadersStatus::Continue;
  }
  virtual FilterMetadataStatus onRequestMetadata(uint32_t /* count */) {
    return FilterMetadataStatus::Continue;
  }
  virtual FilterDataStatus onRequestBody(size_t /* size */, bool /* end_of_stream */) {
    return FilterDataStatus::Continue;
  }
  virtual FilterTrailersStatus onRequestTrailers(uint32_t /* count */) {
    return FilterTrailersStatus::Continue;
  }

  // Responses.
  virtual FilterHeadersStatus onResponseHeaders(uint32_t /* count */, bool /* end_of_stream */) {
    return FilterHeadersStatus::Continue;
  }
  virtual FilterMetadataStatus onResponseMetadata(uint32_t /* count */) {
    return FilterMetadataStatus::Continue;
  }
  virtual FilterDataStatus onResponseBody(size_t /* size */, bool /* end_of_stream */) {
    return FilterDataStatus::Continue;
  }
  virtual FilterTrailersStatus onResponseTrailers(uint32_t /* count */) {
    return FilterTrailersStatus::Continue;
  }

  /// The stream is over; onLog and onDelete follow.
  virtual void onDone() {}

private:
  bool onDoneBase() override {
    onDone();
    return true;
  }

  RootContext *root_;
};

/// The context with this id, or null; also null when it is of the other kind.
ContextBase *getContextBase(uint32_t id);
Context *getContext(uint32_t id);
RootContext *getRootContext(uint32_t id);
RootContext *getRoot(std::string_view root_id);

using RootFactory = std::function<std::unique_ptr<RootContext>(uint32_t id, std::string_view root_id)>;
using ContextFactory = std::function<std::unique_ptr<Context>(uint32_t id, RootContext *root)>;

#define ROOT_FACTORY(Class)                                                                                  \
  [](uint32_t id, std::string_view root_id) -> std::unique_ptr<RootContext> {                                \
    return std::make_unique<Class>(id, root_id);                                                             \
  }
#define CONTEXT_FACTORY(Class)                                                                               \
  [](uint32_t id, RootContext *root) -> std::unique_ptr<Context> { return std::make_unique<Class>(id, root); }

/// A static object of this type says which classes serve a root_id. One module may hold several filters.
struct RegisterContextFactory {
  RegisterContextFactory(ContextFactory context, RootFactory root, std::string_view root_id = "");
  explicit RegisterContextFactory(RootFactory root, std::string_view root_id = "")
      : RegisterContextFactory(nullptr, std::move(root), root_id) {}
  explicit RegisterContextFactory(ContextFactory context, std::string_view root_id = "")
      : RegisterContextFactory(std::move(context), nullptr, root_id) {}
};
