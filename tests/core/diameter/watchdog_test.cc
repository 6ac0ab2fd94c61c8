#include "core/diameter/watchdog.h"

#include <gtest/gtest.h>

namespace claviger::diameter {
namespace {

using Event = Watchdog::Event;

// What RFC 3539 clause 3.4.1's table names as actions, in its order.
std::string told(const Watchdog::Actions& actions) {
  std::string text;
  if (actions.opens) text += "AttemptOpen ";
  if (actions.closes) text += "CloseConnection ";
  if (actions.fails_over) text += "Failover ";
  if (actions.fails_back) text += "Failback ";
  if (actions.sends_watchdog) text += "SendWatchdog ";
  if (actions.sets_timer) text += "SetWatchdog ";
  if (actions.discards) text += "Throwaway ";
  return text;
}

struct Step {
  Event event;
  std::string actions;
  PeerState state;
};
void follow(Watchdog watchdog, const std::vector<Step>& steps) {
  for (std::size_t i = 0; i < steps.size(); ++i) {
    EXPECT_EQ(told(watchdog.on(steps[i].event)), steps[i].actions) << "step " << i;
    EXPECT_EQ(static_cast<int>(watchdog.state()), static_cast<int>(steps[i].state)) << "step " << i;
  }
}

using enum PeerState;

TEST(DiameterWatchdog, Initial) { follow(Watchdog(Initial), {{Event::Up, "SetWatchdog ", Okay}}); }
TEST(DiameterWatchdog, Okay) {
  follow(Watchdog(Initial), {{Event::Up, "SetWatchdog ", Okay},
                             {Event::Other, "SetWatchdog ", Okay},
                             {Event::Timer, "SendWatchdog SetWatchdog ", Okay},
                             {Event::Other, "SetWatchdog ", Okay},  // does not clear what is pending
                             {Event::Answer, "SetWatchdog ", Okay},
                             {Event::Timer, "SendWatchdog SetWatchdog ", Okay},
                             {Event::Other, "SetWatchdog ", Okay},
                             {Event::Timer, "Failover SetWatchdog ", Suspect}});
  follow(Watchdog(Initial),
         {{Event::Up, "SetWatchdog ", Okay}, {Event::Lost, "CloseConnection Failover SetWatchdog ", Down}});
}
TEST(DiameterWatchdog, Suspect) {
  const std::vector<Step> to_suspect{{Event::Up, "SetWatchdog ", Okay},
                                     {Event::Timer, "SendWatchdog SetWatchdog ", Okay},
                                     {Event::Timer, "Failover SetWatchdog ", Suspect}};
  const auto then = [&](std::vector<Step> more) {
    std::vector<Step> steps = to_suspect;
    steps.insert(steps.end(), more.begin(), more.end());
    follow(Watchdog(Initial), steps);
  };
  then({{Event::Answer, "Failback SetWatchdog ", Okay}, {Event::Timer, "SendWatchdog SetWatchdog ", Okay}});
  // Still pending: the next expiry is suspicious at once.
  then({{Event::Other, "Failback SetWatchdog ", Okay}, {Event::Timer, "Failover SetWatchdog ", Suspect}});
  then({{Event::Timer, "CloseConnection SetWatchdog ", Down}});
  then({{Event::Lost, "CloseConnection SetWatchdog ", Down}});
}
TEST(DiameterWatchdog, Down) {
  follow(Watchdog(Down), {{Event::Timer, "AttemptOpen SetWatchdog ", Down},
                          {Event::Other, "Throwaway ", Down},
                          {Event::Answer, "Throwaway ", Down},
                          {Event::Up, "SendWatchdog SetWatchdog ", Reopen}});
}
TEST(DiameterWatchdog, ReopenNeedsThreeAnswers) {
  follow(Watchdog(Down), {{Event::Up, "SendWatchdog SetWatchdog ", Reopen},
                          {Event::Answer, "", Reopen},
                          {Event::Other, "Throwaway ", Reopen},
                          {Event::Timer, "SendWatchdog SetWatchdog ", Reopen},
                          {Event::Answer, "", Reopen},
                          {Event::Timer, "SendWatchdog SetWatchdog ", Reopen},
                          {Event::Answer, "Failback ", Okay},
                          {Event::Other, "SetWatchdog ", Okay}});
}
TEST(DiameterWatchdog, ReopenEnds) {
  follow(Watchdog(Down), {{Event::Up, "SendWatchdog SetWatchdog ", Reopen},
                          {Event::Timer, "SetWatchdog ", Reopen},  // NumDWA = -1
                          {Event::Timer, "CloseConnection SetWatchdog ", Down}});
  follow(Watchdog(Down), {{Event::Up, "SendWatchdog SetWatchdog ", Reopen},
                          {Event::Answer, "", Reopen},
                          {Event::Timer, "SendWatchdog SetWatchdog ", Reopen},
                          {Event::Timer, "SetWatchdog ", Reopen},  // NumDWA = -1: counting starts again
                          {Event::Answer, "", Reopen},
                          {Event::Timer, "SendWatchdog SetWatchdog ", Reopen},
                          {Event::Answer, "", Reopen}});
  follow(Watchdog(Down),
         {{Event::Up, "SendWatchdog SetWatchdog ", Reopen}, {Event::Lost, "CloseConnection SetWatchdog ", Down}});
}
TEST(DiameterWatchdog, WaitsTwoSecondsMoreOrLess) {
  std::int64_t least = 1'000'000;
  std::int64_t most = 0;
  for (std::uint64_t random = 0; random < 100'000; random += 7) {
    const std::int64_t wait = watchdog_wait(Milliseconds(30'000), random).count();
    least = std::min(least, wait);
    most = std::max(most, wait);
  }
  EXPECT_EQ(least, 28'000);
  EXPECT_EQ(most, 32'000);
}

}  // namespace
}  // namespace claviger::diameter
