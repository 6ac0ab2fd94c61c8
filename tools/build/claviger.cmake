# Dependencies and the few functions that every folder's CMakeLists.txt uses.
#   claviger_library(core_base SOURCES a.cc PUBLIC claviger::x PRIVATE y)   target claviger_core_base, alias claviger::core_base
#   claviger_executable(clavigerd SOURCES main.cc LIBS claviger::broker)    linked with mimalloc where it works
#   claviger_test(core_base SOURCES slice_test.cc LIBS claviger::core_base [LABELS system long])
#                                                                           one gtest executable a folder
#   claviger_bench(core_base SOURCES slice_bench.cc LIBS ...)               one Google Benchmark executable a folder
#   claviger_schemas(broker_identity user.fbs ...)                          FlatBuffers records of a library
#   claviger_fuzz(core/codec/json SOURCES json_fuzz.cc LIBS ...)            libFuzzer target, and its corpus as a test

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bin")
set(THREADS_PREFER_PTHREAD_FLAG ON)

find_program(CLAVIGER_CCACHE ccache)
if(CLAVIGER_CCACHE AND NOT CMAKE_CXX_COMPILER_LAUNCHER)
  # What ccache wants to be told before it keeps objects made with precompiled headers.
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CMAKE_COMMAND}" -E env CCACHE_SLOPPINESS=pch_defines,time_macros "${CLAVIGER_CCACHE}")
endif()

