#include "tools/load/worker.h"

#include <poll.h>

#include <algorithm>
#include <cmath>

namespace claviger::load {
namespace {

using Clock = std::chrono::steady_clock;

Instant after(Instant start, double seconds) {
  return start + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(seconds));
}

// Due operations that wait for a free slot: a second of the schedule; beyond it they are counted as late.
constexpr std::size_t kBacklogSeconds = 1;

}  // namespace

Worker::Worker(WorkerOptions options) : options_(std::move(options)) {
  slots_.resize(options_.connections * options_.streams);
  options_.scenario.slots = slots_.size();
  if (options_.interval > 0)
    tally_.intervals.resize(static_cast<std::size_t>(std::ceil(options_.seconds / options_.interval)));
}

Worker::~Worker() {
  connections_.clear();
  if (context_ != nullptr) SSL_CTX_free(context_);
}

std::string Worker::open() {
  context_ = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_verify(context_, SSL_VERIFY_PEER, nullptr);
  if (SSL_CTX_load_verify_file(context_, options_.ca_file.c_str()) != 1)
    return "cannot read the CA file " + options_.ca_file;
  static constexpr unsigned char kAlpn[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context_, kAlpn, sizeof kAlpn);
  scenario_ = make_scenario(options_.scenario);
  if (!scenario_) return "no scenario of that name: " + options_.scenario.name;
  for (std::size_t i = 0; i < options_.connections; ++i) {
    connections_.push_back(std::make_unique<Connection>(*this, i * options_.streams, options_.streams));
    if (std::string why = connections_.back()->open(options_.target, context_); !why.empty()) return why;
  }
  std::string why;
  const bool is_ready = prepare_scenario(
      *scenario_, [this](const Request& request) { return exchange(request); }, why);
  return is_ready ? std::string() : why + (tally_.error.empty() ? "" : " (" + tally_.error + ")");
}

Answer Worker::exchange(const Request& request) {
  Connection& connection = *connections_.front();
  is_preparing_ = true;
  connection.submit(0, request);
  connection.flush();
  while (is_preparing_ && connection.is_open()) {
    pollfd one{connection.descriptor(), POLLIN, 0};
    if (poll(&one, 1, 10'000) <= 0) break;
    connection.on_ready();
  }
  is_preparing_ = false;
  return prepared_;
}

void Worker::begin(std::size_t slot, Instant due) {
  slots_[slot].due = due;
  slots_[slot].is_busy = true;
  connection_of(slot).submit(slot, scenario_->next(slot));
}

void Worker::answered(std::size_t slot, const Answer& answer) {
  if (is_preparing_) {
    prepared_ = answer;
    is_preparing_ = false;
    return;
  }
  const Step step = scenario_->finish(slot, answer);
  if (step == Step::More) {
    connection_of(slot).submit(slot, scenario_->next(slot));
    return;
  }
  const Instant now = Clock::now();
  slots_[slot].is_busy = false;
  ++tally_.ended;
  if (slots_[slot].due >= measure_from_ && now <= stop_at_) {
    if (step == Step::Done) {
      ++tally_.done;
      const auto took = static_cast<std::uint64_t>(std::chrono::nanoseconds(now - slots_[slot].due).count());
      tally_.latency.record(took);
      if (!tally_.intervals.empty()) interval_of(now).latency.record(took);
      progress_.store(tally_.done, std::memory_order_relaxed);
    } else if (step == Step::Refused) {
      ++tally_.refused;
      if (!tally_.intervals.empty()) ++interval_of(now).refused;
    } else {
      ++tally_.failed;
      if (tally_.error.empty())
        tally_.error = "status " + std::to_string(answer.status) + ": " + answer.body.substr(0, 160);
    }
  }
  if (!is_running_) return;
  if (options_.rate > 0) {
    free_.push_back(slot);
  } else {
    begin(slot, now);
  }
}

Interval& Worker::interval_of(Instant now) {
  const double elapsed = std::chrono::duration<double>(now - measure_from_).count();
  return tally_.intervals[std::min(static_cast<std::size_t>(elapsed / options_.interval), tally_.intervals.size() - 1)];
}

void Worker::broken(const std::string& why) {
  ++tally_.failed;
  if (tally_.error.empty()) tally_.error = why;
}

void Worker::begin_due(Instant now) {
  const double gap = 1.0 / options_.rate;
  while (next_due_ <= now && !free_.empty()) {
    if (scenario_->has_next(next_due_)) {
      const std::size_t slot = free_.front();
      free_.pop_front();
      begin(slot, next_due_);
    }
    next_due_ = after(next_due_, gap);
  }
  while (next_due_ + std::chrono::seconds(kBacklogSeconds) < now) {
    if (next_due_ >= measure_from_) ++tally_.late;
    next_due_ = after(next_due_, gap);
  }
}

void Worker::run(Instant start) {
  measure_from_ = after(start, options_.warm_up);
  stop_at_ = after(measure_from_, options_.seconds);
  next_due_ = start;
  is_running_ = true;
  const std::uint64_t octets_before = octets();
  for (std::size_t slot = 0; slot < slots_.size(); ++slot) {
    if (options_.rate > 0) {
      free_.push_back(slot);
    } else {
      begin(slot, start);
    }
  }
  for (auto& connection : connections_) connection->flush();
  std::vector<pollfd> descriptors(connections_.size());
  const Instant give_up = after(stop_at_, 5);
  for (Instant now = Clock::now(); now < give_up; now = Clock::now()) {
    if (now >= stop_at_) {
      is_running_ = false;
      if (std::none_of(slots_.begin(), slots_.end(), [](const Slot& slot) { return slot.is_busy; })) break;
    }
    int wait_ms = 50;
    if (is_running_ && options_.rate > 0) {
      begin_due(now);
      for (auto& connection : connections_) connection->flush();
      const auto until = std::chrono::duration_cast<std::chrono::milliseconds>(next_due_ - Clock::now()).count();
      wait_ms = free_.empty() ? 1 : static_cast<int>(std::clamp<std::int64_t>(until, 0, 50));
    }
    bool is_any_open = false;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      const Connection& connection = *connections_[i];
      is_any_open |= connection.is_open();
      descriptors[i] = {connection.is_open() ? connection.descriptor() : -1,
                        static_cast<short>(connection.wants_write() ? POLLIN | POLLOUT : POLLIN), 0};
    }
    if (!is_any_open) break;
    if (poll(descriptors.data(), descriptors.size(), wait_ms) <= 0) continue;
    for (std::size_t i = 0; i < connections_.size(); ++i) {
      if (descriptors[i].revents != 0) connections_[i]->on_ready();
    }
  }
  tally_.octets = octets() - octets_before;
}

std::uint64_t Worker::octets() const {
  std::uint64_t total = 0;
  for (const auto& connection : connections_) total += connection->octets();
  return total;
}

}  // namespace claviger::load
