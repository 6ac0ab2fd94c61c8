#include "tools/clavigerctl/import/user_import.h"

#include <openssl/crypto.h>

#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <thread>

#include "core/base/clock.h"
#include "core/codec/json_reader.h"

namespace claviger::ctl {
namespace {

// A line of the file inside a batch: sent, or bad already when it was read.
struct BatchLine {
  std::uint64_t line;
  std::string reason;  // empty: sent
};
struct Batch {
  std::uint64_t number = 0;
  std::uint64_t end_offset = 0;
  std::uint64_t next_line = 1;
  std::vector<BatchLine> lines;
  std::vector<std::size_t> sent;  // indexes of lines that are in the body
  std::string body;
};
struct DoneBatch {
  Batch batch;
  Result<HttpAnswer> answer;
};

// Batches between the reading thread and the senders. Bounded: a batch waits for each connection at most.
class Exchange {
 public:
  explicit Exchange(std::size_t waiting_max) : waiting_max_(waiting_max) {}

  bool has_room() {
    const std::lock_guard lock(mutex_);
    return waiting_.size() < waiting_max_;
  }
  void put(Batch batch) {
    {
      const std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(batch));
    }
    changed_.notify_all();
  }
  std::optional<Batch> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return is_closed_ || !waiting_.empty(); });
    if (waiting_.empty()) return std::nullopt;
    Batch batch = std::move(waiting_.front());
    waiting_.pop_front();
    return batch;
  }
  void put_done(DoneBatch done) {
    {
      const std::lock_guard lock(mutex_);
      done_.push_back(std::move(done));
    }
    changed_.notify_all();
  }
  // Nothing when nothing is done within a moment: the caller draws its progress meanwhile.
  std::optional<DoneBatch> take_done(Milliseconds wait) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, wait, [this] { return !done_.empty(); });
    if (done_.empty()) return std::nullopt;
    DoneBatch done = std::move(done_.front());
    done_.pop_front();
    return done;
  }
  void close() {
    {
      const std::lock_guard lock(mutex_);
      is_closed_ = true;
    }
    changed_.notify_all();
  }

 private:
  std::size_t waiting_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  std::deque<DoneBatch> done_;
  bool is_closed_ = false;
};

void send_batches(std::size_t connection, Exchange* exchange, const SendBatch* send) {
  while (auto batch = exchange->take()) {
    HttpAnswer nothing_to_send;
    nothing_to_send.status = 200;
    nothing_to_send.body = R"({"created":0,"updated":0,"unchanged":0,"bad":[]})";
    auto answer = batch->sent.empty() ? Result<HttpAnswer>(std::move(nothing_to_send)) : (*send)(connection, batch->body);
    OPENSSL_cleanse(batch->body.data(), batch->body.size());  // passwords
    exchange->put_done({std::move(*batch), std::move(answer)});
  }
}

// Nothing when the file is at its end.
Result<std::optional<Batch>> read_batch(ImportReader& reader, std::uint64_t number) {
  Batch batch;
  batch.number = number;
  batch.body.reserve(kBatchBytesMax + kImportLineBytesMax + 1);  // no growth: that would leave passwords behind
  while (batch.lines.size() < kBatchLinesMax && batch.body.size() < kBatchBytesMax) {
    CLAVIGER_TRY(next, reader.next());
    if (!next) break;
    batch.end_offset = next->end_offset;
    batch.next_line = next->next_line;
    if (!next->is_bad()) {
      batch.sent.push_back(batch.lines.size());
      batch.body.append(next->json).append("\n");
      OPENSSL_cleanse(next->json.data(), next->json.size());
    }
    batch.lines.push_back({next->line, std::move(next->reason)});
  }
  if (batch.lines.empty()) return std::optional<Batch>();
  return std::optional<Batch>(std::move(batch));
}

// Books what is done in the file's order.
class Accounts {
 public:
  Accounts(ImportState state, const ImportHooks& hooks) : state_(std::move(state)), hooks_(hooks) {}

  ImportSummary summary;

  bool is_stopped() const { return !summary.stopped_by.empty(); }
  void add(DoneBatch done) {
    const std::uint64_t number = done.batch.number;
    early_.emplace(number, std::move(done));
    for (auto next = early_.find(expected_); next != early_.end() && !is_stopped(); next = early_.find(expected_)) {
      book(next->second);
      early_.erase(next);
      ++expected_;
    }
  }
  void stop(std::string why) {
    if (!is_stopped()) summary.stopped_by = std::move(why);
  }

