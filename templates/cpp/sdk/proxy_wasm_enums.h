// Values that a filter returns or passes on, with the numbers of Proxy-Wasm ABI 0.2.1.
#pragma once

#include <cstdint>

enum class LogLevel : int32_t { trace, debug, info, warn, error, critical, Max = critical };

/// What a network filter wants done with the data it has seen.
enum class FilterStatus : int32_t { Continue, StopIteration };

/// What an HTTP filter wants done with headers. Proxies differ on the last two; all know StopIteration.
enum class FilterHeadersStatus : int32_t {
  Continue,
  StopIteration,
  ContinueAndEndStream,
  StopAllIterationAndBuffer,
  StopAllIterationAndWatermark,
};

/// What an HTTP filter wants done with a part of a body.
enum class FilterDataStatus : int32_t {
  Continue,
  StopIterationAndBuffer,
  StopIterationAndWatermark,
  StopIterationNoBuffer,
};

enum class FilterTrailersStatus : int32_t { Continue, StopIteration };

enum class FilterMetadataStatus : int32_t { Continue };

/// Who closed a connection.
enum class CloseType : int32_t { Unknown, Local, Remote };

enum class MetricType : int32_t { Counter, Gauge, Histogram, Max = Histogram };

/// The status codes of gRPC; InvalidCode stands for "none" in sendLocalResponse.
enum class GrpcStatus : int32_t {
  InvalidCode = -1,
  Ok,
  Canceled,
  Unknown,
  InvalidArgument,
  DeadlineExceeded,
  NotFound,
  AlreadyExists,
  PermissionDenied,
  ResourceExhausted,
  FailedPrecondition,
  Aborted,
  OutOfRange,
  Unimplemented,
  Internal,
  Unavailable,
  DataLoss,
  Unauthenticated,
  MaximumValid = Unauthenticated,
};
