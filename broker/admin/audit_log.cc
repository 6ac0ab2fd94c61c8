#include "broker/admin/audit_log.h"

#include <optional>
#include <utility>

#include "broker/tables.h"
#include "core/runtime/call.h"
#include "core/runtime/offload.h"

namespace claviger::admin {
namespace {

namespace tables = broker::tables;

std::string_view base_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }
std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? std::string() : path.substr(0, slash + 1);
}

AuditEntry own_entry(std::string verb, std::string outcome, std::string detail) {
  AuditEntry entry;
  entry.verb = std::move(verb);
  entry.outcome = std::move(outcome);
  entry.detail = std::move(detail);
  return entry;
}

// Where the chain goes on, from what the file and the store say.
struct Continuation {
  AuditHead head;
  std::string broken;  // empty: they fit
};
Continuation continue_from(const crypto::HmacSha256& key, const AuditFile::Tail& tail, const AuditHead& stored) {
  if (!tail.last_line) {
    if (stored.seq == 0) return {};
    return {stored, "the log is empty, entry " + std::to_string(stored.seq) + " was written"};
  }
  const auto last = read_line(key, *tail.last_line);
  if (!last) return {stored, "the last line is not ours"};
  // The line became durable, its head in the store did not: the line counts.
  if (last->head.seq > stored.seq) return {last->head, {}};
  if (last->head == stored) return {stored, {}};
  return {stored, "the log ends at entry " + std::to_string(last->head.seq) + ", entry " + std::to_string(stored.seq) +
                      " was written"};
}

}  // namespace

AuditLog::AuditLog(runtime::Shard& home, storage::Store& store, runtime::OffloadPool& file_pool, Bytes key,
                   std::string file)
    : home_(home), store_(store), file_pool_(file_pool), path_(std::move(file)), key_(key) {}

runtime::Task<Result<AuditHead>> AuditLog::head_in_store() {
  auto found = co_await store_.get(tables::kInstallation, std::string(kAuditHeadKey));
  if (!found && found.error().code == Code::NotFound) co_return AuditHead{};
  if (!found) co_return found.error();
  co_return decode_audit_head(found->bytes());
}

runtime::Task<Result<Unit>> AuditLog::load_breaks() {
  auto found = co_await store_.get(tables::kInstallation, std::string(kAuditBreaksKey));
  if (found.failed_with(Code::NotFound)) co_return Unit{};
  if (!found) co_return found.error();
  CLAVIGER_CO_TRY(breaks, decode_audit_breaks(found->bytes()));
  breaks_.store(breaks, std::memory_order_relaxed);
  co_return Unit{};
}

runtime::Task<Result<Unit>> AuditLog::note_break(std::string why) {
  home_.logger().error("audit.broken", {{"why", why}});
  const std::uint64_t breaks = breaks_.load(std::memory_order_relaxed) + 1;
  breaks_.store(breaks, std::memory_order_relaxed);
  storage::Transaction change;
  change.put(tables::kInstallation, kAuditBreaksKey, as_bytes(encode_audit_breaks(breaks)));
  auto committed = co_await store_.commit(std::move(change));
  if (!committed) co_return committed.error();
  co_return Unit{};
}

runtime::Task<Result<Unit>> AuditLog::start(std::string version) {
  auto stored = co_await head_in_store();
  if (!stored) co_return stored.error();
  auto work = [path = path_] { return AuditFile::open(path); };
  auto done = co_await runtime::offload(&file_pool_, std::move(work));
  if (!done) co_return done.error();
  CLAVIGER_CO_TRY(opened, *std::move(done));

  Continuation continuation = continue_from(key_, opened.tail, *stored);
  file_ = std::make_shared<AuditFile>(std::move(opened.file));
  head_ = continuation.head;
  entries_.store(head_.seq, std::memory_order_relaxed);
  const bool is_broken = !continuation.broken.empty();
  CLAVIGER_CO_TRY(counted, co_await load_breaks());
  if (is_broken) {
    CLAVIGER_CO_TRY(noted, co_await note_break(continuation.broken));
  }
  if (opened.tail.torn_bytes > 0) {
    home_.logger().warning("audit.torn_line_removed", {{"bytes", opened.tail.torn_bytes}});
  }
  if (!opened.tail.last_line && head_.seq > 0) {
    AuditEntry opened_anew = own_entry("audit.open", "ok", {});
    auto noted = co_await append_at_home(std::move(opened_anew));
    if (!noted) co_return noted.error();
  }
  std::string detail = is_broken ? continuation.broken : "clavigerd " + version;
  AuditEntry entry = own_entry("audit.start", is_broken ? "broken" : "ok", std::move(detail));
  auto started = co_await append_at_home(std::move(entry));
  if (!started) co_return started.error();
  co_return Unit{};
}

