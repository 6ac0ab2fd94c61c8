// What a country does to the broker, hour by hour; and what that takes.
//
// Pure arithmetic over capacity/costs.h; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/clavigerctl/capacity/costs.h"

namespace claviger::ctl {

// Each member is an option of `clavigerctl capacity`; the defaults are those of a country's emergency services.
struct Demand {
  double subscribers = 10'000'000;
  double on_duty = 0.3;         // of the subscribers, in the busiest shift
  double shift_minutes = 30;    // in which all of them sign in
  double validations = 240;     // a user on duty, an hour, by servers that ask; who links the verifier asks nobody
  double token_seconds = 300;   // after which an access token is refreshed
  double deliveries = 1;        // of keys, a user on duty, an hour, beyond the one at sign-in
  double registrations = 2;     // REGISTER and its refresh, a user on duty, an hour
  double migrants = 0.1;        // of those on duty, when a region fails
  double failure_minutes = 5;   // within which they migrate
  double pre_issue_hours = 48;  // ahead of a key period, over which all subscribers' keys are made
  double utilisation = 0.7;     // of a core, beyond which latency is not promised
};

// The machine that is there; 0: not said, then nothing binds.
struct Machine {
  double cores = 0;
  double memory_gib = 0;
  double disk_gib = 0;
  double network_mbit = 0;
};

struct Load {
  Operation operation;
  double per_second = 0;
  double cores = 0;
};

// One kind of hour: the shift, the mission, the region's failure, the key period.
struct Hour {
  std::string_view name;
  std::vector<Load> loads;
  double cores = 0;  // at the utilisation that was asked for
  double network_mbit = 0;
  double commits = 0;  // a second
};

struct Resource {
  std::string_view name;  // cores, memory, disk, network, commits
  double needed = 0;
  double there = 0;  // 0: not said
  std::string_view unit;
  double share() const { return there > 0 ? needed / there : 0; }
};

struct Plan {
  std::vector<Hour> hours;
  std::vector<Resource> resources;  // the worst hour's
  std::string_view binds;           // the resource with the largest share; empty when no machine was said
};

// CPU microseconds of one, with so many users.
double cpu_us(const Cost& cost, double users);
Plan plan_for(const Demand& demand, const Machine& machine);

}  // namespace claviger::ctl
