#include <gtest/gtest.h>

#include <cmath>

#include "core/codec/json_reader.h"
#include "tools/clavigerctl/capacity/demand.h"
#include "tools/clavigerctl/command_line.h"

namespace claviger::ctl {
namespace {

const Resource& resource_of(const Plan& plan, std::string_view name) {
  for (const Resource& one : plan.resources) {
    if (one.name == name) return one;
  }
  ADD_FAILURE() << name;
  return plan.resources.front();
}

const Hour& hour_of(const Plan& plan, std::string_view name) {
  for (const Hour& one : plan.hours) {
    if (one.name == name) return one;
  }
  ADD_FAILURE() << name;
  return plan.hours.front();
}

// What the command prints and its exit status.
struct Said {
  int status = 0;
  std::string out, err;
};
Said run(std::vector<const char*> arguments) {
  arguments.insert(arguments.begin(), {"clavigerctl", "capacity"});
  CommandLine line =
      read_command_line(static_cast<int>(arguments.size()), arguments.data(), all_commands(), nullptr, nullptr);
  if (line.command == nullptr) return {static_cast<int>(line.status), {}, {}};
  AdminClient client("/nonexistent");
  Invocation invocation(std::move(line.arguments), std::move(client));
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  Said said;
  said.status = static_cast<int>(line.command->run(invocation));
  said.out = testing::internal::GetCapturedStdout();
  said.err = testing::internal::GetCapturedStderr();
  return said;
}

TEST(Costs, EachWasMeasuredAndStandsInItsPlace) {
  for (std::size_t i = 0; i < kCosts.size(); ++i) {
    EXPECT_EQ(static_cast<std::size_t>(kCosts[i].operation), i);
    EXPECT_GT(kCosts[i].cpu_us, 0) << kCosts[i].name;
    EXPECT_GE(kCosts[i].exponent, 0) << kCosts[i].name;
    EXPECT_LT(kCosts[i].exponent, 1) << kCosts[i].name;
    EXPECT_FALSE(kCosts[i].command.empty());
  }
  EXPECT_GT(kMemoryOfUser, 0);
  EXPECT_GT(kDiskOfUser, 0);
  EXPECT_GT(kCommitsOfWriter, 0);
}

TEST(Costs, GrowWithUsersByTheirExponent) {
  const Cost cost{Operation::SignIn, "x", 100, 0.1, 0, 0, false, "y"};
  EXPECT_DOUBLE_EQ(cpu_us(cost, kReferenceUsers), 100);
  EXPECT_DOUBLE_EQ(cpu_us(cost, kReferenceUsers * 1000), 100 * std::pow(1000, 0.1));
  EXPECT_DOUBLE_EQ(cpu_us(cost, 10), 100);
}

TEST(Plan, AddsUpWhatAnHourTakes) {
  Demand demand;
  demand.subscribers = 1'000'000;
  const Plan plan = plan_for(demand, {});
  const Hour& mission = hour_of(plan, "mission");
  double cores = 0;
  for (const Load& load : mission.loads) {
    const Cost& cost = cost_of(load.operation);
    EXPECT_DOUBLE_EQ(load.cores, load.per_second * cpu_us(cost, demand.subscribers) / 1e6 / demand.utilisation);
    cores += load.cores;
  }
  EXPECT_DOUBLE_EQ(mission.cores, cores);
  EXPECT_DOUBLE_EQ(mission.loads.front().per_second, 300'000 * demand.validations / 3600);
  EXPECT_GT(hour_of(plan, "shift").cores, mission.cores);
  EXPECT_GT(hour_of(plan, "region fails").cores, mission.cores);
  EXPECT_GE(resource_of(plan, "cores").needed, hour_of(plan, "shift").cores);
}

TEST(Plan, MoreOfAnythingNeverTakesLess) {
  const Plan few = plan_for({}, {});
  for (double Demand::*member : {&Demand::subscribers, &Demand::on_duty, &Demand::validations, &Demand::deliveries,
                                 &Demand::registrations, &Demand::migrants}) {
    Demand more;
    more.*member *= 2;
    const Plan plan = plan_for(more, {});
    for (std::size_t i = 0; i < plan.resources.size(); ++i)
      EXPECT_GE(plan.resources[i].needed, few.resources[i].needed);
  }
}

TEST(Plan, ASlowerShiftTakesFewerCores) {
  Demand slow;
  slow.shift_minutes = 120;
  EXPECT_LT(hour_of(plan_for(slow, {}), "shift").cores, hour_of(plan_for({}, {}), "shift").cores);
}

TEST(Plan, NamesWhatBindsFirst) {
  const Demand demand;
  const Machine roomy{100'000, 100'000, 1e6, 1e6};
  Machine small = roomy;
  small.memory_gib = 0.001;
  EXPECT_EQ(plan_for(demand, small).binds, "memory");
  small = roomy;
  small.network_mbit = 1e-6;
  EXPECT_EQ(plan_for(demand, small).binds, "network");
  small = roomy;
  small.cores = 1e-6;
  EXPECT_EQ(plan_for(demand, small).binds, "cores");
}

TEST(Command, SaysATableAndJson) {
  const Said text =
      run({"--subscribers", "10M", "--cores", "64", "--memory", "256", "--disk", "2000", "--network", "10000"});
  EXPECT_EQ(text.status, 0);
  EXPECT_NE(text.out.find("10000000 subscribers"), std::string::npos);
  EXPECT_NE(text.out.find("binds first: "), std::string::npos);
  const Said json = run({"--json", "--subscribers", "250k"});
  EXPECT_EQ(json.status, 0);
  codec::JsonReader reader;
  const auto read = reader.parse(json.out.substr(0, json.out.find_last_of('}') + 1));
  EXPECT_TRUE(read.has_value());
}

TEST(Command, ShowsWhatWasMeasuredByWhat) {
  const Said said = run({"--costs"});
  EXPECT_EQ(said.status, 0);
  for (const Cost& cost : kCosts) EXPECT_NE(said.out.find(cost.command), std::string::npos);
}

TEST(Command, RefusesWhatIsNoNumber) {
  for (const char* text : {"", "0", "-3", "ten", "10G", "1e99", "nan", "inf", "10MM", "1,000", " 5", "0x10"}) {
    const Said said = run({"--subscribers", text});
    EXPECT_EQ(said.status, 2) << text;
  }
  EXPECT_EQ(run({"--on-duty", "1.5"}).status, 2);
  EXPECT_EQ(run({"--utilisation", "2"}).status, 2);
  EXPECT_EQ(run({"--cores", "many"}).status, 2);
}

}  // namespace
}  // namespace claviger::ctl