runtime::Task<Result<std::uint64_t>> AuditLog::append(AuditEntry entry) {
  auto start = [this, entry = std::move(entry)]() mutable { return append_at_home(std::move(entry)); };
  co_return co_await runtime::call_on(&home_, std::move(start));
}

Result<runtime::OneShot<Result<std::uint64_t>>> AuditLog::enqueue(AuditEntry entry) {
  if (waiting_.size() >= kWaitingMax) return Error{Code::Overload, "audit.queue"};
  runtime::OneShotPair<Result<std::uint64_t>> pair;
  waiting_.push_back({std::move(entry), std::move(pair.completer)});
  return std::move(pair.waiter);
}

runtime::Task<Result<std::uint64_t>> AuditLog::append_at_home(AuditEntry entry) {
  auto queued = enqueue(std::move(entry));
  if (!queued) co_return queued.error();
  if (!is_writing_ && !home_.scope().spawn(write_waiting())) co_return Error{Code::Closed, "audit"};
  runtime::OneShot<Result<std::uint64_t>> waiter = *std::move(queued);
  auto answer = co_await waiter;
  co_return answer;
}

runtime::Task<Result<Unit>> AuditLog::append_refusal(AuditEntry entry) {
  auto start = [this, entry = std::move(entry)]() mutable { return append_refusal_at_home(std::move(entry)); };
  co_return co_await runtime::call_on(&home_, std::move(start));
}

runtime::Task<Result<Unit>> AuditLog::append_refusal_at_home(AuditEntry entry) {
  if (home_.now() - refusals_since_ >= Seconds(1)) {
    refusals_since_ = home_.now();
    refusals_ = 0;
  }
  if (++refusals_ > kRefusalsPerSecondMax) {
    ++refusals_left_out_;
    co_return Unit{};
  }
  if (refusals_left_out_ > 0)
    entry.detail += " and " + std::to_string(std::exchange(refusals_left_out_, 0)) + " more before";
  auto noted = co_await append_at_home(std::move(entry));
  if (!noted) co_return noted.error();
  co_return Unit{};
}

runtime::Task<Result<Unit>> AuditLog::reopen() {
  auto start = [this]() { return reopen_at_home(); };
  co_return co_await runtime::call_on(&home_, std::move(start));
}

runtime::Task<Result<Unit>> AuditLog::reopen_at_home() {
  runtime::OneShotPair<Result<Unit>> pair;
  reopening_.push_back(std::move(pair.completer));
  if (!is_writing_ && !home_.scope().spawn(write_waiting())) co_return Error{Code::Closed, "audit"};
  runtime::OneShot<Result<Unit>> waiter = std::move(pair.waiter);
  auto answer = co_await waiter;
  co_return answer;
}

runtime::Task<void> AuditLog::write_waiting() {
  is_writing_ = true;
  while (!waiting_.empty() || !reopening_.empty()) {
    if (!reopening_.empty()) {
      auto askers = std::exchange(reopening_, {});
      const auto opened = co_await open_anew();
      for (auto& asker : askers) asker.complete(opened);
      continue;
    }
    auto batch = std::exchange(waiting_, {});
    std::string lines;
    AuditHead head = head_;
    std::uint64_t seq = head.seq;
    for (const Waiting& one : batch) {
      ChainedLine line = chain_line(key_, head, home_.wall(), one.entry);
      lines += line.text;
      head = line.head;
    }
    const auto written = co_await write(std::move(lines), head);
    for (Waiting& one : batch) {
      ++seq;
      if (written)
        one.completer.complete(seq);
      else
        one.completer.complete(written.error());
    }
  }
  is_writing_ = false;
}

