// The wall clock of a sandbox: shown, set, sped up. Every other daemon refuses to have its clock set.
#include "broker/admin/endpoints.h"
#include "broker/admin/object_reader.h"
#include "core/codec/json_writer.h"

namespace claviger::admin {
namespace {

using runtime::Task;

// 2200-01-01: dates beyond it are mistakes, and sums of them with lifetimes stay far from overflow.
constexpr std::int64_t kLatestTime = 7'258'118'400;
// A year in half a minute.
constexpr std::int64_t kSpeedMax = 1'000'000;

Answer answer_with_clock(Call& call) {
  const SandboxClock* clock = call.services.process.sandbox_clock();
  std::string text;
  codec::JsonWriter json(text);
  const Clock& wall = call.context.shard.clock();
  json.begin_object().member("time", numeric_date(wall.wall())).member("speed", clock != nullptr ? clock->speed() : 1U);
  json.member("is_set", clock != nullptr && clock->is_set()).end_object();
  return Answer(std::move(text));
}

Task<Answer> show(Call* call) { co_return answer_with_clock(*call); }

Task<Answer> set(Call* call) {
  SandboxClock* clock = call->services.process.sandbox_clock();
  if (clock == nullptr) co_return Answer(Code::ConfigSandboxOnly, "the clock is set in a sandbox only (sandbox = true)");
  codec::JsonReader reader;
  CLAVIGER_CO_TRY(object, body_object(*call, reader));
  std::optional<std::int64_t> time, advance, speed;
  ObjectReader members(object);
  members.read("time", time).read("advance", advance).read("speed", speed);
  if (auto wrong = members.wrong()) co_return Answer(Code::BadValue, *wrong);
  if (time && advance) co_return Answer(Code::BadValue, "time or advance: one or the other");
  if (!time && !advance && !speed) co_return Answer(Code::BadValue, "time, advance or speed is needed");
  if (speed && (*speed < 0 || *speed > kSpeedMax)) co_return Answer(Code::OutOfRange, "speed: 0 to 1000000");
  if (time && (*time < 0 || *time > kLatestTime)) co_return Answer(Code::OutOfRange, "time: 0 to 7258118400");
  const WallTime now = clock->wall();
  if (advance && (*advance < 0 || *advance > kLatestTime - numeric_date(now))) {
    co_return Answer(Code::OutOfRange, "advance: not backwards, and not beyond the year 2200");
  }
  const WallTime wanted = time ? from_numeric_date(*time) : now + Seconds(advance.value_or(0));
  clock->set(wanted, static_cast<std::uint32_t>(speed.value_or(clock->speed())));
  call->detail = "time=" + std::to_string(numeric_date(wanted)) + " speed=" + std::to_string(clock->speed());
  co_return answer_with_clock(*call);
}

}  // namespace

void add_clock_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verb(router, services, {Method::Get, "/clock", "clock.show", Effect::Reads, show});
  add_verb(router, services, {Method::Put, "/clock", "clock.set", Effect::Changes, set});
}

}  // namespace claviger::admin
