// Users in and out by the thousand: one NDJSON batch a request, one page a request.
#include "broker/admin/answer.h"
#include "broker/admin/endpoints.h"
#include "broker/admin/user_json.h"
#include "broker/identity/authenticators/password_length.h"
#include "broker/identity/user_import.h"
#include "broker/migration/binding_holds.h"
#include "core/runtime/offload.h"

namespace claviger::admin {
namespace {

using runtime::Task;

// One user's line (clavigerctl refuses longer ones before it sends).
constexpr std::size_t kLineBytesMax = 64 * 1024;

struct BadLine {
  std::size_t index;
  std::string code;
  std::string reason;
};

// A batch, parsed.
struct Batch {
  std::vector<identity::UserDraft> drafts;
  std::vector<std::size_t> indexes;  // of the drafts in the batch
  std::vector<BadLine> bad;
  bool is_too_long = false;
};

std::string reason_of(const Error& error) {
  std::string text(meaning_of(error.code).title);
  if (!error.where.empty()) text.append(" [").append(error.where).append("]");
  return text;
}

void read_line(codec::JsonReader& reader, std::size_t index, std::string_view line, Batch& batch) {
  const auto value = reader.parse(line);
  const auto object = value ? value->as_object() : Result<codec::JsonObject>(value.error());
  if (!object) {
    batch.bad.push_back({index, std::string(name_of(object.error().code)), reason_of(object.error())});
    return;
  }
  DraftOrWrong read = read_user_draft(*object);
  if (read.wrong) {
    batch.bad.push_back({index, std::string(name_of(Code::BadValue)), *read.wrong});
    return;
  }
  batch.drafts.push_back(std::move(read.draft));
  batch.indexes.push_back(index);
}

// On a pool thread: a thousand lines take some milliseconds.
Batch parse_batch(std::string_view text) {
  codec::JsonLimits limits;
  limits.bytes_max = kLineBytesMax;
  limits.depth_max = 2;
  codec::JsonReader reader(limits);
  Batch batch;
  for (std::size_t index = 0; !text.empty(); ++index) {
    if (index == identity::kImportMax) {
      batch.is_too_long = true;
      break;
    }
    const std::size_t end = text.find('\n');
    read_line(reader, index, text.substr(0, end), batch);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  reader.wipe();
  return batch;
}

Answer report_of(Call& call, const identity::ImportReport& report, const Batch& batch,
                 const std::vector<std::size_t>& indexes, std::uint8_t password_length) {
  std::vector<BadLine> bad = batch.bad;
  for (const identity::ImportRefusal& refusal : report.refused) {
    std::string reason = is_too_short(refusal.error) ? wanted_password(password_length) : reason_of(refusal.error);
    bad.push_back({indexes[refusal.index], std::string(name_of(refusal.error.code)), std::move(reason)});
  }
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().member("created", report.created).member("updated", report.updated);
  json.member("unchanged", report.unchanged).name("bad").begin_array();
  for (const BadLine& line : bad) {
    json.begin_object()
        .member("index", line.index)
        .member("code", line.code)
        .member("reason", line.reason)
        .end_object();
  }
  json.end_array().end_object();
  call.detail = "created=" + std::to_string(report.created) + " updated=" + std::to_string(report.updated) +
                " unchanged=" + std::to_string(report.unchanged) + " refused=" + std::to_string(bad.size());
  return Answer(std::move(text));
}

Task<Answer> import_batch(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  if (call->request.field(http::Field::ContentType) != "application/x-ndjson") {
    co_return Answer(Code::MediaType, "application/x-ndjson is expected");
  }
  // copy: the pool thread may outlive the request.
  auto work = [text = SecretBytes(call->request.body.bytes())] { return parse_batch(as_text(text.reveal())); };
  auto parsed = co_await runtime::offload(&call->context.work_pool, std::move(work));
  if (!parsed) co_return parsed.error();
  Batch batch = *std::move(parsed);
  if (batch.is_too_long) {
    co_return Answer(Code::TooMany, "more than " + std::to_string(identity::kImportMax) + " lines in one batch");
  }
  std::vector<std::size_t> indexes = std::move(batch.indexes);
  identity::ImportReport report;
  if (!batch.drafts.empty()) {
    auto done = co_await identity::import_users(call->at(), call->values[0], std::move(batch.drafts));
    if (!done) co_return done.error();
    report = *std::move(done);
    if (call->services.migration != nullptr) {
      // Their bindings in other systems. What does not go now is owed: the batch is done all the same.
      auto followed =
          co_await migration::follow_users(call->services.migration, call->values[0], std::move(report.followed));
      if (!followed) {
        call->context.shard.logger().warning("user.import.follow", {{"code", name_of(followed.error().code)}});
      }
    }
  }
  auto password_length = co_await identity::read_password_length(call->at(), call->values[0]);
  if (!password_length) co_return password_length.error();
  co_return report_of(*call, report, batch, indexes, *password_length);
}

Task<Answer> export_page(Call* call) {
  CLAVIGER_CO_TRY(known, check_tenant(*call));
  CLAVIGER_CO_TRY(paging, paging_of(*call));
  CLAVIGER_CO_TRY(wants_hashes, query_flag(*call, "password_hashes"));
  call->detail = std::string("after=") + paging.after + (wants_hashes ? " with password hashes" : "");
  auto page = co_await identity::list_users(call->at(), call->values[0], std::move(paging.after), paging.limit);
  if (!page) co_return page.error();
  std::string text;
  codec::JsonWriter json(text);
  json.begin_object().name("items").begin_array();
  for (const identity::User& user : page->users) {
    write_user(json, user, wants_hashes ? PasswordHashes::Shown : PasswordHashes::Hidden);
  }
  json.end_array();
  if (!page->next.empty()) json.member("next", page->next);
  json.end_object();
  co_return Answer(std::move(text));
}

}  // namespace

void add_transfer_verbs(http::Router& router, AdminServices& services) {
  using http::Method;
  add_verb(
      router, services,
      {Method::Post, "/tenants/{tenant}/user-import", "user.import", Effect::Changes, import_batch, kImportBytesMax});
  add_verb(router, services,
           {Method::Get, "/tenants/{tenant}/user-export", "user.export", Effect::ReadsSecrets, export_page});
}

}  // namespace claviger::admin