runtime::Task<Result<Unit>> AuditLog::write(std::string lines, AuditHead head) {
  if (file_ == nullptr) co_return Error{Code::Io, "audit.file"};  // start() failed
  auto work = [file = file_, lines = std::move(lines)] { return file->append(lines); };
  auto done = co_await runtime::offload(&file_pool_, std::move(work));
  if (!done) co_return done.error();
  if (!*done) {
    home_.logger().error("audit.write_failed", {{"code", name_of(done->error().code)}});
    co_return done->error();
  }
  head_ = head;
  entries_.store(head.seq, std::memory_order_relaxed);
  storage::Transaction change;
  change.put(tables::kInstallation, kAuditHeadKey, as_bytes(encode_audit_head(head)));
  auto committed = co_await store_.commit(std::move(change));
  if (!committed) co_return committed.error();
  co_return Unit{};
}

// What does not fit at a reload, for the line that says so; empty: a rotation, or nothing was renamed.
std::string AuditLog::broken_at_reload(const AuditFile& opened, const AuditFile::Tail& tail) const {
  if (file_ == nullptr || head_.seq == 0) return {};
  const std::string last = "entry " + std::to_string(head_.seq);
  if (!file_->is_as_written()) return "the file was cut, or written by somebody else, before " + last + " or behind it";
  // Not renamed, as it was; or a new file of the same name, after an honest rotation.
  if (opened.is_same_as(*file_)) return {};
  if (!tail.last_line) return {};
  // Somebody put another file there: a copy that has all lines is as good as the file itself.
  return continue_from(key_, tail, head_).broken;
}

runtime::Task<Result<Unit>> AuditLog::open_anew() {
  // Looked at before: whoever renames a file between the two has not lost it.
  const bool was_lost = file_ != nullptr && head_.seq > 0 && !file_->is_there();
  auto work = [path = path_] { return AuditFile::open(path); };
  auto done = co_await runtime::offload(&file_pool_, std::move(work));
  if (!done) co_return done.error();
  CLAVIGER_CO_TRY(opened, *std::move(done));
  std::string why = broken_at_reload(opened.file, opened.tail);
  if (was_lost && !opened.tail.last_line) {
    why = "the file with entry " + std::to_string(head_.seq) + " was deleted, or moved to another file system";
  }
  file_ = std::make_shared<AuditFile>(std::move(opened.file));
  const bool is_broken = !why.empty();
  if (!is_broken && opened.tail.last_line) co_return Unit{};  // not renamed: the same file
  if (is_broken) {
    CLAVIGER_CO_TRY(noted, co_await note_break(why));
  }
  AuditEntry opens = own_entry("audit.open", is_broken ? "broken" : "ok", std::move(why));
  ChainedLine line = chain_line(key_, head_, home_.wall(), opens);
  co_return co_await write(std::move(line.text), line.head);
}

runtime::Task<Result<AuditReport>> AuditLog::verify(std::vector<std::string> files) {
  const std::string_view own_name = base_name(path_);
  std::vector<std::string> paths;
  for (const std::string& file : files) {
    if (file.find('/') != std::string::npos || !file.starts_with(own_name))
      co_return Error{Code::BadValue, "audit.files"};
    paths.push_back(folder_of(path_) + file);
  }
  if (paths.empty()) paths.push_back(path_);
  std::optional<AuditHead> head;
  if (paths.back() == path_) {
    auto stored = co_await head_in_store();
    if (!stored) co_return stored.error();
    head = *stored;
  }
  // The key lives as long as this, which outlives the pool's jobs.
  auto work = [key = &key_, paths = std::move(paths), head] { return verify_audit_files(*key, paths, head); };
  auto report = co_await runtime::offload(&file_pool_, std::move(work));
  co_return report;
}

runtime::Task<Result<AuditReport>> AuditLog::verify_all() {
  auto head = co_await head_in_store();
  if (!head) co_return head.error();
  auto work = [key = &key_, path = path_, head = std::optional<AuditHead>(*head)] {
    return verify_audit_files(*key, audit_files_beside(*key, path), head);
  };
  auto report = co_await runtime::offload(&file_pool_, std::move(work));
  co_return report;
}

}  // namespace claviger::admin
