# Clang for WASI: the one of wasi-sdk when WASI_SDK_PATH is set, otherwise the newest on PATH.
set(CMAKE_SYSTEM_NAME Generic)
set(CMAKE_SYSTEM_PROCESSOR wasm32)
set(WASI TRUE)
find_program(WASI_CLANG NAMES clang++ clang++-22 clang++-21 clang++-20 clang++-19 HINTS "$ENV{WASI_SDK_PATH}/bin" REQUIRED)
set(CMAKE_CXX_COMPILER "${WASI_CLANG}")
if(NOT CMAKE_CXX_COMPILER_TARGET)
  set(CMAKE_CXX_COMPILER_TARGET wasm32-wasi)
endif()
# A program could be linked, but not run here.
set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)
# Linked without the flags of compiling: with an -O clang runs the wasm-opt that is on PATH, and function names are lost.
set(CMAKE_CXX_LINK_EXECUTABLE
  "<CMAKE_CXX_COMPILER> --target=${CMAKE_CXX_COMPILER_TARGET} <LINK_FLAGS> <OBJECTS> -o <TARGET> <LINK_LIBRARIES>")
