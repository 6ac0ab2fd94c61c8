// Acts of SIP cores: MC service registration (TS 24.379 clause 7), and a migrant's vectors through the relay (TS 29.228
// clause 6.3) with the registration that follows.
#include <algorithm>

#include "broker/subscriber/cx.h"
#include "tools/load/day/acts.h"

namespace claviger::day {
namespace {

namespace cx = subscriber::cx;
using runtime::Task;
using Steady = std::chrono::steady_clock;

constexpr Seconds kPatience{30};
constexpr Milliseconds kPause{200};
// "As long as the registration": 2^32-1 (TS 24.379 clause 7.2.2).
constexpr std::string_view kAsLong = "4294967295";
constexpr std::uint32_t kSuccess = 2001;

// A core asks again when the broker is away or says that it is busy.
Task<SipAnswer> ask_sip(Day* day, Kind kind, SipRequest request) {
  const Monotonic give_up = Steady::now() + kPatience;
  while (Steady::now() < give_up) {
    if (!day->gate.is_open()) {
      auto opening = day->gate.next_opening();
      auto opened = co_await opening.until(give_up);
      if (!opened) break;
    }
    SipRequest attempt = request;
    SipAnswer answer = co_await day->sip.ask(std::move(attempt));
    if (answer.status != 0 && answer.status != 503) co_return answer;
    day->meter.asked_again(kind);
    co_await pause(day, kPause);
  }
  co_return SipAnswer{};
}

std::string text_element(std::string_view name, std::string_view value) {
  const std::string outer = "mcptt-" + std::string(name);
  return "<" + outer + " type=\"Normal\"><mcpttString>" + std::string(value) + "</mcpttString></" + outer + ">";
}

// Multipart of mcptt-info and poc-settings, as a UE authorises itself.
std::string authorisation(const std::string& token, const std::string& client) {
  return "--b1\r\nContent-Type: application/vnd.3gpp.mcptt-info+xml\r\n\r\n<?xml version=\"1.0\"?>"
         "<mcpttinfo xmlns=\"urn:3gpp:ns:mcpttInfo:1.0\"><mcptt-Params>" +
         text_element("access-token", token) + text_element("client-id", client) +
         "</mcptt-Params></mcpttinfo>\r\n--b1\r\nContent-Type: application/poc-settings+xml\r\n\r\n"
         "<poc-settings xmlns=\"urn:oma:params:xml:ns:poc:poc-settings\" xmlns:m=\"urn:3gpp:mcsSettings:1.0\"><entity "
         "id=\"" +
         client +
         "\"><am-settings><answer-mode>automatic</answer-mode></am-settings><m:selected-user-profile-index>"
         "<m:user-profile-index>0</m:user-profile-index></m:selected-user-profile-index></entity></"
         "poc-settings>\r\n--b1--\r\n";
}

Outcome judge(Day* day, Kind kind, std::size_t user, const std::string& what, const SipAnswer& answer) {
  if (answer.status == 200) return Outcome::Done;
  return complain(day, kind, user, what, Reply{answer.status, {}});
}

SipRequest publication(Day* day, std::size_t user) {
  SipRequest request{"PUBLISH", day->plan.text("psi"), {}, {}, {}};
  request.fields = "To: <" + request.uri + ">\r\nP-Asserted-Identity: <" + day->impu_of(user) +
                   ">\r\nEvent: poc-settings\r\nExpires: " + std::string(kAsLong) + "\r\n";
  return request;
}

}  // namespace

Task<Outcome> take_registration(Day* day, Kind kind, std::size_t user) {
  SipRequest request{"REGISTER", day->plan.text("psi"), {}, {}, {}};
  request.fields = "To: <" + day->impu_of(user) +
                   ">\r\nEvent: registration\r\nExpires: 86400\r\n"
                   "P-Charging-Vector: icid-value=day;orig-ioi=ims.alpha.example\r\n";
  const SipAnswer answer = co_await ask_sip(day, kind, std::move(request));
  const Outcome outcome = judge(day, kind, user, "not registered", answer);
  if (outcome == Outcome::Done) day->ledger.acknowledged(Kind::Register, user);
  co_return outcome;
}

Task<Outcome> take_authorisation(Day* day, Kind kind, std::size_t user) {
  SipRequest request = publication(day, user);
  request.content_type = "multipart/mixed;boundary=b1";
  request.body = authorisation(day->users[user].access_token, day->device_of(user));
  const SipAnswer answer = co_await ask_sip(day, kind, std::move(request));
  const Outcome outcome = judge(day, kind, user, "not authorised", answer);
  if (outcome != Outcome::Done) co_return outcome;
  day->users[user].entity_tag = answer.entity_tag;
  day->ledger.acknowledged(Kind::Publish, user, mark_of(answer.entity_tag));
  co_return outcome;
}

Task<Outcome> keep_publication(Day* day, Kind kind, std::size_t user) {
  SipRequest request = publication(day, user);
  request.fields += "SIP-If-Match: " + day->users[user].entity_tag + "\r\n";
  const SipAnswer answer = co_await ask_sip(day, kind, std::move(request));
  const Outcome outcome = judge(day, kind, user, "his publication is not there", answer);
  if (outcome != Outcome::Done) co_return outcome;
  day->users[user].entity_tag = answer.entity_tag;
  day->ledger.acknowledged(Kind::Publish, user, mark_of(answer.entity_tag));
  co_return outcome;
}

Task<void> publish(Day* day, std::size_t user, Monotonic due) {
  day->meter.begun(Kind::Publish);
  day->users[user].is_busy = true;
  const Outcome outcome = co_await keep_publication(day, Kind::Publish, user);
  day->meter.ended(Kind::Publish, outcome, due);
  day->users[user].is_busy = false;
}

constexpr std::uint32_t kRoamingNotAllowed = 5004;  // TS 29.229 clause 6.2.2.5

// The challenge must be answered by the module with what the core expects, and have a number that was not there before.
// A migrant is the user of that number: dismissed at home, he gets none.
Task<Outcome> take_vector(Day* day, Kind kind, std::size_t which) {
  const Monotonic give_up = Steady::now() + kPatience;
  while (Steady::now() < give_up) {
    const bool was_dismissed = day->users[which].is_dismissed;
    const std::uint32_t changes = day->users[which].changes;
    const std::string impi = day->migrants[which].partner_impi;
    const std::string impu = day->migrants[which].partner_impu;
    const CxAnswer answer = co_await day->cx.vector(impi, impu);
    // 3002, 3004, 5012: the home system is away, or says so.
    const bool is_away = answer.vendor == 0 && answer.result != kSuccess &&
                         (answer.result / 1000 == 3 || answer.result == 0 || answer.result == 5012);
    if (is_away) {
      day->meter.asked_again(kind);
      co_await pause(day, kPause);
      continue;
    }
    const bool is_changing = day->users[which].changes != changes;
    const bool is_held = answer.vendor == cx::kVendor && answer.result == kRoamingNotAllowed;
    if (is_held && (was_dismissed || is_changing)) co_return Outcome::Refused;
    if (was_dismissed) {
      co_return complain(day, kind, which, "a vector for who was dismissed",
                         Reply{static_cast<int>(answer.result), {}});
    }
    Migrant& migrant = day->migrants[which];
    if (answer.result != kSuccess || answer.challenge.size() != aka::kRandBytes + aka::kAutnBytes) {
      co_return complain(day, kind, which, "no vector", Reply{static_cast<int>(answer.result), {}});
    }
    aka::Rand rand;
    std::array<std::byte, aka::kAutnBytes> autn;
    const Bytes challenge = as_bytes(answer.challenge);
    std::copy_n(challenge.begin(), rand.size(), rand.begin());
    std::copy_n(challenge.begin() + aka::kRandBytes, autn.size(), autn.begin());
    const auto response = aka::answer(migrant.key, rand, autn);
    if (!response || as_text(response->response.reveal().first(response->response_bytes)) != answer.expected) {
      day->violations.push_back("a vector of somebody else for " + migrant.partner_impi);
      co_return Outcome::Wrong;
    }
    if (response->sequence <= migrant.highest) {
      day->violations.push_back("a sequence number came again for " + migrant.partner_impi);
      co_return Outcome::Wrong;
    }
    migrant.highest = response->sequence;
    day->ledger.acknowledged(Kind::Vector, which, response->sequence);
    co_return Outcome::Done;
  }
  co_return Outcome::Unserved;
}

Task<void> migrate(Day* day, std::size_t which, Monotonic due) {
  day->meter.begun(Kind::Vector);
  day->migrants[which].is_busy = true;
  const Outcome outcome = co_await take_vector(day, Kind::Vector, which);
  day->meter.ended(Kind::Vector, outcome, due);
  if (outcome == Outcome::Done) {
    due = Steady::now();
    day->meter.begun(Kind::Assign);
    const std::string impi = day->migrants[which].partner_impi;
    const std::string impu = day->migrants[which].partner_impu;
    const std::uint32_t changes = day->users[which].changes;
    const CxAnswer answer = co_await day->cx.assign(impi, impu);
    const bool is_done = answer.vendor == 0 && answer.result == kSuccess;
    const bool is_changing = day->users[which].is_dismissed || day->users[which].changes != changes;
    if (is_done) {
      day->migrants[which].is_assigned = true;
      day->ledger.acknowledged(Kind::Assign, which);
    }
    day->meter.ended(Kind::Assign,
                     is_done       ? Outcome::Done
                     : is_changing ? Outcome::Refused
                                   : complain(day, Kind::Assign, which, "not registered there",
                                              Reply{static_cast<int>(answer.result), {}}),
                     due);
  }
  day->migrants[which].is_busy = false;
}

}  // namespace claviger::day
