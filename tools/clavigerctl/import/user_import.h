// The import itself: batches of lines, several in flight on connections of their own, answered in any order, accounted
// for in the file's order.
//
// Runs in the calling thread (reading, accounting, progress) and `connections` worker threads (sending). What the daemon
// says about a line reaches `on_bad` in the file's order; after each batch up to which all is done, `on_progress` gets
// a state that may be saved.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "tools/clavigerctl/http_answer.h"
#include "tools/clavigerctl/import/import_reader.h"
#include "tools/clavigerctl/import/import_state.h"

namespace claviger::ctl {

// One transaction at the daemon's side takes a batch: a few thousand writes of its 65 536.
inline constexpr std::size_t kBatchLinesMax = 1000;
// The daemon's bound for the body of an import is 2 MiB; one line more must fit.
inline constexpr std::size_t kBatchBytesMax = 1024 * 1024;
inline constexpr std::size_t kConnectionsMax = 16;

struct ImportSummary {
  std::uint64_t good = 0;  // created, updated or already so
  std::uint64_t created = 0;
  std::uint64_t updated = 0;
  std::uint64_t bad = 0;
  // Empty: reached the end (or was interrupted). Else what stopped it; everything up to the state stands.
  std::string stopped_by;
  HttpAnswer refusal;         // the answer that stopped it, if it was one
  bool is_unreachable = false;
  bool is_interrupted = false;
};

// Sends one batch; called by several threads at once, with the thread's number. May wait and try again.
using SendBatch = std::function<Result<HttpAnswer>(std::size_t connection, const std::string& body)>;

struct ImportHooks {
  SendBatch send;
  std::function<void(std::uint64_t line, const std::string& reason)> on_bad;
  std::function<void(const ImportState& state)> on_progress;
  const std::atomic<bool>* interrupted = nullptr;
};

// `reader` was started, and resumed where `state` says.
ImportSummary import_users(ImportReader& reader, ImportState state, std::size_t connections, const ImportHooks& hooks);

// One line's refusal as the daemon reports it.
struct LineRefusal {
  std::size_t index = 0;  // in the batch
  std::string reason;
};
struct BatchAnswer {
  std::uint64_t created = 0;
  std::uint64_t updated = 0;
  std::uint64_t unchanged = 0;
  std::vector<LineRefusal> refused;
};
// `lines`: how many the batch had; an answer that does not account for each of them is an error.
Result<BatchAnswer> read_batch_answer(std::string_view json, std::size_t lines);

}  // namespace claviger::ctl
