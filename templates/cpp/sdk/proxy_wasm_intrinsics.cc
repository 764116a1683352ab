// What the proxy calls, handed to the contexts; and the contexts themselves. Compiled once with each filter.
#include "proxy_wasm_intrinsics.h"

#include <cstdlib>
#include <map>
#include <string>
#include <unordered_map>

namespace {

struct Factories {
  ContextFactory context;
  RootFactory root;
};

/// Function-local: RegisterContextFactory objects of other files may be made before globals of this one.
std::map<std::string, Factories, std::less<>> &registered() {
  static std::map<std::string, Factories, std::less<>> factories;
  return factories;
}

std::unordered_map<uint32_t, std::unique_ptr<ContextBase>> &contexts() {
  static std::unordered_map<uint32_t, std::unique_ptr<ContextBase>> all;
  return all;
}

std::unique_ptr<ContextBase> makeRoot(uint32_t id) {
  std::string root_id;
  getValue({"plugin_root_id"}, &root_id);
  const auto found = registered().find(root_id);
  if (found != registered().end()) {
    if (found->second.root) return found->second.root(id, root_id);
  } else if (!registered().empty()) {
    // A filter that does nothing, and nobody knows why: say it.
    std::string known;
    for (const auto &[name, factories] : registered())
      known += (known.empty() ? "'" : ", '") + name + "'";
    logWarn("no filter is registered for root_id '" + root_id + "'; there is " + known);
  }
  return std::make_unique<RootContext>(id, root_id);
}

std::unique_ptr<ContextBase> makeContext(uint32_t id, uint32_t root_context_id) {
  RootContext *root = getRootContext(root_context_id);
  if (root == nullptr) logAbort("stream context without a root context");
  const auto found = registered().find(root->root_id());
  if (found != registered().end() && found->second.context) return found->second.context(id, root);
  return std::make_unique<Context>(id, root);
}

/// The stream that the proxy means. A proxy that names one that is not there is broken.
Context &stream(uint32_t id) {
  Context *context = getContext(id);
  if (context == nullptr) logAbort("unknown stream context " + std::to_string(id));
  return *context;
}

RootContext &root(uint32_t id) {
  RootContext *context = getRootContext(id);
  if (context == nullptr) logAbort("unknown root context " + std::to_string(id));
  return *context;
}

/// Takes the entry out before it is used: what it calls may add or remove others.
template <typename Map> typename Map::mapped_type take(Map &map, uint32_t token) {
  auto node = map.extract(token);
  return node.empty() ? typename Map::mapped_type() : std::move(node.mapped());
}

} // namespace

// --- Registration and lookup

RegisterContextFactory::RegisterContextFactory(ContextFactory context, RootFactory root,
                                               std::string_view root_id) {
  Factories &factories = registered()[std::string(root_id)];
  if (context) factories.context = std::move(context);
  if (root) factories.root = std::move(root);
}

ContextBase *getContextBase(uint32_t id) {
  const auto found = contexts().find(id);
  return found == contexts().end() ? nullptr : found->second.get();
}

Context *getContext(uint32_t id) {
  ContextBase *context = getContextBase(id);
  return context == nullptr ? nullptr : context->asContext();
}

RootContext *getRootContext(uint32_t id) {
  ContextBase *context = getContextBase(id);
  return context == nullptr ? nullptr : context->asRoot();
}

RootContext *getRoot(std::string_view root_id) {
  for (auto &[id, context] : contexts()) {
    RootContext *root = context->asRoot();
    if (root != nullptr && root->root_id() == root_id) return root;
  }
  return nullptr;
}

// --- Call-outs

WasmResult RootContext::grpcCallHandler(std::string_view cluster, std::string_view service,
                                        std::string_view method, const HeaderStringPairs &metadata,
                                        std::string_view message, uint32_t timeout_milliseconds,
                                        std::unique_ptr<GrpcCallHandlerBase> handler) {
  uint32_t token = 0;
  const auto result = grpcCall(cluster, service, method, metadata, message, timeout_milliseconds, &token);
  if (result != WasmResult::Ok) return result;
  handler->token_ = token;
  handler->context_ = this;
  grpc_calls_[token] = std::move(handler);
  return result;
}

WasmResult RootContext::grpcStreamHandler(std::string_view cluster, std::string_view service,
                                          std::string_view method, const HeaderStringPairs &metadata,
                                          std::unique_ptr<GrpcStreamHandlerBase> handler) {
  uint32_t token = 0;
  const auto result = grpcStream(cluster, service, method, metadata, &token);
  if (result != WasmResult::Ok) return result;
  handler->token_ = token;
  handler->context_ = this;
  grpc_streams_[token] = std::move(handler);
  return result;
}

