// All of the API for filters.
#pragma once

#include "proxy_wasm_context.h"
#include "proxy_wasm_data.h"
#include "proxy_wasm_grpc.h"
#include "proxy_wasm_hostcalls.h"
#include "proxy_wasm_metrics.h"