find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
find_package(RocksDB REQUIRED)
find_package(absl REQUIRED)
find_package(simdjson REQUIRED)
find_package(FlatBuffers REQUIRED)
find_package(Boost 1.74 REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(CLI11 REQUIRED)
find_package(spdlog REQUIRED)
find_package(LibXml2 REQUIRED)
find_package(pugixml REQUIRED)
find_package(fmt REQUIRED)
if(CLAVIGER_TESTS)
  find_package(GTest REQUIRED)
endif()
if(CLAVIGER_BENCH)
  find_package(benchmark REQUIRED)
endif()
pkg_check_modules(UV REQUIRED IMPORTED_TARGET libuv)
pkg_check_modules(NGHTTP2 REQUIRED IMPORTED_TARGET libnghttp2)
pkg_check_modules(ARGON2 REQUIRED IMPORTED_TARGET libargon2)
pkg_check_modules(SODIUM REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(GMP REQUIRED IMPORTED_TARGET gmp)
pkg_check_modules(SYSTEMD REQUIRED IMPORTED_TARGET libsystemd)
# Only its header: the modules are loaded by name.
pkg_check_modules(P11KIT REQUIRED IMPORTED_TARGET p11-kit-1)
if(CLAVIGER_MIMALLOC)
  find_package(mimalloc REQUIRED)
endif()

# Warnings, sanitizers and the include root reach every target of ours through this one, and nothing else.
add_library(claviger_options INTERFACE)
target_include_directories(claviger_options INTERFACE "${CMAKE_SOURCE_DIR}")
target_compile_options(claviger_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wsign-conversion -Wnon-virtual-dtor -Wold-style-cast -Werror
  -fno-omit-frame-pointer)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  # g++ 12.2 at -O2 returns garbage for a std::vector that a coroutine filled across suspensions in a loop: its
  # straight-line vectorizer joins the vector's pointers from before and after one (tests/core/runtime/offload_test.cc
  # fails without this). Our kernels say their vectors themselves.
  target_compile_options(claviger_options INTERFACE -fno-tree-slp-vectorize)
  # clavigerd links in 0.7 s instead of 2.9, and there are a hundred and fifty tests and tools.
  find_program(CLAVIGER_LLD ld.lld)
  if(CLAVIGER_LLD)
    target_link_options(claviger_options INTERFACE -fuse-ld=lld)
  endif()
endif()
if(CLAVIGER_SANITIZE)
  target_compile_options(claviger_options INTERFACE -fsanitize=${CLAVIGER_SANITIZE} -fno-sanitize-recover=all)
  target_compile_definitions(claviger_options INTERFACE _GLIBCXX_ASSERTIONS)  # indexes of spans and vectors, too
  target_link_options(claviger_options INTERFACE -fsanitize=${CLAVIGER_SANITIZE})
  if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
    # clang 14 cannot emit the function sanitizer's prologue for coroutines ("difference across sections").
    target_compile_options(claviger_options INTERFACE -fno-sanitize=function)
  endif()
endif()
target_link_libraries(claviger_options INTERFACE Threads::Threads)

# What nearly every file takes of the standard library, every test of GoogleTest and most of the broker of its own
# foundations, compiled once: a third of the time that a file of ours takes. The clang configurations and tools/lint go
# without, so that a file which forgot an include is found there.
function(claviger_precompile target reused)
  if(CLAVIGER_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM ${reused})
    target_compile_options(${target} PRIVATE ${CLAVIGER_PRECOMPILED_OPTIONS})
  endif()
endfunction()

if(CLAVIGER_PRECOMPILED)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
    set(CLAVIGER_PRECOMPILED_OPTIONS -fpch-preprocess)  # for ccache
  endif()
  set(standard <algorithm> <array> <charconv> <chrono> <coroutine> <cstddef> <cstdint> <cstring> <functional> <map> <memory>
               <optional> <set> <span> <string> <string_view> <unordered_map> <utility> <variant> <vector>)
  file(CONFIGURE OUTPUT "${CMAKE_BINARY_DIR}/precompiled.cc" CONTENT "")
  add_library(claviger_precompiled OBJECT "${CMAKE_BINARY_DIR}/precompiled.cc")
  target_link_libraries(claviger_precompiled PRIVATE claviger_options)
  target_precompile_headers(claviger_precompiled PRIVATE ${standard})
  # context.h brings the settings, the tenants, the store and the shards.
  set(foundations broker/context.h broker/tables.h core/codec/json_reader.h core/codec/json_writer.h core/http/message.h
                  core/runtime/call.h core/runtime/offload.h core/runtime/turns.h)
  list(TRANSFORM foundations PREPEND "${CMAKE_SOURCE_DIR}/")
  add_library(claviger_precompiled_broker OBJECT EXCLUDE_FROM_ALL "${CMAKE_BINARY_DIR}/precompiled.cc")
  target_link_libraries(claviger_precompiled_broker PRIVATE claviger_options PkgConfig::UV)
  target_precompile_headers(claviger_precompiled_broker PRIVATE ${standard} ${foundations})
  if(CLAVIGER_TESTS)
    add_library(claviger_precompiled_tests OBJECT "${CMAKE_BINARY_DIR}/precompiled.cc")
    target_link_libraries(claviger_precompiled_tests PRIVATE claviger_options GTest::gtest GTest::gmock)
    target_compile_options(claviger_precompiled_tests PRIVATE ${CLAVIGER_TEST_OPTIONS})
    target_precompile_headers(claviger_precompiled_tests PRIVATE ${standard} <gtest/gtest.h> <gmock/gmock.h>)
  endif()
endif()

function(claviger_library name)
  cmake_parse_arguments(ARG "" "" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  add_library(claviger_${name} STATIC ${ARG_SOURCES})
  add_library(claviger::${name} ALIAS claviger_${name})
  set_property(GLOBAL APPEND PROPERTY CLAVIGER_LIBRARIES claviger_${name})
  target_link_libraries(claviger_${name} PUBLIC $<BUILD_INTERFACE:claviger_options> ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE})
  if(name MATCHES "^broker")
    claviger_precompile(claviger_${name} claviger_precompiled_broker)
  else()
    claviger_precompile(claviger_${name} claviger_precompiled)
  endif()
endfunction()

# user.fbs becomes "<folder>/user_generated.h" of the build tree, a system header of that library alone: generated code
# stays behind the record's own functions.
function(claviger_schemas name)
  set(target claviger_${name})
  if(NOT TARGET ${target})
    set(target ${name})  # a test's
  endif()
  file(RELATIVE_PATH folder "${CMAKE_SOURCE_DIR}" "${CMAKE_CURRENT_SOURCE_DIR}")
  set(generated "${CMAKE_BINARY_DIR}/generated")
  foreach(schema ${ARGN})
    string(REGEX REPLACE "\\.fbs$" "_generated.h" header "${generated}/${folder}/${schema}")
    add_custom_command(OUTPUT "${header}"
      COMMAND flatbuffers::flatc --cpp --cpp-std c++17 --scoped-enums -o "${generated}/${folder}" "${CMAKE_CURRENT_SOURCE_DIR}/${schema}"
      DEPENDS "${CMAKE_CURRENT_SOURCE_DIR}/${schema}" COMMENT "schema ${folder}/${schema}" VERBATIM)
    target_sources(${target} PRIVATE "${header}")
  endforeach()
  target_include_directories(${target} SYSTEM PRIVATE "${generated}")
  target_link_libraries(${target} PRIVATE flatbuffers::flatbuffers)
endfunction()

function(claviger_executable name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE claviger_options ${ARG_LIBS})
  claviger_precompile(${name} claviger_precompiled)
  if(CLAVIGER_MIMALLOC)
    # The allocator must be asked for by the executable itself, or --as-needed drops it.
    target_link_options(${name} PRIVATE -Wl,--no-as-needed)
    target_link_libraries(${name} PRIVATE mimalloc)
  endif()
endfunction()

# Every test that needs no running daemon, for the stages that build nothing else (tools/test tsan).
add_custom_target(unit_tests)

# Labels choose stages (tools/test): "system" starts daemons or kills them, "interop" needs foreign programs, "long"
# takes minutes and runs under `tools/test full` only. Without one of these it is a unit test.
function(claviger_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;LABELS" ${ARGN})
  if(CLAVIGER_UNIT_ONLY AND ARG_LABELS)
    return()
  endif()
  # gtest_discover_tests() breaks a list of labels apart, so a test has one, of dotted parts: system.long.broker_kill.
  list(JOIN ARG_LABELS "." label)
  string(APPEND label ".${name}")
  string(REGEX REPLACE "^\\." "" label "${label}")
  add_executable(test_${name} ${ARG_SOURCES})
  target_link_libraries(test_${name} PRIVATE claviger_options ${ARG_LIBS} GTest::gtest_main GTest::gmock)
  target_compile_options(test_${name} PRIVATE ${CLAVIGER_TEST_OPTIONS})
  claviger_precompile(test_${name} claviger_precompiled_tests)
  target_compile_definitions(test_${name} PRIVATE CLAVIGER_SOURCE_DIR="${CMAKE_SOURCE_DIR}" CLAVIGER_BINARY_DIR="${CMAKE_BINARY_DIR}")
  gtest_discover_tests(test_${name} TEST_PREFIX "${name}." DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 60
                       PROPERTIES TIMEOUT 300 LABELS "${label}")
  if(NOT ARG_LABELS)
    add_dependencies(unit_tests test_${name})
  endif()
endfunction()

function(claviger_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  claviger_executable(bench_${name} SOURCES ${ARG_SOURCES} LIBS ${ARG_LIBS} benchmark::benchmark benchmark::benchmark_main)
  target_compile_definitions(bench_${name} PRIVATE CLAVIGER_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
endfunction()

# With clang and CLAVIGER_FUZZ a libFuzzer binary fuzz_<name>; otherwise the same file with a main() that replays
# the corpus, so that each crash ever found stays a test in every build.
function(claviger_fuzz path)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  if(CLAVIGER_UNIT_ONLY)
    return()
  endif()
  string(REPLACE "/" "_" name "${path}")
  set(corpus "${CMAKE_SOURCE_DIR}/tests/fuzz/corpus/${path}")
  add_executable(fuzz_${name} ${ARG_SOURCES})
  target_link_libraries(fuzz_${name} PRIVATE claviger_options ${ARG_LIBS})
  target_compile_definitions(fuzz_${name} PRIVATE CLAVIGER_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
  if(CLAVIGER_FUZZ)
    target_link_options(fuzz_${name} PRIVATE -fsanitize=fuzzer)
    add_test(NAME fuzz.${path} COMMAND fuzz_${name} -runs=0 "${corpus}")
    add_test(NAME fuzz_run.${path} COMMAND fuzz_${name} -max_total_time=${CLAVIGER_FUZZ_SECONDS} -timeout=25 -max_len=65536 -rss_limit_mb=2048
             -artifact_prefix=${CMAKE_BINARY_DIR}/ "${CMAKE_BINARY_DIR}/fuzz_corpus/${path}" "${corpus}")
    math(EXPR limit "${CLAVIGER_FUZZ_SECONDS} + 300")
    set_tests_properties(fuzz_run.${path} PROPERTIES TIMEOUT ${limit} LABELS fuzz)
    file(MAKE_DIRECTORY "${CMAKE_BINARY_DIR}/fuzz_corpus/${path}")
  else()
    target_sources(fuzz_${name} PRIVATE "${CMAKE_SOURCE_DIR}/tests/fuzz/replay_main.cc")
    add_test(NAME fuzz.${path} COMMAND fuzz_${name} "${corpus}")
  endif()
  set_tests_properties(fuzz.${path} PROPERTIES TIMEOUT 300 LABELS fuzz)
endfunction()
