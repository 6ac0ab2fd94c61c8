#include "tools/load/day/plan.h"

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace claviger::day {

Result<Plan> Plan::read(const std::string& file) {
  std::ifstream stream(file);
  if (!stream) return Error{Code::Io, "plan"};
  Plan plan;
  for (std::string line; std::getline(stream, line);) {
    std::istringstream words(line);
    std::string what, name;
    words >> what >> name;
    if (what == "set") {
      std::string value;
      std::getline(words >> std::ws, value);
      plan.values_[name] = value;
    } else if (what == "phase") {
      Phase phase;
      phase.name = name;
      words >> phase.seconds;
      for (std::string word; words >> word;) {
        const std::size_t equals = word.find('=');
        const auto kind = kind_named(std::string_view(word).substr(0, equals));
        if (!kind || equals == std::string::npos) return Error{Code::BadValue, "plan.phase"};
        phase.rates[index_of(*kind)] = std::atof(word.c_str() + equals + 1);
      }
      if (!(phase.seconds > 0)) return Error{Code::BadValue, "plan.seconds"};
      plan.phases_.push_back(std::move(phase));
    } else if (!what.empty()) {
      return Error{Code::BadValue, "plan.line"};
    }
  }
  return plan;
}

const std::string& Plan::text(const std::string& name) const {
  static const std::string nothing;
  const auto found = values_.find(name);
  return found == values_.end() ? nothing : found->second;
}

double Plan::number(const std::string& name) const { return std::atof(text(name).c_str()); }

}  // namespace claviger::day
