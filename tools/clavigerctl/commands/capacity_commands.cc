#include "tools/clavigerctl/commands/capacity_commands.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

#include "core/codec/json_writer.h"
#include "tools/clavigerctl/capacity/demand.h"
#include "tools/clavigerctl/table.h"

namespace claviger::ctl {
namespace {

struct Setting {
  std::string_view option;
  std::string_view help;
  double Demand::*demand = nullptr;
  double Machine::*machine = nullptr;
  double most = 1e12;
};

constexpr std::array<Setting, 15> kSettings{{
    {"--subscribers", "People in all: 10M, 250k", &Demand::subscribers, nullptr, 1e10},
    {"--on-duty", "Part of them in the busiest shift (0.3)", &Demand::on_duty, nullptr, 1},
    {"--shift-minutes", "In which all of these sign in (30)", &Demand::shift_minutes},
    {"--validations", "Introspections a user on duty, an hour (240)", &Demand::validations},
    {"--token-seconds", "Life of an access token (300)", &Demand::token_seconds},
    {"--deliveries", "Of keys, a user on duty, an hour (1)", &Demand::deliveries},
    {"--registrations", "Over SIP, a user on duty, an hour (2)", &Demand::registrations},
    {"--migrants", "Part of those on duty who migrate when a region fails (0.1)", &Demand::migrants, nullptr, 1},
    {"--failure-minutes", "Within which they do (5)", &Demand::failure_minutes},
    {"--pre-issue-hours", "Over which all get their keys of the next period (48)", &Demand::pre_issue_hours},
    {"--utilisation", "Of a core, beyond which no latency is promised (0.7)", &Demand::utilisation, nullptr, 1},
    {"--cores", "Of the machine that is there", nullptr, &Machine::cores},
    {"--memory", "Its GiB of memory", nullptr, &Machine::memory_gib},
    {"--disk", "Its GiB of disk", nullptr, &Machine::disk_gib},
    {"--network", "Its Mbit/s", nullptr, &Machine::network_mbit},
}};

// 10M, 250k, 0.3; nothing for what is no positive number.
std::optional<double> number_of(std::string_view text) {
  double scale = 1;
  if (text.ends_with('k') || text.ends_with('M')) {
    scale = text.back() == 'k' ? 1e3 : 1e6;
    text.remove_suffix(1);
  }
  double value = 0;
  const auto read = std::from_chars(text.data(), text.data() + text.size(), value);
  if (read.ec != std::errc() || read.ptr != text.data() + text.size() || !(value > 0) || !std::isfinite(value))
    return std::nullopt;
  return value * scale;
}

std::string text_of(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value >= 100 ? "%.0f" : value >= 10 ? "%.1f" : "%.2f", value);
  return text;
}

std::string json_of(const Demand& demand, const Plan& plan) {
  std::string out;
  codec::JsonWriter json(out);
  json.begin_object().member("subscribers", demand.subscribers).name("hours").begin_array();
  for (const Hour& hour : plan.hours) {
    json.begin_object().member("name", hour.name).member("cores", hour.cores).member("network_mbit", hour.network_mbit);
    json.member("commits_per_second", hour.commits).name("operations").begin_array();
    for (const Load& load : hour.loads) {
      json.begin_object().member("name", cost_of(load.operation).name).member("per_second", load.per_second);
      json.member("cores", load.cores).end_object();
    }
    json.end_array().end_object();
  }
  json.end_array().name("resources").begin_array();
  for (const Resource& resource : plan.resources) {
    json.begin_object().member("name", resource.name).member("needed", resource.needed).member("unit", resource.unit);
    if (resource.there > 0) json.member("there", resource.there).member("share", resource.share());
    json.end_object();
  }
  json.end_array().member("binds", plan.binds).end_object();
  return out;
}

std::string text_of(const Demand& demand, const Plan& plan) {
  Table hours({"HOUR", "CORES", "NETWORK", "COMMITS", "MOST OF IT"});
  for (const Hour& hour : plan.hours) {
    std::vector<Load> by_cores = hour.loads;
    std::sort(by_cores.begin(), by_cores.end(), [](const Load& a, const Load& b) { return a.cores > b.cores; });
    std::string most;
    for (std::size_t i = 0; i < std::min<std::size_t>(3, by_cores.size()); ++i) {
      most += (i == 0 ? "" : ", ") + std::string(cost_of(by_cores[i].operation).name) + " " +
              text_of(by_cores[i].per_second) + "/s (" + text_of(by_cores[i].cores) + ")";
    }
    hours.add({std::string(hour.name), text_of(hour.cores), text_of(hour.network_mbit) + " Mbit/s",
               text_of(hour.commits) + "/s", most});
  }
  Table resources({"NEEDED", "", "THERE", "SHARE"});
  for (const Resource& resource : plan.resources) {
    const std::string unit = resource.unit.empty() || resource.unit.starts_with('/') ? std::string(resource.unit)
                                                                                     : " " + std::string(resource.unit);
    const bool is_said = resource.there > 0;
    resources.add({std::string(resource.name), text_of(resource.needed) + unit,
                   is_said ? text_of(resource.there) + unit : "-",
                   is_said ? text_of(100 * resource.share()) + " %" : ""});
  }
  std::string out = text_of(demand.subscribers) + " subscribers, " + text_of(demand.subscribers * demand.on_duty) +
                    " on duty\n\n" + hours.text() + "\n" + resources.text() + "\n";
  if (!plan.binds.empty()) {
    const auto worst = std::find_if(plan.resources.begin(), plan.resources.end(),
                                    [&](const Resource& one) { return one.name == plan.binds; });
    out += "binds first: " + std::string(plan.binds) + (worst->share() > 1 ? ": more than there is; " : "; ") + "at " +
           text_of(demand.subscribers / worst->share()) + " subscribers, everything else alike, it is used up\n";
  }
  out += "commits: one node has one writer thread; there is what it can take at the utilisation above\n";
  return out;
}

std::string costs_text() {
  Table table({"OPERATION", "CPU US", "EXPONENT", "NETWORK", "WRITTEN", "MEASURED BY"});
  for (const Cost& cost : kCosts) {
    table.add({std::string(cost.name), text_of(cost.cpu_us), text_of(cost.exponent), text_of(cost.network),
               text_of(cost.written), std::string(cost.command)});
  }
  return table.text();
}

ExitStatus capacity(Invocation& invocation) {
  if (invocation.args.has("--costs")) {
    invocation.print(costs_text());
    return ExitStatus::Ok;
  }
  Demand demand;
  Machine machine;
  for (const Setting& setting : kSettings) {
    if (!invocation.args.has(setting.option)) continue;
    const auto value = number_of(invocation.args.get(setting.option));
    if (!value || *value > setting.most) {
      invocation.complain(std::string(setting.option) + ": a number above 0" +
                          (setting.most == 1 ? ", at most 1" : ", such as 10M, 250k or 0.5"));
      return ExitStatus::Usage;
    }
    (setting.demand != nullptr ? demand.*setting.demand : machine.*setting.machine) = *value;
  }
  const Plan plan = plan_for(demand, machine);
  if (invocation.args.wants_json)
    invocation.print_json(json_of(demand, plan));
  else
    invocation.print(text_of(demand, plan));
  return ExitStatus::Ok;
}

}  // namespace

std::vector<Command> capacity_commands() {
  std::vector<Option> options{{"--costs", "Only show what was measured, and by which command", OptionKind::Flag}};
  for (const Setting& setting : kSettings) options.push_back({setting.option, setting.help});
  return {{"capacity",
           "How many cores, how much memory, disk and network so many subscribers take",
           "clavigerctl capacity --subscribers 10M --cores 64 --memory 256 --disk 2000 --network 10000",
           {},
           std::move(options),
           capacity}};
}

}  // namespace claviger::ctl
