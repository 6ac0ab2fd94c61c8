// How long every act took from when it was due, by kind, second by second and phase by phase; and how each ended.
//
// Latency counts from the due instant whatever the generator and the broker did meanwhile: no coordinated omission. One
// thread.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/codec/json_writer.h"
#include "tools/load/day/kind.h"
#include "tools/load/histogram.h"

namespace claviger::day {

enum class Outcome : std::uint8_t {
  Done,     // acknowledged, and as it must be
  Wrong,    // answered, and not as it must be
  Refused,  // told so in the protocol's words, and not asked again
  Unserved  // asked again until nobody waits for it any more
};

struct Counts {
  std::uint64_t begun = 0, done = 0, wrong = 0, refused = 0, unserved = 0;
  std::uint64_t asked_again = 0;  // after a refusal (503, 429, 3004) or a connection that broke
};

class Meter {
 public:
  explicit Meter(Monotonic start);

  // The time axis is that of the whole day; a phase's figures are those of what was due in it.
  void begin_phase(std::string name);
  void begun(Kind kind) { ++now(kind).counts.begun; }
  void ended(Kind kind, Outcome outcome, Monotonic due);
  void asked_again(Kind kind) { ++now(kind).counts.asked_again; }
  void wrong(Kind kind, std::string why);
  void event(std::string what);
  // Closes the seconds that have passed; call it several times a second.
  void tick(Monotonic time);

  double seconds_since_start(Monotonic time) const;
  // "phases", "series" and "events" of an object that is open.
  void write(codec::JsonWriter<std::string>& json) const;
  std::uint64_t total(Outcome outcome) const;
  const std::vector<std::string>& complaints() const { return complaints_; }

 private:
  struct Track {
    Counts counts;
    load::Histogram latency;
  };
  struct PhaseTracks {
    std::string name;
    Monotonic from;
    std::array<std::unique_ptr<Track>, kKinds> kinds;
  };
  struct Second {
    double at = 0;
    std::uint64_t done = 0, p50_us = 0, p99_us = 0, max_us = 0, refused = 0;
  };
  static constexpr std::size_t kComplaintsMax = 5;  // of a kind: enough to see what is wrong

  Track& now(Kind kind) { return *phases_.back().kinds[index_of(kind)]; }
  PhaseTracks& phase_at(Monotonic due);

  Monotonic start_;
  Monotonic second_ends_;
  std::vector<PhaseTracks> phases_;
  std::array<load::Histogram, kKinds> current_;
  std::array<std::uint64_t, kKinds> current_refused_{};
  std::array<std::vector<Second>, kKinds> seconds_;
  std::vector<std::pair<double, std::string>> events_;
  std::vector<std::string> complaints_;
  std::array<std::size_t, kKinds> complained_{};
};

}  // namespace claviger::day
