// The one header that a filter includes. Names and meanings are those of the Proxy-Wasm C++ SDK, so that a
// filter compiles with either; see README.md in this folder.
#pragma once

#ifndef PROXY_WASM_KEEPALIVE
#define PROXY_WASM_KEEPALIVE __attribute__((used, visibility("default")))
#endif
/// Marks a function of the filter that the proxy may call.
#ifdef __wasm__
#define PROXY_WASM_EXPORT(name) extern "C" PROXY_WASM_KEEPALIVE __attribute__((export_name(#name)))
#else
#define PROXY_WASM_EXPORT(name) extern "C" PROXY_WASM_KEEPALIVE
#endif
/// Filters are compiled without exceptions.
#define WASM_EXCEPTIONS 0
#define WASM_EXPORT(result, name, arguments) PROXY_WASM_EXPORT(name) result name arguments
#define START_WASM_PLUGIN(name)
#define END_WASM_PLUGIN

#include "proxy_wasm_api.h"
#include "proxy_wasm_common.h"
#include "proxy_wasm_enums.h"
#include "proxy_wasm_externs.h"
