#include "broker/admin/endpoints.h"
#include "broker/snapshot_publisher.h"
#include "core/codec/hex.h"
#include "core/codec/json_writer.h"
#include "core/crypto/digest.h"
#include "core/runtime/call.h"
#include "core/runtime/offload.h"
#include "storage/former_keys.h"
#include "storage/wrapping_keys.h"

namespace claviger::admin {
namespace {

using runtime::Task;

struct KeyFile {
  std::string file;
  std::string name;  // as OPENS-WITH.txt of a copy has it; empty: it cannot be read
};
KeyFile key_file(const std::string& file) {
  KeyFile key{file, {}};
  const auto keys = storage::WrappingKeys::load(file);
  if (keys && keys->size() != 0) codec::hex_encode(keys->newest(), key.name);
  return key;
}
// The present one, then the former ones.
std::vector<KeyFile> key_files(const std::string& file) {
  std::vector<KeyFile> all{key_file(file)};
  for (const std::string& former : storage::former_key_files(file)) all.push_back(key_file(former));
  return all;
}

// Of a key in the token: broker/key_encryption.h.
std::string name_of_label(std::string_view label) {
  std::string name;
  codec::hex_encode(Bytes(crypto::sha256(as_bytes(label))).first(storage::WrappingKeys::kIdBytes), name);
  return name;
}

Task<Answer> show(Call* call) {
  CLAVIGER_CO_TRY(standing, co_await call->context.sealer.standing());
  const settings::Settings& settings = *call->context.snapshot->settings;
  const auto& labels = settings.pkcs11.key_encryption_keys;
  const std::string in_token = labels.empty() ? std::string() : name_of_label(labels.back());
  auto look = [file = settings.key_encryption_key_file] { return key_files(file); };
  auto files = co_await runtime::offload(&call->context.work_pool, std::move(look));
  if (!files) co_return files.error();
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("data_keys", standing.data_keys).member("data_key", call->context.sealer.data_key_id());
  json.member("seals", standing.seals).member("wrapped_by_former", standing.wrapped_by_former);
  json.member("key_encryption_key", standing.is_wrapped_outside ? "pkcs11" : "file");
  const std::string& name = standing.is_wrapped_outside ? in_token : files->front().name;
  if (!name.empty()) json.member("key_name", name);
  json.name("former_keys").begin_array();
  for (std::size_t i = 1; i < files->size(); ++i) json.value((*files)[i].file);
  json.end_array().name("former_key_names").begin_array();
  for (std::size_t i = 1; i < files->size(); ++i) json.value((*files)[i].name);
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
