// Who waits for gRPC answers: a handler for one answer, a handler for a stream of them.
#pragma once

#include <string>
#include <string_view>

#include "proxy_wasm_hostcalls.h"

class RootContext;

/// Owned by its root context until the answer came or `cancel` was called. The message is in
/// GrpcReceiveBuffer.
class GrpcCallHandlerBase {
public:
  virtual ~GrpcCallHandlerBase() = default;

  virtual void onSuccess(size_t body_size) = 0;
  virtual void onFailure(GrpcStatus status) = 0;

  /// Ends the handler's life.
  void cancel();
  RootContext *context() { return context_; }
  uint32_t token() { return token_; }

private:
  friend class RootContext;
  RootContext *context_ = nullptr;
  uint32_t token_ = 0;
};

template <typename Message> class GrpcCallHandler : public GrpcCallHandlerBase {};

/// Owned by its root context until both sides have closed, or `reset` was called.
class GrpcStreamHandlerBase {
public:
  virtual ~GrpcStreamHandlerBase() = default;

  virtual void onReceive(size_t body_size) = 0;
  virtual void onRemoteClose(GrpcStatus status) = 0;
  virtual void onReceiveInitialMetadata(uint32_t /* headers */) {}
  virtual void onReceiveTrailingMetadata(uint32_t /* trailers */) {}

  WasmResult send(std::string_view message, bool end_of_stream);
  /// No more messages from here; the other side may still send.
  void close();
  /// Ends the stream and the handler's life.
  void reset();
  RootContext *context() { return context_; }
  uint32_t token() { return token_; }

protected:
  friend class RootContext;
  void doRemoteClose(GrpcStatus status);

  bool local_close_ = false;
  bool remote_close_ = false;
  RootContext *context_ = nullptr;
  uint32_t token_ = 0;

private:
  void closed(bool *side);
};

template <typename Request, typename Response> class GrpcStreamHandler : public GrpcStreamHandlerBase {
public:
  using GrpcStreamHandlerBase::send;
  WasmResult send(const Request &message, bool end_of_stream) {
    std::string bytes;
    if (!message.SerializeToString(&bytes)) return WasmResult::SerializationFailure;
    return GrpcStreamHandlerBase::send(std::string_view(bytes), end_of_stream);
  }
};