void RootContext::onHttpCallResponse(uint32_t token, uint32_t headers, size_t body_size, uint32_t trailers) {
  if (const auto callback = take(http_calls_, token)) callback(headers, body_size, trailers);
}

void RootContext::onGrpcReceiveInitialMetadata(uint32_t token, uint32_t headers) {
  const auto found = grpc_streams_.find(token);
  if (found != grpc_streams_.end()) found->second->onReceiveInitialMetadata(headers);
}

void RootContext::onGrpcReceiveTrailingMetadata(uint32_t token, uint32_t trailers) {
  const auto found = grpc_streams_.find(token);
  if (found != grpc_streams_.end()) found->second->onReceiveTrailingMetadata(trailers);
}

void RootContext::onGrpcReceive(uint32_t token, size_t body_size) {
  if (const auto call = take(grpc_calls_, token)) {
    call->onSuccess(body_size);
    return;
  }
  const auto found = grpc_streams_.find(token);
  if (found != grpc_streams_.end()) found->second->onReceive(body_size);
}

void RootContext::onGrpcClose(uint32_t token, GrpcStatus status) {
  if (const auto call = take(grpc_calls_, token)) {
    call->onFailure(status);
    return;
  }
  const auto found = grpc_streams_.find(token);
  if (found != grpc_streams_.end()) found->second->doRemoteClose(status);
}

void GrpcCallHandlerBase::cancel() {
  grpcCancel(token_);
  context_->grpc_calls_.erase(token_);
}

WasmResult GrpcStreamHandlerBase::send(std::string_view message, bool end_of_stream) {
  const auto result = grpcSend(token_, message, end_of_stream);
  if (result == WasmResult::Ok && end_of_stream) closed(&local_close_);
  return result;
}

void GrpcStreamHandlerBase::close() {
  grpcClose(token_);
  closed(&local_close_);
}

void GrpcStreamHandlerBase::reset() {
  grpcCancel(token_);
  context_->grpc_streams_.erase(token_);
}

void GrpcStreamHandlerBase::doRemoteClose(GrpcStatus status) {
  const auto &streams = context_->grpc_streams_;
  const auto token = token_;
  onRemoteClose(status);
  // The handler may have reset itself.
  if (streams.find(token) != streams.end()) closed(&remote_close_);
}

/// After this the handler may be gone.
void GrpcStreamHandlerBase::closed(bool *side) {
  *side = true;
  if (local_close_ && remote_close_) context_->grpc_streams_.erase(token_);
}

// --- What the proxy calls

PROXY_WASM_EXPORT(proxy_abi_version_0_2_1) void proxy_abi_version_0_2_1() {}

/// Where the proxy puts what it gives to the filter; WasmData frees it.
PROXY_WASM_EXPORT(proxy_on_memory_allocate) void *proxy_on_memory_allocate(size_t size) {
  return malloc(size);
}

PROXY_WASM_EXPORT(proxy_on_context_create) void proxy_on_context_create(uint32_t id, uint32_t root_id) {
  auto &slot = contexts()[id];
  if (!slot) slot = root_id == 0 ? makeRoot(id) : makeContext(id, root_id);
  getContextBase(id)->onCreate();
}

PROXY_WASM_EXPORT(proxy_on_vm_start) uint32_t proxy_on_vm_start(uint32_t id, uint32_t size) {
  return root(id).onStart(size);
}
PROXY_WASM_EXPORT(proxy_validate_configuration)
uint32_t proxy_validate_configuration(uint32_t id, uint32_t size) {
  return root(id).validateConfiguration(size);
}
PROXY_WASM_EXPORT(proxy_on_configure) uint32_t proxy_on_configure(uint32_t id, uint32_t size) {
  return root(id).onConfigure(size);
}
PROXY_WASM_EXPORT(proxy_on_tick) void proxy_on_tick(uint32_t id) { root(id).onTick(); }
PROXY_WASM_EXPORT(proxy_on_queue_ready) void proxy_on_queue_ready(uint32_t id, uint32_t token) {
  root(id).onQueueReady(token);
}

