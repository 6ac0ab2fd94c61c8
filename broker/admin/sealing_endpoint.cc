#include "broker/admin/endpoints.h"
#include "broker/snapshot_publisher.h"
#include "core/codec/json_writer.h"
#include "core/runtime/call.h"
#include "core/runtime/offload.h"
#include "storage/former_keys.h"

namespace claviger::admin {
namespace {

using runtime::Task;

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(standing, co_await call->context.sealer.standing());
  auto look = [file = call->context.snapshot->settings->key_encryption_key_file] {
    return storage::former_key_files(file);
  };
  auto former = co_await runtime::offload(&call->context.work_pool, std::move(look));
  if (!former) co_return former.error();
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("data_keys", standing.data_keys).member("data_key", call->context.sealer.data_key_id());
  json.member("seals", standing.seals).member("wrapped_by_former", standing.wrapped_by_former);
  json.member("key_encryption_key", standing.is_wrapped_outside ? "pkcs11" : "file");
  json.name("former_keys").begin_array();
  for (const std::string& file : *former) json.value(file);
  json.end_array().end_object();
  co_return Answer(std::move(text));
}

// The sealer's rotations run on one shard, one at a time.
Task<Result<Unit>> rotate_at_home(broker::Context* context, bool is_wrapping_key) {
  auto turn = co_await context->publisher.turns().take("sealing");
  if (!turn) co_return turn.error();
  Task<Result<Unit>> rotation =
      is_wrapping_key ? context->sealer.rotate_wrapping_key() : context->sealer.rotate_data_key();
  auto rotated = co_await std::move(rotation);
  co_return rotated;
}

Task<Answer> rotate_key(Call* call, bool is_wrapping_key) {
  broker::Context* home = &call->context.at(call->context.publisher.home());
  auto start = [home, is_wrapping_key] { return rotate_at_home(home, is_wrapping_key); };
  auto rotated = co_await runtime::call_on(&home->shard, std::move(start));
  if (!rotated) co_return rotated.error();
  auto answer = co_await show(call);
  co_return answer;
}

Task<Answer> rotate_data_key(Call* call) { return rotate_key(call, false); }
Task<Answer> rotate_wrapping_key(Call* call) { return rotate_key(call, true); }

}  // namespace

void add_sealing_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verb(router, services, {Method::Get, "/sealing", "sealing.show", Effect::Reads, show});
  add_verb(router, services,
           {Method::Post, "/sealing/data-key/rotate", "sealing.rotate", Effect::Changes, rotate_data_key});
  add_verb(
      router, services,
      {Method::Post, "/sealing/key-encryption-key/rotate", "sealing.rewrap", Effect::Changes, rotate_wrapping_key});
}

}  // namespace claviger::admin
