// Our own subscription to registration events, without a wire and with a peer that answers when it is told to.
#include <gtest/gtest.h>

#include <optional>

#include "broker/registration/reg_notify.h"
#include "tests/broker/registration/registration_bed.h"
#include "tests/broker/registration/tcp_peer.h"

namespace claviger::registration {
namespace {

class WatchBed : public RegistrationBed {
 public:
  WatchBed() : RegistrationBed(following()) {}

  Result<RegistrationWatch> watch() {
    const auto registration = wait(read_registration(registrar(), std::string(kImpu)));
    if (!registration) return registration.error();
    const auto value = wait(store().get(broker::tables::kSubscriptions, watch_key("alpha", registration->watch_tag)));
    if (!value) return value.error();
    return decode_watch(*value, registration->watch_tag);
  }
  Code hear(RegNotify notify) {
    return code_of(wait(hear_reg_notify(registrar(), std::make_shared<const RegNotify>(std::move(notify)))));
  }
  bool is_registered(std::string_view impu) {
    return wait(read_registration(registrar(), std::string(impu))).has_value();
  }

 private:
  static settings::Sip following() {
    settings::Sip sip = sip_settings();
    sip.is_reg_event_followed = true;
    return sip;
  }
};

RegNotify notify_of(const RegistrationWatch& watch, std::uint32_t sequence) {
  RegNotify notify;
  notify.local_tag = watch.local_tag;
  notify.remote_tag = "core";
  notify.call_id = watch.call_id;
  notify.sequence = sequence;
  notify.info = Reginfo();
  notify.info->version = sequence;
  notify.info->is_full = true;
  return notify;
}

TEST(RegistrationWatch, EndsWhatTheCoreSaysIsGone) {
  WatchBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  EXPECT_TRUE(bed.authorise("c"));
  const auto watch = bed.watch();
  ASSERT_TRUE(watch);
  const auto hear = [&](RegNotify notify) { return bed.hear(std::move(notify)); };
  RegNotify alive = notify_of(*watch, 1);
  alive.info->registrations.push_back({std::string(kImpu), RegElement::State::Active, {{true, "registered", {}, {}}}});
  EXPECT_EQ(hear(alive), Code::Closed);
  EXPECT_EQ(hear(alive), Code::RequestSequence) << "twice";
  EXPECT_TRUE(bed.has_access("c"));
  RegNotify shorter = notify_of(*watch, 2);
  shorter.info->registrations.push_back({std::string(kImpu), RegElement::State::Active, {{true, "shortened", {}, 60}}});
  EXPECT_EQ(hear(shorter), Code::Closed);
  EXPECT_EQ(bed.wait(read_registration(bed.registrar(), std::string(kImpu)))->expires_at, bed.now() + 60);
  RegNotify foreign = notify_of(*watch, 3);
  foreign.remote_tag = "somebody";
  EXPECT_EQ(hear(foreign), Code::DialogUnknown);
  RegNotify gone = notify_of(*watch, 4);
  gone.info->registrations.push_back({std::string(kImpu), RegElement::State::Terminated, {}});
  EXPECT_EQ(hear(gone), Code::Closed);
  EXPECT_FALSE(bed.has_access("c"));
  EXPECT_EQ(hear(notify_of(*watch, 5)), Code::DialogUnknown) << "the watch went with it";
}

// Identities that are registered together end together, but only where the S-CSCF that says so holds them.
TEST(RegistrationWatch, SpeaksForItsOwnRegistrationsAlone) {
  constexpr std::string_view kTogether = "sip:ann.work@ims.alpha.example";
  constexpr std::string_view kElsewhere = "sip:ann.home@ims.alpha.example";
  WatchBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  EXPECT_EQ(bed.register_at(3600, kTogether, "sip:127.0.0.1:1;transport=tcp;call=2"), Code::Closed);
  EXPECT_EQ(bed.register_at(3600, kElsewhere, "sip:127.0.0.2:1;transport=tcp"), Code::Closed);
  const auto watch = bed.watch();
  ASSERT_TRUE(watch);
  const auto ending = [&](std::uint32_t sequence) {
    RegNotify notify = notify_of(*watch, sequence);
    notify.info->registrations.push_back(
        {std::string(kImpu), RegElement::State::Active, {{true, "registered", {}, {}}}});
    notify.info->registrations.push_back({std::string(kTogether), RegElement::State::Terminated, {}});
    notify.info->registrations.push_back({std::string(kElsewhere), RegElement::State::Terminated, {}});
    return notify;
  };
  EXPECT_EQ(bed.hear(ending(1)), Code::Closed);
  EXPECT_TRUE(bed.is_registered(kImpu));
  EXPECT_FALSE(bed.is_registered(kTogether));
  EXPECT_TRUE(bed.is_registered(kElsewhere)) << "it moved to another S-CSCF, which has its own say";
  EXPECT_EQ(bed.register_at(3600, kTogether), Code::Closed);
  RegNotify old = ending(2);
  old.info->version = 1;
  EXPECT_EQ(bed.hear(std::move(old)), Code::Closed);
  EXPECT_TRUE(bed.is_registered(kTogether)) << "an old document ends nothing that came after it";
}

// Who ends with another ends before the document counts as heard: where the second step fails, or the process with it, the NOTIFY
// comes again and finds all of it to be heard.
TEST(RegistrationWatch, WhoEndsTogetherEndsThoughTheRestFails) {
  constexpr std::string_view kOther = "sip:ann.work@ims.alpha.example";
  constexpr std::string_view kThird = "sip:ann.car@ims.alpha.example";
  std::optional<Result<runtime::Turn>> held;
  std::optional<Result<Unit>> heard;
  WatchBed bed;
  EXPECT_EQ(bed.register_at(), Code::Closed);
  EXPECT_EQ(bed.register_at(3600, kOther), Code::Closed);
  EXPECT_EQ(bed.register_at(3600, kThird), Code::Closed);
  const auto watch = bed.watch();
  ASSERT_TRUE(watch);
  const auto all_gone = [&] {
    RegNotify notify = notify_of(*watch, 1);
    for (const std::string_view impu : {kImpu, kOther, kThird}) {
      notify.info->registrations.push_back({std::string(impu), RegElement::State::Terminated, {}});
    }
    return std::make_shared<const RegNotify>(std::move(notify));
  };
  const auto hold_turn = [&](std::string_view impu) {
    runtime::Turns* turns = nullptr;
    bed.call([&] { turns = &bed.registrar()->turns(); });
    bed.begin_task(turns->take(std::string(impu)), &held);
    bed.run_until([&] { return held.has_value(); });
  };
  const auto let_go = [&] {
    bed.call([&] { held.reset(); });
    bed.run_turns(2);
  };
  // Somebody has the turn of the third one for too long: the second is at an end, and the document is not heard.
  hold_turn(kThird);
  bed.begin_task(hear_reg_notify(bed.registrar(), all_gone()), &heard);
  while (bed.is_registered(kOther)) bed.run_turns(1);
  bed.advance(6);
  bed.run_until([&] { return heard.has_value(); });
  EXPECT_TRUE(heard->failed_with(Code::DeadlinePassed));
  EXPECT_TRUE(bed.is_registered(kThird));
  EXPECT_EQ(bed.watch()->heard, -1);
  let_go();
  // Then of the watched one itself: the others are at an end, and again it is not heard.
  hold_turn(kImpu);
  heard.reset();
  bed.begin_task(hear_reg_notify(bed.registrar(), all_gone()), &heard);
  while (bed.is_registered(kThird)) bed.run_turns(1);
  bed.advance(6);
  bed.run_until([&] { return heard.has_value(); });
  EXPECT_TRUE(heard->failed_with(Code::DeadlinePassed));
  EXPECT_TRUE(bed.is_registered(kImpu));
  EXPECT_EQ(bed.watch()->heard, -1) << "so the same NOTIFY is not an old one";
  let_go();
  EXPECT_EQ(RegistrationBed::code_of(bed.wait(hear_reg_notify(bed.registrar(), all_gone()))), Code::Closed);
  EXPECT_FALSE(bed.is_registered(kImpu));
}

TEST(RegistrationWatch, OneServerByHostAndPort) {
  EXPECT_TRUE(is_same_server("sip:a@s.example:6060;lr", "sip:S.example:6060"));
  for (const char* other : {"sip:s.example", "sip:t.example:6060", "", "tel:+1", "s.example:6060"}) {
    EXPECT_FALSE(is_same_server("sip:s.example:6060", other)) << other;
  }
}

// The outbox comes back to a row after two seconds, an answer may take as long as Timer F.
TEST(RegistrationWatch, OneSubscribeAtATime) {
  std::optional<Result<Unit>> first;
  TcpPeer core;
  WatchBed bed;
  EXPECT_EQ(bed.register_at(3600, kImpu, core.uri()), Code::Closed);
  const auto watch = bed.watch();
  ASSERT_TRUE(watch);
  const auto tend = [&] { return tend_watch(bed.registrar(), std::string(kImpu), watch->local_tag, watch->timer_due); };
  bed.begin_task(tend(), &first);
  const std::string request = core.wait(bed);
  EXPECT_TRUE(request.starts_with("SUBSCRIBE ")) << request;
  for (int i = 0; i < 3; ++i) EXPECT_EQ(RegistrationBed::code_of(bed.wait(tend())), Code::DeadlinePassed);
  EXPECT_FALSE(first);
  EXPECT_EQ(bed.watch()->local_sequence, 1U);
  core.answer(request, 200);
  bed.run_until([&] { return first.has_value(); });
  EXPECT_TRUE(*first);
  EXPECT_EQ(core.receive(), "") << "no other one was sent";
  EXPECT_GT(bed.watch()->timer_due, watch->timer_due) << "answered: the next one is the refresh";
  EXPECT_TRUE(bed.wait(tend())) << "and the row that came back is done";
  EXPECT_EQ(bed.watch()->local_sequence, 1U);
}

}  // namespace
}  // namespace claviger::registration
