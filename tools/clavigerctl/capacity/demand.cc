#include "tools/clavigerctl/capacity/demand.h"

#include <algorithm>
#include <cmath>

namespace claviger::ctl {
namespace {

constexpr double kHour = 3600;
constexpr double kGib = 1024.0 * 1024 * 1024;
// A store that compacts holds what it compacts next to what comes of it.
constexpr double kDiskSlack = 2;

Hour hour_of(std::string_view name, std::vector<Load> loads, const Demand& demand) {
  Hour hour{name, std::move(loads), 0, 0, 0};
  for (Load& load : hour.loads) {
    const Cost& cost = cost_of(load.operation);
    load.cores = load.per_second * cpu_us(cost, demand.subscribers) / 1e6 / demand.utilisation;
    hour.cores += load.cores;
    hour.network_mbit += load.per_second * cost.network * 8 / 1e6;
    if (cost.is_durable) hour.commits += load.per_second;
  }
  return hour;
}

}  // namespace

double cpu_us(const Cost& cost, double users) {
  // Few users are not cheaper than were measured.
  return cost.cpu_us * std::pow(std::max(users / kReferenceUsers, 1.0), cost.exponent);
}

Plan plan_for(const Demand& demand, const Machine& machine) {
  const double on_duty = demand.subscribers * demand.on_duty;
  const double mission = on_duty / kHour;  // times something an hour
  const std::vector<Load> steady{{Operation::Validate, mission * demand.validations},
                                 {Operation::Refresh, on_duty / demand.token_seconds},
                                 {Operation::Deliver, mission * demand.deliveries},
                                 {Operation::Register, mission * demand.registrations}};
  const auto with = [&steady](std::initializer_list<Load> more) {
    std::vector<Load> all = steady;
    all.insert(all.end(), more.begin(), more.end());
    return all;
  };
  const double arriving = on_duty / (demand.shift_minutes * 60);
  const double moving = on_duty * demand.migrants / (demand.failure_minutes * 60);
  const double making = demand.subscribers / (demand.pre_issue_hours * kHour);

  Plan plan;
  plan.hours.push_back(hour_of("shift",
                               with({{Operation::SignIn, arriving},
                                     {Operation::Hash, arriving},
                                     {Operation::Deliver, arriving},
                                     {Operation::Register, arriving},
                                     {Operation::Vector, arriving}}),
                               demand));
  plan.hours.push_back(hour_of("mission", steady, demand));
  // Each migrant registers anew: a vector is fetched through the relay, twice with the challenge that the S-CSCF keeps.
  plan.hours.push_back(hour_of("region fails",
                               with({{Operation::Relay, 2 * moving},
                                     {Operation::Vector, moving},
                                     {Operation::Register, moving},
                                     {Operation::Deliver, moving}}),
                               demand));
  plan.hours.push_back(hour_of("key period", with({{Operation::Extract, making}}), demand));

  double cores = 0;
  double network = 0;
  double commits = 0;
  for (const Hour& hour : plan.hours) {
    cores = std::max(cores, hour.cores);
    network = std::max(network, hour.network_mbit);
    commits = std::max(commits, hour.commits);
  }
  const double disk = demand.subscribers * kDiskOfUser + on_duty * cost_of(Operation::SignIn).written;
  plan.resources = {{"cores", std::ceil(cores), machine.cores, ""},
                    {"memory", (kMemoryAlone + demand.subscribers * kMemoryOfUser) / kGib, machine.memory_gib, "GiB"},
                    {"disk", disk * kDiskSlack / kGib, machine.disk_gib, "GiB"},
                    {"network", network, machine.network_mbit, "Mbit/s"},
                    {"commits", commits, kCommitsOfWriter * demand.utilisation, "/s"}};
  const auto worst = std::max_element(plan.resources.begin(), plan.resources.end(),
                                      [](const Resource& a, const Resource& b) { return a.share() < b.share(); });
  plan.binds = worst->share() > 0 ? worst->name : std::string_view();
  return plan;
}

}  // namespace claviger::ctl