PROXY_WASM_EXPORT(proxy_on_new_connection) FilterStatus proxy_on_new_connection(uint32_t id) {
  return stream(id).onNewConnection();
}
PROXY_WASM_EXPORT(proxy_on_downstream_data)
FilterStatus proxy_on_downstream_data(uint32_t id, uint32_t size, uint32_t end) {
  return stream(id).onDownstreamData(size, end != 0);
}
PROXY_WASM_EXPORT(proxy_on_upstream_data)
FilterStatus proxy_on_upstream_data(uint32_t id, uint32_t size, uint32_t end) {
  return stream(id).onUpstreamData(size, end != 0);
}
PROXY_WASM_EXPORT(proxy_on_downstream_connection_close)
void proxy_on_downstream_connection_close(uint32_t id, uint32_t by) {
  stream(id).onDownstreamConnectionClose(static_cast<CloseType>(by));
}
PROXY_WASM_EXPORT(proxy_on_upstream_connection_close)
void proxy_on_upstream_connection_close(uint32_t id, uint32_t by) {
  stream(id).onUpstreamConnectionClose(static_cast<CloseType>(by));
}

PROXY_WASM_EXPORT(proxy_on_request_headers)
FilterHeadersStatus proxy_on_request_headers(uint32_t id, uint32_t count, uint32_t end) {
  return stream(id).onRequestHeaders(count, end != 0);
}
PROXY_WASM_EXPORT(proxy_on_request_metadata)
FilterMetadataStatus proxy_on_request_metadata(uint32_t id, uint32_t count) {
  return stream(id).onRequestMetadata(count);
}
PROXY_WASM_EXPORT(proxy_on_request_body)
FilterDataStatus proxy_on_request_body(uint32_t id, uint32_t size, uint32_t end) {
  return stream(id).onRequestBody(size, end != 0);
}
PROXY_WASM_EXPORT(proxy_on_request_trailers)
FilterTrailersStatus proxy_on_request_trailers(uint32_t id, uint32_t count) {
  return stream(id).onRequestTrailers(count);
}
PROXY_WASM_EXPORT(proxy_on_response_headers)
FilterHeadersStatus proxy_on_response_headers(uint32_t id, uint32_t count, uint32_t end) {
  return stream(id).onResponseHeaders(count, end != 0);
}
PROXY_WASM_EXPORT(proxy_on_response_metadata)
FilterMetadataStatus proxy_on_response_metadata(uint32_t id, uint32_t count) {
  return stream(id).onResponseMetadata(count);
}
PROXY_WASM_EXPORT(proxy_on_response_body)
FilterDataStatus proxy_on_response_body(uint32_t id, uint32_t size, uint32_t end) {
  return stream(id).onResponseBody(size, end != 0);
}
PROXY_WASM_EXPORT(proxy_on_response_trailers)
FilterTrailersStatus proxy_on_response_trailers(uint32_t id, uint32_t count) {
  return stream(id).onResponseTrailers(count);
}

PROXY_WASM_EXPORT(proxy_on_http_call_response)
void proxy_on_http_call_response(uint32_t id, uint32_t token, uint32_t headers, uint32_t size,
                                 uint32_t trailers) {
  root(id).onHttpCallResponse(token, headers, size, trailers);
}
PROXY_WASM_EXPORT(proxy_on_grpc_receive_initial_metadata)
void proxy_on_grpc_receive_initial_metadata(uint32_t id, uint32_t token, uint32_t headers) {
  root(id).onGrpcReceiveInitialMetadata(token, headers);
}
PROXY_WASM_EXPORT(proxy_on_grpc_receive)
void proxy_on_grpc_receive(uint32_t id, uint32_t token, uint32_t size) {
  root(id).onGrpcReceive(token, size);
}
PROXY_WASM_EXPORT(proxy_on_grpc_receive_trailing_metadata)
void proxy_on_grpc_receive_trailing_metadata(uint32_t id, uint32_t token, uint32_t trailers) {
  root(id).onGrpcReceiveTrailingMetadata(token, trailers);
}
PROXY_WASM_EXPORT(proxy_on_grpc_close)
void proxy_on_grpc_close(uint32_t id, uint32_t token, uint32_t status) {
  root(id).onGrpcClose(token, static_cast<GrpcStatus>(status));
}

PROXY_WASM_EXPORT(proxy_on_foreign_function)
void proxy_on_foreign_function(uint32_t id, uint32_t function, uint32_t size) {
  if (ContextBase *context = getContextBase(id)) context->onForeignFunction(function, size);
}
PROXY_WASM_EXPORT(proxy_on_done) uint32_t proxy_on_done(uint32_t id) {
  ContextBase *context = getContextBase(id);
  return context == nullptr || context->onDoneBase();
}
PROXY_WASM_EXPORT(proxy_on_log) void proxy_on_log(uint32_t id) {
  if (ContextBase *context = getContextBase(id)) context->onLog();
}
PROXY_WASM_EXPORT(proxy_on_delete) void proxy_on_delete(uint32_t id) {
  if (ContextBase *context = getContextBase(id)) context->onDelete();
  contexts().erase(id);
}
