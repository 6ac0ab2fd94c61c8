// A thread of load: its connections, its scenario, its schedule.
//
// Closed loop: a slot asks again as soon as it was answered. Open loop: operations are due at fixed instants whatever the
// server does, and latency counts from the due instant, so a server that stalls is charged for all who would have come
// meanwhile (no coordinated omission).
#pragma once

#include <atomic>
#include <deque>
#include <memory>
#include <string>
#include <vector>

#include "tools/load/connection.h"
#include "tools/load/histogram.h"

namespace claviger::load {

struct WorkerOptions {
  Target target;
  std::string ca_file;
  std::size_t connections = 8;
  std::size_t streams = 32;
  double rate = 0;  // operations a second; 0: closed loop
  double seconds = 10;
  double warm_up = 1;
  double interval = 0;  // seconds; 0: no figures over time
  ScenarioOptions scenario;
};

// What was answered from one instant to the next, so that latency is seen over time.
struct Interval {
  Histogram latency;
  std::uint64_t refused = 0;
};

// As many points as a plot needs; each is a histogram of 30 KiB.
inline constexpr std::size_t kIntervalsMax = 240;
inline constexpr double kIntervalSecondsMin = 0.5;

struct Tally {
  Histogram latency;
  std::vector<Interval> intervals;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::uint64_t refused = 0;
  std::uint64_t late = 0;    // open loop: due but never begun
  std::uint64_t octets = 0;  // through the sockets, from the beginning of the warm-up
  std::uint64_t ended = 0;   // operations in the same time, however they ended
  std::string error;
};

class Worker final : public Listener {
 public:
  explicit Worker(WorkerOptions options);
  ~Worker() override;

  // Connects and prepares; the reason when it cannot.
  std::string open();
  void run(Instant start);
  const Tally& tally() const { return tally_; }
  // Read by the progress line while running.
  std::uint64_t done_so_far() const { return progress_.load(std::memory_order_relaxed); }

 private:
  struct Slot {
    Instant due{};
    bool is_busy = false;
  };
  void answered(std::size_t slot, const Answer& answer) override;
  void broken(const std::string& why) override;
  Connection& connection_of(std::size_t slot) { return *connections_[slot / options_.streams]; }
  void begin(std::size_t slot, Instant due);
  void begin_due(Instant now);
  Interval& interval_of(Instant now);
  std::uint64_t octets() const;
  Answer exchange(const Request& request);

  WorkerOptions options_;
  SSL_CTX* context_ = nullptr;
  std::unique_ptr<Scenario> scenario_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<Slot> slots_;
  std::deque<std::size_t> free_;
  Instant next_due_{};
  Instant measure_from_{};
  Instant stop_at_{};
  bool is_running_ = false;
  bool is_preparing_ = false;
  Answer prepared_;
  Tally tally_;
  std::atomic<std::uint64_t> progress_{0};
};

}  // namespace claviger::load
