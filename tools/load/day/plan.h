// What happens in a day and when: written by bench/day, read once.
//
//   set NAME VALUE                         one line each; what Plan::text() and number() give
//   phase NAME SECONDS KIND=RATE ...       operations a second, in order of time
// A value, any thread after reading.
#pragma once

#include <array>
#include <map>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "tools/load/day/kind.h"

namespace claviger::day {

struct Phase {
  std::string name;
  double seconds = 0;
  std::array<double, kKinds> rates{};
};

class Plan {
 public:
  // Io, BadValue.
  static Result<Plan> read(const std::string& file);

  // Empty, 0: not said.
  const std::string& text(const std::string& name) const;
  double number(const std::string& name) const;
  std::size_t count(const std::string& name) const { return static_cast<std::size_t>(number(name)); }
  const std::vector<Phase>& phases() const { return phases_; }

 private:
  std::map<std::string, std::string> values_;
  std::vector<Phase> phases_;
};

}  // namespace claviger::day
