// Acts at the key management server (TS 33.180 Annex D) and the configuration management server (TS 24.484).
#include "tools/load/day/acts.h"

namespace claviger::day {
namespace {

using runtime::Task;

std::string_view element(std::string_view xml, std::string_view name) {
  const std::string open = "<" + std::string(name) + ">";
  const std::size_t at = xml.find(open);
  if (at == std::string_view::npos) return {};
  const std::size_t from = at + open.size();
  return xml.substr(from, xml.find('<', from) - from);
}

// Each key set of the answer into the books; nothing when all is well.
std::string note_keys(Day* day, std::size_t who, std::string_view xml) {
  constexpr std::string_view kEnd = "</KmsKeySet>";
  std::size_t sets = 0;
  for (std::size_t at = xml.find("<KmsKeySet"); at != std::string_view::npos; at = xml.find("<KmsKeySet", at)) {
    const std::string_view set = xml.substr(at, xml.find(kEnd, at) - at);
    at += set.size();
    const std::string name = std::string(element(set, "UserUri")) + " " + std::string(element(set, "KeyPeriodNo"));
    const std::size_t keys = set.find("<UserDecryptKey");
    if (keys == std::string_view::npos) return "no keys in a key set";
    // Bits of the mark that are not the keys': the same bytes for the same keys.
    switch (day->secrets.add_keys(mark_of(name), mark_of(set.substr(keys)))) {
      case Secrets::Verdict::Fresh:
        day->ledger.acknowledged(Kind::Keys, who, mark_of(set.substr(keys)));
        break;
      case Secrets::Verdict::Same:
        break;
      case Secrets::Verdict::Changed:
        return "other keys for " + name;
      case Secrets::Verdict::Shared:
        return "the keys of somebody else for " + name;
    }
    ++sets;
  }
  return sets == 0 ? "no key set" : "";
}

}  // namespace

Task<Outcome> take_keys(Day* day, Kind kind, std::size_t user) {
  auto request = with_token(http::Method::Post, day->plan.text("kms_url") + "/keyprov", day->users[user].access_token);
  const Reply reply = co_await ask(day, kind, std::move(request));
  if (reply.status != 200) co_return complain(day, kind, user, "no keys", reply);
  const std::string wrong = note_keys(day, user, reply.body());
  if (wrong.empty()) co_return Outcome::Done;
  day->violations.push_back(day->login_of(user) + ": " + wrong);
  co_return Outcome::Wrong;
}

Task<void> fetch_keys(Day* day, std::size_t user, Monotonic due) {
  day->meter.begun(Kind::Keys);
  day->users[user].is_busy = true;
  const Outcome outcome = co_await take_keys(day, Kind::Keys, user);
  day->meter.ended(Kind::Keys, outcome, due);
  day->users[user].is_busy = false;
}

Task<Outcome> take_profile(Day* day, Kind kind, std::size_t who) {
  auto request = with_token(http::Method::Get,
                            day->plan.text("xcap_root") + "org.3gpp.mcptt.user-profile/users/" + day->mcptt_id_of(who) +
                                "/mcptt-user-profile-0.xml",
                            day->users[who].access_token);
  const Reply reply = co_await ask(day, kind, std::move(request));
  if (reply.status != 200) co_return complain(day, kind, who, "no profile", reply);
  const std::string tag(reply.response.header("etag"));
  User& user = day->users[who];
  const bool is_his = reply.body().find(day->mcptt_id_of(who)) != std::string::npos;
  if (!is_his || (!user.profile_tag.empty() && user.profile_tag != tag)) {
    day->violations.push_back(day->login_of(who) + ": another profile than his, or than before");
    co_return Outcome::Wrong;
  }
  if (user.profile_tag.empty()) day->ledger.acknowledged(Kind::Profile, who, mark_of(tag));
  user.profile_tag = tag;
  co_return Outcome::Done;
}

Task<void> fetch_profile(Day* day, std::size_t user, Monotonic due) {
  day->meter.begun(Kind::Profile);
  day->users[user].is_busy = true;
  const Outcome outcome = co_await take_profile(day, Kind::Profile, user);
  day->meter.ended(Kind::Profile, outcome, due);
  day->users[user].is_busy = false;
}

Task<void> arrive(Day* day, std::size_t user, Monotonic due) {
  using Steady = std::chrono::steady_clock;
  day->users[user].is_busy = true;
  // Each step is due when the one before it is done.
  day->meter.begun(Kind::SignIn);
  Outcome outcome = co_await sign_in(day, Kind::SignIn, user);
  day->meter.ended(Kind::SignIn, outcome, due);
  if (outcome != Outcome::Done) co_return;  // nobody knows his state: he is left alone
  day->users[user].is_signed_in = true;
  day->signed_in.push_back(user);
  due = Steady::now();
  day->meter.begun(Kind::Keys);
  outcome = co_await take_keys(day, Kind::Keys, user);
  day->meter.ended(Kind::Keys, outcome, due);
  due = Steady::now();
  day->meter.begun(Kind::Profile);
  outcome = co_await take_profile(day, Kind::Profile, user);
  day->meter.ended(Kind::Profile, outcome, due);
  due = Steady::now();
  day->meter.begun(Kind::Register);
  outcome = co_await take_registration(day, Kind::Register, user);
  day->meter.ended(Kind::Register, outcome, due);
  due = Steady::now();
  day->meter.begun(Kind::Publish);
  outcome = co_await take_authorisation(day, Kind::Publish, user);
  day->meter.ended(Kind::Publish, outcome, due);
  day->users[user].is_busy = false;
}

}  // namespace claviger::day