 private:
  void book(DoneBatch& done) {
    if (!done.answer) {
      summary.is_unreachable = true;
      return stop(std::string(name_of(done.answer.error().code)));
    }
    if (done.answer->status != 200) {
      summary.refusal = *done.answer;
      return stop("refused");
    }
    const auto answer = read_batch_answer(done.answer->body, done.batch.sent.size());
    if (!answer) return stop("the daemon's answer is malformed");
    for (const LineRefusal& refusal : answer->refused) {
      done.batch.lines[done.batch.sent[refusal.index]].reason = refusal.reason;
    }
    std::uint64_t bad = 0;
    for (const BatchLine& line : done.batch.lines) {
      if (line.reason.empty()) continue;
      ++bad;
      hooks_.on_bad(line.line, line.reason);
    }
    summary.created += answer->created;
    summary.updated += answer->updated;
    summary.bad += bad;
    summary.good += done.batch.lines.size() - bad;
    state_.good += done.batch.lines.size() - bad;
    state_.bad += bad;
    state_.offset = done.batch.end_offset;
    state_.line = done.batch.next_line;
    hooks_.on_progress(state_);
  }

  ImportState state_;
  const ImportHooks& hooks_;
  std::uint64_t expected_ = 0;
  std::map<std::uint64_t, DoneBatch> early_;  // done before one in front of it: at most those in flight
};

}  // namespace

Result<BatchAnswer> read_batch_answer(std::string_view text, std::size_t lines) {
  constexpr Error kWrong{Code::BadValue, "import.answer"};
  codec::JsonLimits limits;
  limits.bytes_max = kAnswerBodyBytesMax;
  codec::JsonReader reader(limits);
  CLAVIGER_TRY(value, reader.parse(text));
  CLAVIGER_TRY(object, value.as_object());
  BatchAnswer answer;
  for (const auto& [name, member] : {std::pair{"created", &BatchAnswer::created},
                                     std::pair{"updated", &BatchAnswer::updated},
                                     std::pair{"unchanged", &BatchAnswer::unchanged}}) {
    CLAVIGER_TRY(number, object.at(name));
    CLAVIGER_TRY(count, number.as_uint());
    if (count > lines) return kWrong;
    answer.*member = count;
  }
  CLAVIGER_TRY(bad, object.at("bad"));
  CLAVIGER_TRY(refused, bad.as_array());
  std::vector<bool> is_named(lines);
  for (const codec::JsonValue element : refused) {
    CLAVIGER_TRY(line, element.as_object());
    CLAVIGER_TRY(index_value, line.at("index"));
    CLAVIGER_TRY(index, index_value.as_uint());
    CLAVIGER_TRY(reason, line.string_at("reason"));
    if (index >= lines || is_named[index] || reason.empty()) return kWrong;
    is_named[index] = true;
    answer.refused.push_back({static_cast<std::size_t>(index), std::string(reason)});
  }
  if (answer.created + answer.updated + answer.unchanged + answer.refused.size() != lines) return kWrong;
  return answer;
}

ImportSummary import_users(ImportReader& reader, ImportState state, std::size_t connections, const ImportHooks& hooks) {
  Exchange exchange(connections);
  std::vector<std::thread> senders;
  for (std::size_t i = 0; i < connections; ++i) senders.emplace_back(send_batches, i, &exchange, &hooks.send);

  Accounts accounts(std::move(state), hooks);
  std::uint64_t handed_out = 0;
  std::uint64_t done = 0;
  bool is_at_end = false;
  const auto is_interrupted = [&hooks] { return hooks.interrupted != nullptr && hooks.interrupted->load(); };
  while (!is_at_end || done < handed_out) {
    if (accounts.is_stopped() || is_interrupted()) is_at_end = true;
    while (!is_at_end && exchange.has_room() && handed_out - done < 2 * connections) {
      auto batch = read_batch(reader, handed_out);
      if (!batch) accounts.stop("the file cannot be read");
      is_at_end = !batch || !*batch;
      if (is_at_end) break;
      exchange.put(std::move(**batch));
      ++handed_out;
    }
    if (done == handed_out) continue;
    if (auto one = exchange.take_done(Milliseconds(200))) {
      ++done;
      accounts.add(std::move(*one));
    }
  }
  exchange.close();
  for (std::thread& sender : senders) sender.join();
  accounts.summary.is_interrupted = is_interrupted();
  return std::move(accounts.summary);
}

}  // namespace claviger::ctl
