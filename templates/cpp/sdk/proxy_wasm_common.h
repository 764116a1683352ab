// What the proxy answers, and names for the maps, buffers and streams that it holds.
#pragma once

#include <cstdint>
#include <string>

/// How a call into the proxy ended.
enum class WasmResult : uint32_t {
  Ok,
  NotFound,
  BadArgument,
  SerializationFailure,
  ParseFailure,
  BadExpression,
  InvalidMemoryAccess,
  Empty,
  CasMismatch,
  ResultMismatch,
  InternalFailure,
  BrokenConnection,
  Unimplemented,
};

/// The name of a result, for log lines.
inline std::string toString(WasmResult result) {
  static constexpr const char *names[] = {
      "Ok",           "NotFound",       "BadArgument",         "SerializationFailure",
      "ParseFailure", "BadExpression",  "InvalidMemoryAccess", "Empty",
      "CasMismatch",  "ResultMismatch", "InternalFailure",     "BrokenConnection",
      "Unimplemented"};
  const auto number = static_cast<uint32_t>(result);
  return number < sizeof(names) / sizeof(names[0]) ? names[number] : "Unknown";
}

enum class WasmHeaderMapType : int32_t {
  RequestHeaders,
  RequestTrailers,
  ResponseHeaders,
  ResponseTrailers,
  GrpcReceiveInitialMetadata,
  GrpcReceiveTrailingMetadata,
  HttpCallResponseHeaders,
  HttpCallResponseTrailers,
  MAX = HttpCallResponseTrailers,
};

enum class WasmBufferType : int32_t {
  HttpRequestBody,
  HttpResponseBody,
  NetworkDownstreamData,
  NetworkUpstreamData,
  HttpCallResponseBody,
  GrpcReceiveBuffer,
  VmConfiguration,
  PluginConfiguration,
  CallData,
  MAX = CallData,
};

enum class WasmBufferFlags : int32_t { EndOfStream = 1 };

enum class WasmStreamType : int32_t { Request, Response, Downstream, Upstream, MAX = Upstream };
